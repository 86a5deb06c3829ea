"""Control and status registers: one definition for RTL, documents and test benches.

The bus is native and small: ``reg_address``, ``reg_write``, ``reg_wdata``; ``reg_rdata`` shows the
addressed register one cycle later. Every register is one 32-bit word.
"""

from __future__ import annotations

from dataclasses import dataclass

from .config import EncoderConfig
from .format import VERSION, Family
from .projection_config import ProjectionConfig

ADDRESS_BITS = 4


@dataclass(frozen=True, kw_only=True)
class Field:
    """Bits of a register; ``reset`` is meant for writable ones."""

    low: int
    bits: int
    doc: str
    reset: int = 0


@dataclass(frozen=True, kw_only=True)
class Register:
    """One word; ``access`` is ``ro`` (read), ``wo`` (write), ``rw``, or ``rc`` (read; a written 1
    clears)."""

    address: int
    access: str
    doc: str
    fields: dict[str, Field]


def register_map(config: EncoderConfig) -> dict[str, Register]:
    """Return the registers of a core built to ``config``, by name."""
    modes = sum(1 << mode for mode in config.modes)
    names = ", ".join(f"{mode.value} {mode.name.lower()}" for mode in config.modes)
    registers = {
        "id": Register(
            address=0,
            access="ro",
            doc="What this core is.",
            fields={
                "modes": Field(low=0, bits=16, doc="Modes built, bit n for mode n.", reset=modes),
                "version": Field(low=16, bits=8, doc="Stream format version.", reset=VERSION),
                "magic": Field(low=24, bits=8, doc="0x9C.", reset=0x9C),
            },
        ),
        "control": Register(
            address=1,
            access="rw",
            doc="Takes effect between frames.",
            fields={
                "enable": Field(
                    low=0,
                    bits=1,
                    reset=1,
                    doc="Take samples. Clearing it ends the packet after the frame in progress; "
                    "frames that pass meanwhile count as dropped, and the next packet restarts.",
                )
            },
        ),
        "mode": Register(
            address=2,
            access="rw",
            doc="Takes effect at the next packet, which restarts if the mode changed.",
            fields={
                "mode": Field(
                    low=0,
                    bits=4,
                    reset=config.modes[0],
                    doc=f"Mode of the stream format: {names}; any other is ignored.",
                )
            },
        ),
        "restart_interval": Register(
            address=3,
            access="rw",
            doc="Takes effect at the next packet.",
            fields={
                "packets": Field(
                    low=0,
                    bits=16,
                    reset=config.restart_interval,
                    doc="Packets from one restart to the next; 0 acts as 1.",
                )
            },
        ),
        "stream_id": Register(
            address=4,
            access="rw",
            doc="Takes effect at the next packet.",
            fields={
                "stream_id": Field(
                    low=0, bits=8, reset=config.stream_id, doc="Stream id in the packet headers."
                )
            },
        ),
        "status": Register(
            address=5,
            access="rc",
            doc="The first two stay set until a 1 is written to them.",
            fields={
                "overrun": Field(low=0, bits=1, doc="Frames were dropped: the link was too slow."),
                "misframe": Field(low=1, bits=1, doc="The source broke off or overran a frame."),
                "idle": Field(low=2, bits=1, doc="Nothing is under way; all packets are sent."),
            },
        ),
        "dropped": Register(
            address=6,
            access="ro",
            doc="Updated when the stream resumes after a gap.",
            fields={"frames": Field(low=0, bits=32, doc="Frames dropped since reset.")},
        ),
    }
    matrix = config.projection
    if matrix is not None and matrix.family == Family.LOADED:
        registers |= _matrix_registers(matrix)
    return registers


def _matrix_registers(matrix: ProjectionConfig) -> dict[str, Register]:
    """Those by which the coefficients of mode PROJECTION are loaded."""
    return {
        "coefficient": Register(
            address=7,
            access="wo",
            doc="A write loads one coefficient. Disable the core, wait until status.idle is 1, "
            "load all, and write the register matrix.",
            fields={
                "value": Field(low=0, bits=matrix.coefficient_bits, doc="Signed."),
                "frame": Field(
                    low=16, bits=(matrix.window - 1).bit_length(), doc="Frame of the window."
                ),
                "index": Field(
                    low=24, bits=max(1, (matrix.measurements - 1).bit_length()), doc="Measurement."
                ),
            },
        ),
        "matrix": Register(
            address=8,
            access="rw",
            doc="Takes effect at once: write it while the core is disabled and idle.",
            fields={
                "digest": Field(
                    low=0,
                    bits=32,
                    doc="CRC-32 of the coefficients, row by row as 16-bit numbers, most "
                    "significant byte first: what the packets name them by.",
                )
            },
        ),
    }


def load(matrix: ProjectionConfig) -> list[tuple[int, int]]:
    """Return the writes (address, word) that load the coefficients of ``matrix``, if it has any."""
    if not matrix.coefficients:
        return []
    registers = _matrix_registers(matrix)
    fields = registers["coefficient"].fields
    mask = (1 << fields["value"].bits) - 1
    writes = [
        (
            registers["coefficient"].address,
            value & mask | frame << fields["frame"].low | index << fields["index"].low,
        )
        for index, row in enumerate(matrix.coefficients)
        for frame, value in enumerate(row)
    ]
    return [*writes, (registers["matrix"].address, matrix.seed)]
