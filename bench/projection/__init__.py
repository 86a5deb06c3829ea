"""What lossy coding costs a spike sorter: projections beside other families at equal bits."""

from .options import Options
from .result import Results, Row
from .run import run

__all__ = ["Options", "Results", "Row", "run"]
