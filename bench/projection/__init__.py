"""What lossy coding costs a spike sorter: projections beside other families at equal bits.

`run.run` does it. Nothing is imported here: the verb's help needs no extra.
"""
