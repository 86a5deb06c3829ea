"""An activity without a simulation, in which every number is chosen."""

from dataclasses import replace

from probecodec.estimate.activity import Activity
from probecodec.estimate.switching import MemoryActivity, StageActivity

IDLE = Activity(
    clock_hz=12e6,
    cycles=1000,
    samples=500,
    bits_per_sample=5.0,
    stages={
        "gate": StageActivity(register_bits=100, net_bits=400),
        "lms": StageActivity(register_bits=300, net_bits=600),
    },
    memories=(
        MemoryActivity(stage="gate", name="a", words=100, bits=8, reads=0.0, writes=0.0),
        MemoryActivity(stage="lms", name="b", words=100, bits=24, reads=0.0, writes=0.0),
    ),
    pins={"clk": 2.0, "sample_value": 0.0, "link_data": 0.0},
    widths={"clk": 1, "sample_value": 10, "link_data": 32},
    outputs=frozenset({"link_data"}),
)


def busy(scale=1.0):
    """Return an activity all of whose rates are in proportion to ``scale``."""
    memories = tuple(
        replace(m, reads=0.5 * scale, writes=0.25 * scale) if m.name == "a"
        else replace(m, reads=1.0 * scale, writes=0.5 * scale)
        for m in IDLE.memories
    )  # fmt: skip
    rates = {"gate": (0.1, 0.05), "lms": (0.3, 0.2)}
    stages = {
        name: replace(stage, register_rate=rates[name][0] * scale, net_rate=rates[name][1] * scale)
        for name, stage in IDLE.stages.items()
    }
    pins = {"clk": 2.0, "sample_value": 4.0 * scale, "link_data": 3.0 * scale}
    return replace(IDLE, memories=memories, stages=stages, pins=pins)
