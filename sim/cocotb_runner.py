"""Tier 2: builds the generated Verilog with Verilator and runs cocotb tests on it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from cocotb_tools.runner import get_runner
from numpy.typing import NDArray

from ..boards.verilog import TOP, generate, ports
from ..golden.config import EncoderConfig
from ..golden.encoder import encode
from ..golden.errors import ToolError
from . import cocotb_bench
from .verilator import WAIVERS, environment

BENCH = cocotb_bench.__name__

_ARGUMENTS = [
    "-Wall",
    # What has no initial value begins at random, by the seed.
    *("--x-assign", "unique", "--x-initial", "unique"),
    # The runner makes every signal public, which takes ten times the C++. See `_visible`.
    "--no-public-flat-rw",
    # One C++ file: the make rules of the PyPI package cannot include precompiled headers.
    *("--output-split", "0"),
]


class SimulationError(AssertionError):
    """A cocotb test failed; the message says which and why."""


@dataclass(frozen=True, kw_only=True)
class CocotbResult:
    """What a recording gave; the capture equals the golden model's.

    Attributes
    ----------
    capture : bytes
        What the link carried.
    cycles : int
        Clock cycles from the first sample to the last.
    dropped : list of int
        Frames that an overrun kept out.
    """

    capture: bytes
    cycles: int
    dropped: list[int]


def build(config: EncoderConfig, folder: Path, *, waves: bool = False) -> Path:
    """Build the model of ``config``, as `build_model` does.

    Raises
    ------
    ConfigError
        Where the core cannot be built so.
    ToolError
        Where a tool is missing, or fails or warns; the message says what to do.
    """
    names = [port.name for port in ports(config)]
    return build_model(generate(config), TOP, names, folder, waves=waves)


def build_model(
    verilog: str, top: str, names: Sequence[str], folder: Path, *, waves: bool = False
) -> Path:
    """Build the model of a module in ``folder``, unless it is there already; return its path.

    Safe to call from several processes at once.

    Parameters
    ----------
    verilog, top : str
        The source, and the module's name.
    names : sequence of str
        The module's ports; cocotb reaches these, and the memories.
    waves : bool
        Make a model that can write waves.

    Raises
    ------
    ToolError
        Where a tool is missing, or fails or warns; the message says what to do.
    """
    visible = _visible(verilog, top, names)
    tools = [version("verilator"), version("cocotb"), sys.prefix]
    parts = [verilog, visible, WAIVERS.read_text(), *_ARGUMENTS, *tools, str(waves)]
    digest = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    model, stamp, log = folder / "model", folder / "model" / "digest", folder / "build.log"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == digest:
            return model
        sources = [WAIVERS, folder / "visible.vlt", folder / f"{top}.v"]
        sources[1].write_text(visible)
        sources[2].write_text(verilog)
        with _tools(log, "Verilator"):
            get_runner("verilator").build(
                sources=sources,
                hdl_toplevel=top,
                build_args=_ARGUMENTS,
                timescale=("1ns", "1ps"),
                build_dir=model,
                log_file=log,
                clean=True,
                waves=waves,
            )
        stamp.write_text(digest)
    return model


def run(
    config: EncoderConfig,
    model: Path,
    folder: Path,
    tests: str | Path = BENCH,
    *,
    only: Sequence[str] = (),
    seed: int = 1,
    waves: bool = False,
    **options: Any,
) -> None:
    """Run cocotb tests of the core, as `run_model` does; ``options`` are for `Bench.options`."""
    told = {"config": asdict(config), **options}
    run_model(TOP, model, folder, tests, told, only=only, seed=seed, waves=waves)


def run_model(
    top: str,
    model: Path,
    folder: Path,
    tests: str | Path,
    told: dict[str, Any],
    *,
    only: Sequence[str] = (),
    seed: int = 1,
    waves: bool = False,
) -> None:
    """Run cocotb tests.

    Parameters
    ----------
    top : str
        The module.
    model : Path
        What `build_model` returned.
    folder : Path
        Where results go: ``simulation.log``, ``results.xml``, ``dump.vcd`` with ``waves``.
    tests : str or Path
        The module of the tests, or its file.
    only : sequence of str
        Names of tests; by default all of the module.
    seed : int
        From 1, for the bench's random numbers and for initial values.
    told : dict
        For the bench, by its environment variable; what JSON can hold. It adds the folder.

    Raises
    ------
    SimulationError
        Where a test fails.
    ToolError
        Where the simulation did not come to its end.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    results, log = folder / "results.xml", folder / "simulation.log"
    results.unlink(missing_ok=True)
    told = {**told, "folder": str(folder)}
    path = [str(tests.resolve().parent)] if isinstance(tests, Path) else []
    with _tools(log, "the simulation", path):
        get_runner("verilator").test(
            test_module=tests.stem if isinstance(tests, Path) else tests,
            testcase=list(only) or None,
            hdl_toplevel=top,
            hdl_toplevel_lang="verilog",
            build_dir=model,
            test_dir=folder,
            seed=seed,
            test_args=[f"+verilator+seed+{seed}", "+verilator+rand+reset+2"],
            extra_env={cocotb_bench.VARIABLE: json.dumps(told)},
            results_xml=str(results),
            log_file=log,
            waves=waves,
        )
    if not results.exists():
        raise ToolError(f"the simulation broke off: {_complaint(log) or 'no word why'} (see {log})")
    cases = list(ElementTree.parse(results).iter("testcase"))
    if not cases:
        raise ToolError(f"no cocotb test named {' or '.join(only) or tests} (see {log})")
    failures = [
        f"{case.get('name')}: {failure.get('message')}"
        for case in cases
        for failure in (*case.iter("failure"), *case.iter("error"))
    ]
    if failures:
        raise SimulationError("; ".join(failures))


def run_cocotb(
    config: EncoderConfig,
    samples: NDArray[np.integer],
    aux: NDArray[np.integer] | None,
    folder: Path,
    *,
    model: Path | None = None,
    idle: float = 0.0,
    back_pressure: float = 0.0,
    seed: int = 1,
    waves: bool = False,
) -> CocotbResult:
    """Play a recording into the generated Verilog and check the stream against the golden model.

    Parameters
    ----------
    samples : integer (frames, channels)
    aux : integer (frames,), optional
    folder : Path
        Keeps the capture, the logs, and the model for the next run.
    model : Path, optional
        What `build` returned, where it is in another folder.
    idle, back_pressure : float
        Share of cycles, taken at random, without a sample, and with a link not ready.
    seed : int
        From 1, for what is random.
    waves : bool
        Write ``dump.vcd``.

    Raises
    ------
    ValueError
        Where the samples do not fit the configuration; the message names frame and channel.
    SimulationError
        Where the capture differs from the golden model's.
    ToolError
        Where a tool is missing or fails.
    """
    deque(encode(config, samples, aux), maxlen=0)  # refuses what does not fit, at once
    model = model or build(config, folder, waves=waves)
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "samples.npy", samples)
    np.save(folder / "aux.npy", np.zeros(len(samples), np.int64) if aux is None else aux)
    names = {"only": ["recording"], "seed": seed, "waves": waves}
    run(config, model, folder, **names, idle=idle, back_pressure=back_pressure)
    result = json.loads((folder / "result.json").read_text())
    return CocotbResult(capture=(folder / "capture.pcs").read_bytes(), **result)


def _visible(verilog: str, top: str, ports: Sequence[str]) -> str:
    """Return the control file that lets cocotb reach the ports and the memories."""
    names = [(top, name) for name in ports]
    for module, body in re.findall(r"^module \\?(\S+)(.*?)^endmodule", verilog, re.S | re.M):
        memories = re.findall(r"^  reg \[.+\] (\S+) \[.+\];", body, re.M)
        # A memory that nothing writes is a ROM, whose contents are the design's.
        written = [name for name in memories if re.search(rf"\b{name}\[.+\] <= ", body)]
        names += [(module, name) for name in written]
    lines = [f'public_flat_rw -module "{module}" -var "{name}"\n' for module, name in names]
    return "`verilator_config\n" + "".join(lines)


@contextmanager
def _tools(log: Path, what: str, path: Sequence[str] = ()) -> Iterator[None]:
    """Set up the process for cocotb's runner, and make its failures errors of one sentence."""
    before, before_path = dict(os.environ), list(sys.path)
    os.environ.update(environment())
    log.unlink(missing_ok=True)
    os.environ.pop("PYTEST_CURRENT_TEST", None)  # under pytest the runner would exit by itself
    sys.path[:0] = path  # the runner hands it on
    try:
        yield
    except (RuntimeError, ValueError, OSError, SystemExit) as error:
        raise ToolError(f"{what} failed: {_complaint(log) or error} (see {log})") from error
    finally:
        os.environ.clear()
        os.environ.update(before)
        sys.path[:] = before_path


def _complaint(log: Path) -> str:
    """The line of a log that says what went wrong; empty where none does."""
    lines = log.read_text().splitlines() if log.exists() else []
    first = [line for line in lines if line.startswith("%") or " error: " in line]
    last = [line for line in reversed(lines) if "rror" in line]
    return next(iter(first + last), "").strip()
