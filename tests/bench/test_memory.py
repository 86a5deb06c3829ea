"""Peak memory: of arrays, of commands, and where nothing is known."""

import sys

import numpy as np
import pytest

from probecodec.bench import memory
from probecodec.bench.memory import PeakMemory, run_watched


@pytest.fixture
def linux():
    with PeakMemory() as peak:
        pass
    if peak.megabytes is None:
        pytest.skip("this system does not count peak memory")


def test_what_was_freed_counts(linux):
    with PeakMemory() as peak:
        block = np.ones(10_000_000)  # 80 MB
        del block
    assert peak.megabytes == pytest.approx(80, abs=2)  # the kernel counts in batches


def test_what_was_held_before_does_not(linux):
    block = np.ones(10_000_000)
    del block
    with PeakMemory() as peak:
        np.ones(1000)
    assert peak.megabytes < 5


def test_a_command_counts(linux):
    with PeakMemory() as peak:
        done = run_watched(
            [sys.executable, "-c", "b = bytearray(50_000_000); import time; time.sleep(0.1)"]
        )
    assert done.returncode == 0 and 50 <= peak.megabytes < 80  # the interpreter is there too
    with PeakMemory() as peak:
        pass
    assert peak.megabytes < 5  # it counts once


def test_output_and_status_of_a_command():
    done = run_watched(
        [sys.executable, "-c", "import sys; print('out'); print('why', file=sys.stderr); exit(3)"]
    )
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"why\n")


def test_elsewhere_nothing_is_known(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "_PROCESS", tmp_path / "none")
    with PeakMemory() as peak:
        pass
    assert peak.megabytes is None
