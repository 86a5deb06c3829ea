"""Fuzzes the readers of captures: whatever the damage, no wrong sample, crash or hang.

``python -m tests.host.fuzz`` is the long run (``make fuzz``); test_fuzz.py has a short one.
"""

from __future__ import annotations

import faulthandler
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random

import click

from probecodec.host.progress import progress_bar

from .fuzz_cases import Case, make_pool
from .fuzz_damage import make_case
from .fuzz_readers import run_case

_BATCH = 200  # cases
_CASE_SECONDS = 2.0  # of processor time
_STUCK_SECONDS = 300  # for a batch: threads that wait for ever use no processor time
_MEMORY = 1 << 30  # bytes that a case may take beyond what the process has
_SHOWN = 5  # failures


class TooSlow(Exception):
    """A case takes longer than it may."""


@dataclass
class Failure:
    """A case that went wrong, and how."""

    number: int
    kinds: list[str]
    error: str
    data: bytes


@dataclass
class Result:
    """What became of some cases."""

    cases: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0  # seconds
    failures: list[Failure] = field(default_factory=list)

    def add(self, other: Result) -> None:
        self.cases += other.cases
        self.kinds += other.kinds
        self.outcomes += other.outcomes
        self.slowest = max(self.slowest, other.slowest)
        self.failures += other.failures


def ready_pool(seed: int) -> list[Case]:
    """Make the pool, and read it as it was sent; Numba compiles meanwhile."""
    pool = make_pool(seed)
    for case in pool:
        case.data = bytearray(b"".join(packet for packet, _ in case.units))
        run_case(case, Random(0))
    return pool


def run_cases(pool: list[Case], seed: int, numbers: range, folder: Path | None = None) -> Result:
    """Run the cases ``numbers``; with a ``folder`` for files, some by a stored index too."""
    result = Result()

    def late(*_: object) -> None:
        raise TooSlow(f"more than {_CASE_SECONDS} s of processor time")

    before = signal.signal(signal.SIGPROF, late)
    try:
        for number in numbers:
            case = make_case(pool, seed, number)
            result.cases += 1
            result.kinds.update(set(case.kinds))
            began = time.perf_counter()
            signal.setitimer(signal.ITIMER_PROF, _CASE_SECONDS)
            try:
                outcome = run_case(case, Random(number), folder)
            except Exception as error:
                outcome = "failed"
                told = "".join(traceback.format_exception(error))
                result.failures.append(Failure(number, case.kinds, told, bytes(case.data)))
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
            result.outcomes[outcome] += 1
            result.slowest = max(result.slowest, time.perf_counter() - began)
    finally:
        signal.signal(signal.SIGPROF, before)
    return result


class _Worker:
    """What a process keeps from batch to batch."""

    seed: int
    pool: list[Case]
    folder: Path

    @classmethod
    def begin(cls, seed: int, folder: str) -> None:
        """Make the pool, and then bound the memory."""
        cls.seed, cls.pool, cls.folder = seed, ready_pool(seed), Path(folder) / str(os.getpid())
        cls.folder.mkdir()
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + _MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

    @classmethod
    def run(cls, numbers: range) -> Result:
        faulthandler.dump_traceback_later(_STUCK_SECONDS, exit=True)
        try:
            return run_cases(cls.pool, cls.seed, numbers, cls.folder)
        finally:
            faulthandler.cancel_dump_traceback_later()


def run(count: int, seed: int, jobs: int) -> Result:
    """Run cases 0 to ``count`` - 1 in ``jobs`` processes."""
    result, waiting = Result(), iter(range(0, count, _BATCH))
    running: dict[Future[Result], range] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(
            jobs, get_context("spawn"), initializer=_Worker.begin, initargs=(seed, folder)
        ) as workers,
        progress_bar("Fuzzing", "cases") as progress,
    ):
        while True:
            while len(running) < 2 * jobs and (first := next(waiting, None)) is not None:
                numbers = range(first, min(count, first + _BATCH))
                running[workers.submit(_Worker.run, numbers)] = numbers
            if not running:
                return result
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                try:
                    result.add(done.result())
                except BrokenProcessPool:
                    spans = ", ".join(f"{r.start} to {r.stop - 1}" for r in running.values())
                    raise click.ClickException(f"a process died in one of cases {spans}") from None
                del running[done]
            progress(result.cases, count)


@click.command()
@click.option("--count", default=1_000_000, show_default=True, help="Cases.")
@click.option("--seed", default=0, show_default=True, help="Of captures and damage.")
@click.option("--jobs", default=os.cpu_count(), show_default="all cores", help="Processes.")
@click.option("--only", type=int, help="Run just this case.")
@click.option(
    "--failures",
    type=click.Path(path_type=Path),
    default=Path("build/fuzz"),
    show_default=True,
    help="Folder for the bytes of cases that fail.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def main(count, seed, jobs, only, failures, as_json) -> None:
    """Damage small captures at random, read them, and compare with what was sent."""
    began = time.perf_counter()
    if only is not None:
        with tempfile.TemporaryDirectory() as folder:
            result = run_cases(ready_pool(seed), seed, range(only, only + 1), Path(folder))
    else:
        result = run(count, seed, jobs)
    seconds = time.perf_counter() - began
    for failure in result.failures:
        failures.mkdir(parents=True, exist_ok=True)
        (failures / f"{seed}-{failure.number}.pcs").write_bytes(failure.data)
    for failure in result.failures[:_SHOWN]:
        click.echo(failure.error, err=True)
        click.echo(
            f"case {failure.number} ({', '.join(failure.kinds)}), once more by: "
            f"python -m tests.host.fuzz --seed {seed} --only {failure.number}",
            err=True,
        )
    told = {
        "cases": result.cases,
        "seed": seed,
        "failures": len(result.failures),
        "seconds": round(seconds, 1),
        "cases_per_second": round(result.cases / seconds, 1),
        "slowest_case_seconds": round(result.slowest, 3),
        "outcomes": dict(result.outcomes.most_common()),
        "damage": dict(result.kinds.most_common()),
    }
    if as_json:
        click.echo(json.dumps(told, indent=2))
    else:
        for name, value in told.items():
            if isinstance(value, dict):
                value = ", ".join(f"{kind} {number}" for kind, number in value.items())
            click.echo(f"{name.replace('_', ' ')}: {value}")
    sys.exit(bool(result.failures))


if __name__ == "__main__":
    main()
