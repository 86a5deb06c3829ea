"""Runs a function over blocks of windows, in threads, with progress."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
Progress = Callable[[int, int], None]


def over_blocks(
    work: Callable[[int, int], T],
    windows: int,
    block: int,
    progress: Progress | None,
    workers: int,
) -> Iterator[T]:
    """Yield ``work(start, stop)`` of each block of windows, in order.

    NumPy's products release the interpreter, so threads serve. Twice as many blocks as workers are
    under way at most, so that memory stays bounded.
    """
    spans = [(start, min(start + block, windows)) for start in range(0, windows, block)]
    with ThreadPoolExecutor(workers) as pool:
        waiting = iter(spans)
        running = [pool.submit(work, *span) for span in islice(waiting, 2 * workers)]
        for _, stop in spans:
            done = running.pop(0).result()
            running += [pool.submit(work, *span) for span in islice(waiting, 1)]
            if progress:
                progress(stop, windows)
            yield done
