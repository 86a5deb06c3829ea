"""What all pictures share: PNG or SVG, the same bytes each time, and no display."""

from __future__ import annotations

import io
import warnings
from typing import Any

OURS, OTHERS = "C3", "0.6"  # colours: this project, and everything else
ROW = 0.3  # inches for each line of a bar picture


def pyplot() -> Any:
    """Return matplotlib's pyplot, without a display."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    return plt


def canvas(rows: int, columns: int, width: float, height: float, **more: Any) -> tuple[Any, Any]:
    """Return a figure of so many inches, and its axes without upper and right spines.

    ``more`` goes to `matplotlib.pyplot.subplots`.
    """
    figure, axes = pyplot().subplots(
        rows, columns, figsize=(width, height), squeeze=False, layout="constrained", **more
    )
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save(figure: Any, kind: str, title: str = "") -> bytes:
    """Return the picture as ``png`` or ``svg``, without dates or random names, and close it."""
    plt = pyplot()
    if title:
        figure.suptitle(title, fontsize=10, parse_math=False)
    data = io.BytesIO()
    blank = {"Software": None} if kind == "png" else {"Date": None, "Creator": None}
    with plt.rc_context({"svg.hashsalt": "probecodec"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a name in letters that the font lacks
        figure.savefig(data, format=kind, dpi=120, metadata=blank)
    plt.close(figure)
    return data.getvalue()


def empty(message: str, kind: str = "png") -> bytes:
    """A picture that only says why it is empty."""
    figure, axes = canvas(1, 1, 6, 1)
    axes[0, 0].set_axis_off()
    axes[0, 0].text(0.5, 0.5, message, ha="center", va="center", parse_math=False)
    return save(figure, kind)
