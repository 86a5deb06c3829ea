"""Runs the evaluation: every family, noise, rate and recovery."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from .coding import Coded, Traces
from .families import FAMILIES
from .ground_truth import GroundTruth, make
from .metrics import score_spikes, score_traces
from .near_lossless import lossless
from .options import RECOVERIES, Options
from .recovering import Learned, detect, recover
from .result import Results, Row, Waveforms
from .sorter import Sorter

Progress = Callable[[str, int, int], None]
SHOWN_FRAMES = 48  # of the waveforms that are drawn


def run(options: Options, progress: Progress | None = None) -> Results:
    """Run the evaluation.

    Parameters
    ----------
    options : Options
    progress : callable, optional
        Gets what is under way, how many steps are done, and how many there are.

    Raises
    ------
    ValueError
        For a family or recovery that is not known, or as `ground_truth.make` does.
    """
    for kind, names, known in (
        ("family", options.families, tuple(FAMILIES)),
        ("recovery", options.recoveries, RECOVERIES),
    ):
        for name in names:
            if name not in known:
                raise ValueError(f"no {kind} is named {name!r}; there are {', '.join(known)}")
    results = Results(options=options)
    families = options.families or tuple(FAMILIES)
    levels = (0.0,) if options.source == "real" else options.noise_uv
    total = len(levels) * (1 + len(families) * len(options.ratios))
    done = 0
    for noise_uv in levels:
        truth = make(options, noise_uv)
        learned = Learned(truth)
        jobs = [("lossless", 0.0)]
        jobs += [(family, ratio) for ratio in options.ratios for family in families]
        shown: dict[float, dict[str, NDArray[np.float32]]] = {}
        for family, ratio in jobs:
            if progress is not None:
                at = f" at {ratio:g}:1" if ratio else ""
                progress(f"{family}{at}, {truth.noise_uv:.0f} uV", done, total)
            for row, traces in _rows(results, learned, family, ratio):
                results.rows.append(row)
                if traces is not None:
                    name = family if row.recovery == "sorter" else f"{family}, {row.recovery}"
                    shown.setdefault(ratio, {})[name] = _means(truth, traces)
            done += 1
        true = shown.pop(0.0)["lossless"]
        results.waveforms += [
            Waveforms(noise_uv=truth.noise_uv, target=ratio, true=true, recovered=means)
            for ratio, means in shown.items()
        ]
    if progress is not None:
        progress("done", total, total)
    return results


def _rows(
    results: Results, learned: Learned, family: str, ratio: float
) -> Iterator[tuple[Row, NDArray[np.float32] | None]]:
    """Code once; yield a row, and the judged traces, for each recovery."""
    truth, recoveries = learned.truth, results.options.recoveries
    if family == "lossless":
        coded, link, projects = lossless(truth), True, False
    else:
        one = FAMILIES[family]
        made = one.code(truth, truth.sample_bits / ratio)
        if made is None:
            results.left_out.append(f"{family} at {ratio:g}:1, {truth.noise_uv:.0f} uV")
            return
        coded, link, projects = made, one.link, one.projects
    if "detector" in recoveries and (projects or family == "lossless"):
        found = detect(learned, coded.measured)
        yield _row(truth, coded, family, ratio, link, "detector", found, None), None
    if not projects:
        ways = {"sorter": coded.traces}
    else:
        ways = dict.fromkeys(name for name in recoveries if name != "detector")
    for name, traces in ways.items():
        if traces is None:
            traces = recover(name, learned, coded.measured)
        sorter = Sorter(traces.train, *truth.spikes(train=True), truth.rate_hz)
        found = sorter.sort(traces.test)
        yield _row(truth, coded, family, ratio, link, name, found, traces), traces.test


def _row(
    truth: GroundTruth,
    coded: Coded,
    family: str,
    ratio: float,
    link: bool,
    recovery: str,
    found: tuple[NDArray[np.int64], NDArray[np.int64]],
    traces: Traces | None,
) -> Row:
    true = truth.spikes(train=False)
    fidelity = None
    if traces is not None:
        original = truth.values[truth.stretch(train=False)]
        channels = truth.unit_channels[true[1]]
        fidelity = score_traces(original, traces.test, true[0], channels, truth.rate_hz)
    return Row(
        family=family,
        recovery=recovery,
        noise_uv=round(truth.noise_uv, 2),
        target=ratio,
        bits=coded.bits,
        ratio_adc=truth.sample_bits / coded.bits,
        ratio_int16=16 / coded.bits,
        link=link,
        setting=coded.setting,
        spikes=score_spikes(true, found, truth.unit_channels, truth.rate_hz),
        traces=fidelity,
    )


def _means(truth: GroundTruth, traces: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean spikes of the first four units that fire, in uV."""
    frames, units = truth.spikes(train=False)
    span = np.arange(SHOWN_FRAMES) - SHOWN_FRAMES // 3
    means = []
    for unit in np.unique(units)[:4]:
        rows = frames[units == unit][:, np.newaxis] + span
        rows = rows[((rows >= 0) & (rows < len(traces))).all(axis=1)]
        means.append(traces[rows, truth.unit_channels[unit]].mean(axis=0) * truth.lsb_uv)
    return np.array(means, np.float32)
