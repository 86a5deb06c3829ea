"""The check of a board in docs/boards.md."""

import re
from pathlib import Path

import numpy as np

from probecodec.boards.design import make
from probecodec.boards.targets import board
from probecodec.golden import emulator
from probecodec.golden.encoder import encode

DOCUMENT = Path(__file__).parents[2] / "docs" / "boards.md"


def test_check_of_a_board(tmp_path, monkeypatch, capsys):
    """It finds nothing in what the emulator plays, from any packet on; and one wrong sample."""
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.S)
    config = make(board("icebreaker"), channels=12, packet_frames=100, restart_interval=2).config
    samples = emulator.recording(config, length=2048, seed=1, frames=4000)
    dropped = np.zeros(4000, bool)
    dropped[1000:1100] = True
    packets = list(encode(config, samples, None, dropped))
    Path("run.pcs").write_bytes(b"".join(packets[5:]))  # listening began late
    exec(code, {})
    frames, wrong = re.fullmatch(
        r"(\d+) frames, (\d+) samples wrong\n", capsys.readouterr().out
    ).groups()
    assert int(frames) > 3000 and wrong == "0"

    samples[3333, 7] += 1
    Path("run.pcs").write_bytes(b"".join(encode(config, samples)))
    exec(code, {})
    assert capsys.readouterr().out == "4000 frames, 1 samples wrong\n"
