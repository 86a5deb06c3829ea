"""Reports kept by what went into them."""

from pathlib import Path

import pytest

from probecodec.estimate.cache import keep, kept
from probecodec.golden.errors import ToolError


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def test_made_once_for_the_same_parts():
    made = []

    def make(folder):
        made.append(folder)
        (folder / "report.txt").write_text(f"number {len(made)}")

    first, again, other = kept(["a", "b"], make), kept(["a", "b"], make), kept(["ab", ""], make)
    assert first == again != other and len(made) == 2
    assert (first / "report.txt").read_text() == "number 1"
    assert not made[0].exists(), "the folder in which it was made is gone"


def test_a_failure_is_not_kept_but_its_logs_are():
    def fail(folder):
        (folder / "log.txt").write_text("why")
        raise ToolError(f"it failed (see the logs in {folder})")

    with pytest.raises(ToolError) as error:
        kept(["x"], fail)
    place = Path(str(error.value).partition("logs in ")[2].rstrip(")"))
    assert (place / "log.txt").read_text() == "why"
    good = kept(["x"], lambda folder: (folder / "log.txt").write_text("good"))
    assert (good / "log.txt").read_text() == "good"


@pytest.mark.parametrize("harm", ["cut", "lost", "added"])
def test_what_is_damaged_is_made_anew(harm):
    def make(folder):
        (folder / "log").write_text("whole")
        (folder / "other").write_text("there")

    folder = kept(["damaged"], make)
    if harm == "cut":
        (folder / "log").write_text("who")
    elif harm == "lost":
        (folder / "other").unlink()
    else:
        (folder / "stray").write_text("x")
    again = kept(["damaged"], make)
    names = {path.name for path in again.iterdir() if path.name[0] != "."}
    assert again == folder and names == {"log", "other"}
    assert (again / "log").read_text() == "whole"


def test_other_errors_leave_nothing():
    def fail(folder):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        kept(["y"], fail)
    good = kept(["z"], lambda folder: None)
    assert list(good.parent.iterdir()) == [good]


def test_another_process_was_faster():
    def make(folder):
        kept(["same"], lambda other: (other / "who").write_text("the other"))
        (folder / "who").write_text("this")

    assert (kept(["same"], make) / "who").read_text() == "the other"


def test_keep_copies_each_under_its_name(tmp_path):
    folder = kept(["k"], lambda made: (made / "a.log").write_text("1"))
    keep({"board/seed-1": folder}, tmp_path / "out")
    assert (tmp_path / "out/board/seed-1/a.log").read_text() == "1"
