"""A self-checking test bench in Verilog for the generated core, with its vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..golden import generator, order
from ..golden.config import EncoderConfig
from ..golden.encoder import Encoder
from ..golden.errors import require
from ..golden.format import HEADER, METADATA, TRAILER, WORD_BITS, WORD_BYTES, Kind, Mode
from ..golden.registers import ADDRESS_BITS, load, register_map
from . import asic, verilog
from .testbench_text import BENCH, RUN

TOP = "probecodec_tb"
TARGETS = ("generic", "asic")

_SEED = 0x9C0DEC
_SAMPLES = 4096  # in each mode, if these are frames enough
_FRAMES = 4
_LOADS = (  # where coefficients are loaded
    "reg [35:0] loads [0:{}-1];  // register, value",
    '$readmemh("loads.hex", loads);',
    "for (count = 0; count < {}; count = count + 1)\n"
    "            write(loads[count][35:32], loads[count][31:0]);",
)
_LAST = 1 << WORD_BITS  # ends a packet


def samples(config: EncoderConfig, mode: Mode) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return what is played in ``mode``: int64 (frames, channels), and auxiliary words.

    Noise on slow slopes, with full-scale values in between: codes of every length, and escapes.
    """
    frames = max(_FRAMES, _SAMPLES // config.channels)
    if mode == Mode.PROJECTION and config.projection:
        frames = config.projection.window + 2
    shape = frames, config.channels
    states = generator.run(_SEED + mode, frames * config.channels).reshape(shape).astype(np.int64)
    half = 1 << config.sample_bits - 1
    noise = (states & 7) + (states >> 3 & 7) - 7
    slope = np.arange(frames)[:, np.newaxis] - 3 * np.arange(config.channels) % half
    full_scale = (states >> 16) % (2 * half) - half
    values = np.where(states >> 8 & 63, np.clip(slope + noise, -half, half - 1), full_scale)
    values[1, :2] = -half, half - 1
    aux = np.repeat(states[::3, 0] >> 5, 3)[:frames] % (1 << config.aux_bits)
    return values, aux


def vector(config: EncoderConfig) -> tuple[list[int], list[int], list[int]]:
    """Return the vector, as the numbers in its files.

    Returns
    -------
    sent : list of int
        A sample each, in the source's order; its frame's auxiliary word stands above it.
    counts : list of int
        How many of them each mode takes.
    words : list of int
        What the link must carry, by the golden model; above a word, whether it ends a packet.
    """
    encoder = Encoder(config)
    sent: list[int] = []
    counts, packets = [], []
    for mode in config.modes:
        values, aux = samples(config, mode)
        for start in range(0, len(values), config.packet_frames):
            part = slice(start, start + config.packet_frames)
            packets.append(encoder.packet(values[part], aux[part], mode=mode))
        raw = values[:, order.channels(config)] & (1 << config.sample_bits) - 1
        sent += (raw | aux[:, np.newaxis] << config.sample_bits).ravel().tolist()
        counts.append(values.size)
    return sent, counts, [word for packet in packets for word in _words(packet)]


def _words(packet: bytes) -> list[int]:
    """The words of a data packet and of what is before it, last words marked."""
    words = np.frombuffer(packet, ">u4").astype(np.int64)
    header = HEADER.unpack(packet[: HEADER.words * WORD_BYTES])
    if header["kind"] == Kind.METADATA:
        words[HEADER.words + header["extension"] + METADATA.words + TRAILER.words - 1] |= _LAST
    words[-1] |= _LAST
    return words.tolist()


def files(config: EncoderConfig, target: str = "generic") -> dict[str, str]:
    """Return the test bench, its vector, and how to run it: file name to text.

    Parameters
    ----------
    target : str
        One of `TARGETS`: for the files of `probecodec.boards.verilog` or of
        `probecodec.boards.asic`, with the native bus.

    Raises
    ------
    ConfigError
        Where there is no such target.
    """
    require(target in TARGETS, f"no target is named {target!r}; there are {', '.join(TARGETS)}")
    sent, counts, words = vector(config)
    loads = [address << WORD_BITS | word for address, word in _loads(config)]
    sources = [f"{TOP}.v", f"{verilog.TOP}.v"]
    if target == "asic":
        sources = [f"{TOP}.v", f"{asic.TOP}.v", "probecodec_sram.v"]
    return {
        f"{TOP}.v": _bench(config, target, counts, len(words), len(loads)),
        "samples.hex": _hex(sent, config.sample_bits + config.aux_bits),
        "words.hex": _hex(words, 1 + WORD_BITS),
        **({"loads.hex": _hex(loads, ADDRESS_BITS + WORD_BITS)} if loads else {}),
        "testbench.md": RUN.format(top=TOP, sources=" ".join(sources)),
    }


def _loads(config: EncoderConfig) -> list[tuple[int, int]]:
    return load(config.projection) if config.projection else []


def _hex(numbers: list[int], bits: int) -> str:
    return "".join(f"{number:0{-(-bits // 4)}x}\n" for number in numbers)


def _bench(config: EncoderConfig, target: str, counts: list[int], words: int, loads: int) -> str:
    registers = register_map(config)
    address = {name: f"{ADDRESS_BITS}'d{register.address}" for name, register in registers.items()}
    idle = registers["status"].fields["idle"].low
    rows = asic.asic_ports(config) if target == "asic" else verilog.ports(config)
    is_reset_low = target == "asic"
    first, steps = 0, []
    for mode, count in zip(config.modes, counts, strict=True):
        steps.append(f"play_in_mode({mode}, {first}, {count});  // {mode.name.lower()}")
        first += count
    declarations = [
        f"{'reg ' if port.direction == 'input' else 'wire'} {port.span}{port.name};"
        for port in rows
    ]
    entry_bits = config.sample_bits + config.aux_bits
    aux = f"sample_aux = entry[{entry_bits - 1}:{config.sample_bits}];"
    return verilog.about(config) + BENCH.format(
        top=TOP,
        core=asic.TOP if is_reset_low else verilog.TOP,
        declarations="\n    ".join(declarations),
        connections=",\n        ".join(f".{port.name}({port.name})" for port in rows),
        entry_bits=entry_bits,
        sample_bits=config.sample_bits,
        samples=first,
        channels=config.channels,
        words=words,
        declare_loads=_LOADS[0].format(loads) if loads else "",
        read_loads=_LOADS[1] if loads else "",
        write_loads=_LOADS[2].format(loads) if loads else "",
        put_aux=aux if config.aux_bits else "",
        begin_reset="rst_n = 0; scan_mode = 0;" if is_reset_low else "rst = 1;",
        end_reset="rst_n = 1;" if is_reset_low else "rst = 0;",
        mode=address["mode"],
        control=address["control"],
        status=address["status"],
        idle=idle,
        steps="\n        ".join(steps),
    )
