"""The README's commands run as they stand, one after the other, on the demo's recording."""

import re
import shlex
from pathlib import Path

import pytest

from .program import run

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", README, re.M | re.S)
    for line in block.splitlines()
    if line.startswith("probecodec ")
]
LESS = {"bench": ("--methods", "raw,bzip2-9,adaptive")}  # all of them take minutes
LEFT = {  # what each leaves behind, by verb and by what tells two of a verb apart
    "export spikeglx": ["rec_g0_t0.imec0.ap.bin", "rec_g0_t0.imec0.ap.meta"],
    "verilog": ["verilog/probecodec_encoder.v", "verilog/probecodec_tb.v"],
    "build": ["build/ice/probecodec.bin"],
    "sim --waves": ["waves.vcd"],
    "encode": ["rec.pcs"],
    "decode": ["back.bin"],
    "export .nwb": ["rec.nwb"],
    "estimate": ["estimate.html"],
    "bench": ["book.html"],
}


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
def test_commands(tmp_path, monkeypatch):
    pytest.importorskip("pynwb")
    monkeypatch.chdir(tmp_path)
    run("demo", "--out", "build/demo", "--frames", 600)  # as `make demo`, but shorter
    left = dict(LEFT)
    for command in COMMANDS:
        _, verb, *words = shlex.split(command, comments=True)
        run(verb, *words, *LESS.get(verb, ()))
        for key in list(left):
            name, *telling = key.split()
            if name == verb and all(any(t in word for word in words) for t in telling):
                for path in left.pop(key):
                    assert Path(path).stat().st_size > 0, path
    assert not left
    recorded = Path("rec_g0_t0.imec0.ap.bin").read_bytes()
    assert Path("back.bin").read_bytes() == recorded


def test_make_demo_is_what_the_test_runs():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "probecodec demo --force --out build/demo" in makefile
    assert "make demo" in README and "make test" in README


def test_every_document_and_extra_named_is_there():
    for target in re.findall(r"\]\(([^)#]+)", README):
        assert "://" in target or (ROOT / target).exists(), target
    told = re.search(
        r"(?s)optional-dependencies\]\n(.*?)\n\[", (ROOT / "pyproject.toml").read_text()
    )
    extras = set(re.findall(r"(?m)^(\w+) = \[", told[1]))
    named = {name for names in re.findall(r"\.\[([\w,]+)\]", README) for name in names.split(",")}
    assert named <= extras
