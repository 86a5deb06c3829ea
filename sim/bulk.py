"""Tier 3: whole recordings through the Verilated core, file to file, in C++."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from ..boards.verilog import TOP, generate
from ..golden import order
from ..golden.config import EncoderConfig
from ..golden.errors import ToolError
from ..golden.registers import ADDRESS_BITS, load, register_map
from .verilator import WAIVERS, verilate

_BENCH = Path(__file__).with_name("bulk.cpp")
_WRAPPER = Path(__file__).with_name("bulk.v")
_TOP = "bulk"
_WAVES = {"": 0, ".vcd": 1, ".fst": 2, ".saif": 3}
_FST_HEADERS = {"/usr/include/lz4.h": "liblz4-dev", "/usr/include/zlib.h": "zlib1g-dev"}
_CHUNK_FRAMES = 1024


@dataclass(frozen=True, kw_only=True)
class BulkResult:
    """What one run of the bench reports.

    Attributes
    ----------
    frames : int
        Frames fed.
    cycles : int
        Clock cycles while they were fed.
    seconds : float
        Wall time of the simulation, builds not included.
    """

    frames: int
    cycles: int
    seconds: float


def build(config: EncoderConfig, wave_suffix: str = "", verilog: str | None = None) -> Path:
    """Return the bench's program for ``config``, built once and kept in the user's cache.

    Parameters
    ----------
    wave_suffix : str
        ``".vcd"`` or ``".fst"`` for a build that writes waves, ``".saif"`` for one that counts how
        often each signal changes.
    verilog : str, optional
        A core with the same ports, such as a netlist; generated where it is not given.

    Raises
    ------
    ToolError
        Where a tool is missing or fails; the message says what to install.
    """
    if wave_suffix not in _WAVES:
        raise ToolError(f"waves are written as .vcd, .fst or .saif, not {wave_suffix!r}")
    for header, package in _FST_HEADERS.items():
        if wave_suffix == ".fst" and not Path(header).exists():
            raise ToolError(f"FST waves need {package}; install it, or write .vcd instead")
    verilog = verilog or generate(config)
    flags = [f"-D{name}={value}" for name, value in _macros(config, wave_suffix).items()]
    arguments = ["--cc", "--exe", "--build", "-j", "2", "-Wall", "-O3", "--noassert"]
    arguments += ["--x-assign", "fast", "--x-initial", "fast", "--top-module", _TOP, "--Mdir", "."]
    # One C++ file: the make rules of the PyPI package cannot include precompiled headers.
    arguments += ["--output-split", "0"]
    arguments += [f"-GSAMPLE_BITS={config.sample_bits}", f"-GADDRESS_BITS={ADDRESS_BITS}"]
    arguments += [f"-DAUX_BITS={config.aux_bits}"] if config.aux_bits else []
    arguments += [f"--trace-{wave_suffix[1:]}"] if wave_suffix else []
    arguments += ["-CFLAGS", " ".join(["-std=c++17", "-O2", *flags])]
    texts = {path.name: path.read_text() for path in (WAIVERS, _WRAPPER, _BENCH)}
    texts[f"{TOP}.v"] = verilog
    parts = [*texts.values(), *arguments, version("verilator")]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()[:20]
    program = user_cache_path("probecodec") / "sim" / digest / f"V{_TOP}"
    if not program.exists():
        program.parent.mkdir(parents=True, exist_ok=True)
        # Not in the cache: make cannot build where a folder's name has a space.
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            for file, text in texts.items():
                (folder / file).write_text(text)
            verilate([*arguments, *texts], folder)
            part = program.with_name(f"{program.name}.{os.getpid()}")
            shutil.copy2(folder / program.name, part)
            os.replace(part, program)  # whole or not at all
    return program


def _macros(config: EncoderConfig, wave_suffix: str) -> dict[str, int]:
    registers = register_map(config)
    return {
        "CHANNELS": config.channels,
        "SAMPLE_BITS": config.sample_bits,
        "AUX_BITS": config.aux_bits,
        "CONTROL_ADDRESS": registers["control"].address,
        "STATUS_ADDRESS": registers["status"].address,
        "STATUS_IDLE": 1 << registers["status"].fields["idle"].low,
        "DROPPED_ADDRESS": registers["dropped"].address,
        "LATENCY": 64,  # more than any stage: status is idle only after the pipeline has run empty
        "WAVE_FORMAT": _WAVES[wave_suffix],
    }


def run(
    config: EncoderConfig,
    samples: NDArray[np.int16],
    aux: NDArray[np.uint16] | None,
    capture: Path,
    *,
    ready_percent: int = 100,
    idle_percent: int = 0,
    spacing: float = 1,
    waves: Path | None = None,
    verilog: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> BulkResult:
    """Run the RTL on a recording and write what the link carries to ``capture``.

    Parameters
    ----------
    samples : int16 (frames, channels)
        In channel order; the source sends them in ``config.order``.
    aux : uint16 (frames,), optional
    ready_percent : int
        Share of cycles in which the link takes a word; below what the data need, frames drop.
    idle_percent : int
        Share of cycles in which the source has no sample, at random.
    spacing : float
        Clock cycles from sample to sample, evenly spaced; 1 or more.
    waves : Path, optional
        Wave file, ``.vcd`` or ``.fst``; ``.saif`` for counts of changes.
    verilog : str, optional
        As in `build`.
    progress : callable, optional
        Called with the number of frames fed since the last call.
    """
    program = build(config, waves.suffix if waves else "", verilog)
    channels = order.channels(config)
    writes = load(config.projection) if config.projection else []
    told = ",".join(f"{address}:{word}" for address, word in writes)
    arguments = [capture, ready_percent, idle_percent, spacing, waves or "", told]
    process = subprocess.Popen(
        [program, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    try:
        for start in range(0, len(samples), _CHUNK_FRAMES):
            chunk = samples[start : start + _CHUNK_FRAMES, channels].astype("<i2")
            if config.aux_bits:
                words = np.zeros(len(chunk), "<i2") if aux is None else aux[start:][: len(chunk)]
                chunk = np.column_stack([chunk, words.astype("<u2").view("<i2")])
            process.stdin.write(chunk.tobytes())
            if progress:
                progress(len(chunk))
        output, errors = process.communicate()
    except BrokenPipeError:
        output, errors = process.communicate()
    except BaseException:
        process.kill()
        process.wait()
        raise
    if process.returncode:
        raise ToolError(f"the simulation failed: {errors.decode().strip() or process.returncode}")
    report = json.loads(output)
    return BulkResult(frames=report["frames"], cycles=report["cycles"], seconds=report["seconds"])
