"""What a bench says in sentences, computed from its results."""

from __future__ import annotations

from .bench import Bench
from .result import Result

FEW_FRAMES = 1000  # below, what is learned at the beginning weighs too much


def remarks(bench: Bench) -> list[str]:
    """Return sentences: who is smallest, who is faster, where we lose; and what to mind."""
    told = []
    mine, other = bench.best(ours=True), bench.best(ours=False)
    gain = bench.gain_percent
    if mine is not None and other is not None and gain is not None:
        verdict = f"{gain:.1f} % smaller" if gain >= 0 else f"{-gain:.1f} % LARGER"
        told.append(
            f"{mine.method} ({_bits(mine)}) is {verdict} than the best of all others, "
            f"{other.method} ({_bits(other)}); it encodes {_times(mine, other, 'encode')} and "
            f"decodes {_times(mine, other, 'decode')} as fast."
        )
        told += _losses(bench)
    elif bench.results and mine is None:
        told.append("None of our modes ran: nothing is compared with others.")
    frames = len(bench.recording.samples)
    if frames < FEW_FRAMES:
        told.append(
            f"Only {frames} frames: headers, and what each method learns at the beginning, weigh "
            "too much; take no figure from here."
        )
    return told + bench.notes


def _losses(bench: Bench) -> list[str]:
    """Name each of our modes that is no better than some other method in size."""
    others = [r for r in bench.results if not r.ours and r.passed]
    told = []
    for mine in (r for r in bench.results if r.ours and r.passed):
        smaller = [r.method for r in others if (r.size or 0) < (mine.size or 0)]
        if smaller:
            told.append(f"{mine.method} ({_bits(mine)}) loses to {', '.join(smaller)}.")
    return told


def _bits(result: Result) -> str:
    return f"{result.bits_per_sample:.2f} b/S"


def _times(mine: Result, other: Result, what: str) -> str:
    ratio = getattr(mine, f"{what}_mb_s") / getattr(other, f"{what}_mb_s")
    return f"{ratio:.1f} times"
