"""Runs the evaluation: every family, noise, rate and recovery."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...host.recording import Recording
from .coding import Bits, Coded, Traces, timed
from .families import FAMILIES
from .ground_truth import GroundTruth, make
from .metrics import score_spikes, score_traces
from .near_lossless import lossless
from .options import RECOVERIES, Options
from .recovering import Learned, Spikes, detector, recoverer
from .result import Results, Row, Waveforms
from .sorter import Sorter

Progress = Callable[[str, int, int], None]
SHOWN_FRAMES = 48  # of the waveforms that are drawn


def run(
    options: Options, progress: Progress | None = None, recording: Recording | None = None
) -> Results:
    """Run the evaluation, in one thread.

    Parameters
    ----------
    options : Options
    progress : callable, optional
        Gets what is under way, how many steps are done, and how many there are.
    recording : Recording, optional
        Of source "real", in place of the options' path.

    Raises
    ------
    ValueError
        For a family or recovery that is not known, or as `ground_truth.make` does.
    """
    import scipy.linalg  # noqa: F401  # what limits threads finds only what is there
    from threadpoolctl import threadpool_limits

    for kind, names, known in (
        ("family", options.families, tuple(FAMILIES)),
        ("recovery", options.recoveries, RECOVERIES),
    ):
        for name in names:
            if name not in known:
                raise ValueError(f"no {kind} is named {name!r}; there are {', '.join(known)}")
    results = Results(options=options)
    families = list(options.families or FAMILIES)
    for name in [*families]:
        if reason := FAMILIES[name].missing():
            results.missing.append(f"{name}: {reason}")
            families.remove(name)
    levels = (0.0,) if options.source == "real" else options.noise_uv
    total = len(levels) * (1 + len(families) * len(options.ratios))
    done = 0
    with threadpool_limits(1):  # speeds are those of one thread; small products are faster, too
        for noise_uv in levels:
            truth = make(options, noise_uv, recording)
            results.spun_seconds = truth.spun_seconds
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
        coded, kind, projects = lossless(truth), Bits.LINK, False
    else:
        one = FAMILIES[family]
        try:
            made = one.code(truth, truth.sample_bits / ratio)
        except Exception as error:
            if not one.needs:
                raise
            results.missing.append(f"{family} at {ratio:g}:1 failed: {error}")
            return
        if made is None:
            results.left_out.append(f"{family} at {ratio:g}:1, {truth.noise_uv:.0f} uV")
            return
        coded, kind, projects = made, one.kind, one.projects
    row = partial(_row, truth, coded, family=family, target=ratio, kind=kind)
    if "detector" in recoveries and (projects or family == "lossless"):
        found, seconds = timed(detector(learned, coded.measured))
        yield row(found, None, seconds, recovery="detector"), None
    if not projects:
        yield (
            row(_sorted(truth, coded.traces), coded.traces, 0.0, recovery="sorter"),
            coded.traces.test,
        )
        return
    for name in recoveries:
        if name != "detector":
            recover = recoverer(name, learned, coded.measured)
            test, seconds = timed(partial(recover, coded.measured.test))
            traces = Traces(recover(coded.measured.train), test)
            yield row(_sorted(truth, traces), traces, seconds, recovery=name), test


def _sorted(truth: GroundTruth, traces: Traces) -> Spikes:
    """Sort the judged traces, by what is learned from the others."""
    return Sorter(traces.train, *truth.spikes(train=True), truth.rate_hz).sort(traces.test)


def _row(
    truth: GroundTruth,
    coded: Coded,
    found: Spikes,
    traces: Traces | None,
    recovery_s: float,
    **named: Any,
) -> Row:
    true = truth.spikes(train=False)
    judged = truth.values[truth.stretch(train=False)]
    fidelity = None
    if traces is not None:
        channels = truth.unit_channels[true[1]]
        fidelity = score_traces(judged, traces.test, true[0], channels, truth.rate_hz)
    megabytes = 2e-6 * judged.size
    return Row(
        noise_uv=round(truth.noise_uv, 2),
        bits=coded.bits,
        ratio_adc=truth.sample_bits / coded.bits,
        ratio_int16=16 / coded.bits,
        encode_mb_s=megabytes / coded.encode_s,
        decode_mb_s=megabytes / (coded.decode_s + recovery_s),
        setting=coded.setting,
        spikes=score_spikes(true, found, truth.unit_channels, truth.rate_hz),
        traces=fidelity,
        **named,
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
