"""Exports SpikeGLX: an int16 ``.bin`` whose last column is the sync word, and its ``.meta``."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...golden.format import ORDER_STEPS
from ..recording import check_output, replacing
from .content import ExportError, Progress, chunks, gap_list, known, probe_of
from .probes import imro, resolve

if TYPE_CHECKING:
    from ..capture import Capture

_SPIKEGLX_NAME = re.compile(r"\S+\.imec\d*\.(ap|lf)")


def export_spikeglx(
    cap: Capture,
    out: Path,
    *,
    force: bool = False,
    progress: Progress = None,
    rate_hz: float | None = None,
    gain_uv: float | None = None,
    probe: str | None = None,
) -> list[str]:
    """Write ``out`` (.bin) and the ``.meta`` beside it.

    The sync column is there whether or not there are auxiliary words: readers take the last column
    for it. Gaps are filled, and told by ``probecodecGaps`` (start:stop:cause, in frames as
    ``firstSample`` counts them). A capture does not tell which sites of the probe were selected:
    the table of sites names the lowest. ``out`` is the LF band where its name ends in ``.lf.bin``.

    Parameters
    ----------
    rate_hz, gain_uv : float, optional
        Hertz and microvolts a step, before those of the capture.
    probe : str, optional
        Part number, before that of the capture. Readers want one of those they know; where it is
        unknown, one that can have as many channels stands in, and ``probecodecProbe`` keeps the
        name captured.

    Raises as `export`.
    """
    meta = out.with_suffix(".meta")
    check_output(out, (".bin",), force=force)
    check_output(meta, (".meta",), force=force)
    rate, gain = known(cap, rate_hz, gain_uv)
    name = probe_of(cap) if probe is None else probe
    if not name.isprintable() or "=" in name:
        raise ExportError(
            f"the probe's name {name!r} cannot stand in a .meta: give probe (--probe)"
        )
    keys = _keys(cap, out, rate, gain, name)
    sha1, size = hashlib.sha1(usedforsecurity=False), 0
    # In this order the .bin takes its place first: a .meta never tells of one that is not there.
    with replacing(meta) as meta_file, replacing(out) as file:
        for chunk in chunks(cap, progress):
            sync = np.asarray(chunk.aux, np.uint16).view(np.int16)
            data = np.column_stack([chunk.samples, sync]).astype("<i2", copy=False).tobytes()
            file.write(data)
            sha1.update(data)
            size += len(data)
        keys |= {
            "fileSHA1": sha1.hexdigest().upper(),
            "fileSizeBytes": size,
            "fileTimeSecs": _number(len(cap) / rate),
        }
        if gaps := gap_list(cap):  # some show only when the samples are decoded
            keys["probecodecGaps"] = ",".join(f"{a}:{b}:{cause}" for a, b, cause in gaps)
        plain = sorted(key for key in keys if not key.startswith("~"))
        tables = [key for key in keys if key.startswith("~")]  # stand last, as SpikeGLX has them
        meta_file.write("".join(f"{key}={keys[key]}\n" for key in plain + tables).encode())
    part = keys["imDatPrb_pn"]
    if part == name:
        return [
            f"a capture does not tell which sites of its {part} were recorded: the .meta has the "
            "lowest; where they were others, take ~imroTbl from the .meta of the session"
        ]
    return [
        f"the probe {name!r} is none that SpikeGLX readers know: the .meta names "
        f"{keys['imDatPrb_pn']} instead, so its sites are not those recorded; "
        "give probe (--probe)"
    ]


def _keys(cap: Capture, out: Path, rate: float, gain: float, name: str) -> dict[str, Any]:
    """The ``.meta``, less what is known only when the ``.bin`` is complete."""
    channels = cap.shape[1]
    part, family = resolve(name, channels, cap.config.sample_bits)
    steps = 1 << (cap.config.sample_bits - 1)
    nominal = family.gain(gain)
    # Some readers divide by the 512 steps of a 1.0 probe whatever imMaxInt tells, and take the
    # gain from the table of sites; others take imMaxInt and imChan0apGain. Either gives ``gain``.
    applied = nominal * 512 / steps if family.steps_512 else nominal
    volts = gain * 1e-6 * steps * applied
    run, band = _names(out)
    counts = f"{channels},0,1" if band == "ap" else f"0,{channels},1"
    keys: dict[str, Any] = {
        "acqApLfSy": counts,
        "fileName": f"{run}.bin",
        "firstSample": cap.first_frame,
        "imAiRangeMax": _number(volts),
        "imAiRangeMin": _number(-volts),
        f"imChan0{band}Gain": _number(applied),
        "imDatPrb_pn": part,
        "imDatPrb_type": family.imro_type,
        "imMaxInt": steps,
        "imSampRate": _number(rate),
        "nSavedChans": channels + 1,
        "snsApLfSy": counts,
        "snsSaveChanSubset": f"0:{channels - 1},{channels}",
        "typeThis": "imec",
        "imChan0apGain": _number(applied),  # of an LF band too: readers of 2.0 probes look here
    }
    if part != name:
        keys["probecodecProbe"] = name
    keys["~imroTbl"] = imro(family, channels, nominal)
    adc_channels = ORDER_STEPS[cap.config.order]
    if adc_channels > 1:
        keys["~muxTbl"] = _mux(channels, adc_channels)
    names = "".join(f"({band.upper()}{n};{n}:{n})" for n in range(channels))
    shape = f"({channels},0,1)" if band == "ap" else f"(0,{channels},1)"
    keys["~snsChanMap"] = f"{shape}{names}(SY0;{channels}:{channels})"
    return keys


def _names(out: Path) -> tuple[str, str]:
    """The name that readers parse, without its suffix, and the band.

    Neo wants it as SpikeGLX makes names; one that is not made so gets what is missing.
    """
    run = re.sub(r"[\s=]", "_", out.stem)  # neither may stand in the value
    if match := _SPIKEGLX_NAME.fullmatch(run):
        return run, match[1]
    return f"{run}_g0_t0.imec0.ap", "ap"


def _mux(channels: int, adc_channels: int) -> str:
    """Which channels are digitised together, where each converter serves ``adc_channels``."""
    step = 2 * adc_channels  # neighbouring converters take the even and the odd channels
    rows = (
        " ".join(f"{n + 2 * slot} {n + 2 * slot + 1}" for n in range(0, channels, step))
        for slot in range(adc_channels)
    )
    return f"({channels // adc_channels},{adc_channels})" + "".join(f"({row})" for row in rows)


def _number(value: float) -> str:
    """``value`` with all its digits; whole numbers without a point, as SpikeGLX writes them."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))
