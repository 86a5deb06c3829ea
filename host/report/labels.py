"""Names beside the markers of a picture, none over another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

# Where a label may stand, in points from its marker; the first that is free is taken.
_PLACES = [(x, y) for y in (0, 9, -9, 18, -18, 27, -27, 36, -36) for x in (8, -8)]


def write_names(
    figure: Any,
    axis: Any,
    marks: Sequence[tuple[float, float, str, str]],
    others: Sequence[tuple[float, float]] = (),
) -> None:
    """Write each name by its marker, where no other name or marker is.

    Parameters
    ----------
    marks : sequence of (x, y, name, colour)
        In the axis' own units.
    others : sequence of (x, y)
        Markers without a name.
    """
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    spots = [axis.transData.transform(at) for at in [*(mark[:2] for mark in marks), *others]]
    frame = axis.get_window_extent(renderer)
    taken: list[Any] = []
    for x, y, name, colour in sorted(marks, key=lambda mark: -mark[1]):
        best = None
        for dx, dy in _PLACES:
            side = "left" if dx > 0 else "right"
            written = axis.annotate(
                name, (x, y), (dx, dy), textcoords="offset points", ha=side, va="center",
                fontsize=8, parse_math=False, zorder=5, color=colour,
            )  # fmt: skip
            box = written.get_window_extent(renderer).padded(1)
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1
            free = not any(box.overlaps(other) for other in taken)
            bare = not any(box.contains(*spot) for spot in spots)
            if inside and free and bare:
                best = box
                break
            written.remove()
        if best is None:
            best = axis.annotate(
                name, (x, y), (8, 0), textcoords="offset points", fontsize=6, parse_math=False
            ).get_window_extent(renderer)
        taken.append(best)
