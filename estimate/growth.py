"""What a core costs against its channels: ``python -m probecodec.estimate.growth FILE.png``.

Counts are of synthesis for ECP5, memories included; logic hardly depends on the family.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..boards.targets import board
from ..boards.verilog import generate, ports
from ..golden.config import EncoderConfig
from ..host.hardware import extra, stages
from ..host.options import force_option
from ..host.recording import check_output, replacing
from . import fpga_flow
from .families import count

CHANNELS = (32, 64, 128, 256, 384, 512, 1024, 2048, 4096)
PRESETS = ("tiny", "adaptive")
SAMPLE_BITS = 12
_BOARD = "orangecrab"


def counts(config: EncoderConfig) -> dict[str, float]:
    """Return the LUTs, flip-flops, block RAMs and memory bits of a core.

    Raises
    ------
    ToolError
        Where Yosys is missing or fails.
    """
    verilog = generate(config)
    made = fpga_flow.synthesize(board(_BOARD), verilog, ports(config))
    return count(made.family, made.cells("core")) | {"memory_bits": _memory_bits(verilog)}


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
    with extra("estimate"), stages() as progress:
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
