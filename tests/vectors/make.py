"""Write the pinned captures: ``python tests/vectors/make.py``.

Each ``v<format version>-<name>.json`` holds a configuration, the samples of each data packet and
the capture's bytes. A file that is there already is never changed: a format version, once
released, stays. The tests compare the files with the encoder and the decoders.

Keys of a file
--------------
about : what it shows
format_version : 1
encodes : whether an encoder given the packets writes the capture; else it is for decoders only
config : of the encoder; ``order``, a number, only where it is not 0; ``projection`` only with that
    mode
packets : for each data packet that can be decoded its mode, whether a restart was forced, the
    frames dropped before it and why, the index of its first frame, samples, auxiliary words;
    in mode PROJECTION ``measurements``, which come out where samples went in: (rows, channels)
capture : hexadecimal, 32 bytes a line
"""

import dataclasses
import functools
import json
import math
import operator
import random
import re
from pathlib import Path
from typing import Any

import by_hand
import numpy as np

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import Encoder
from probecodec.golden.format import VERSION, Family, Flag, Mode, Order
from probecodec.golden.measurer import Measurer
from probecodec.golden.order import channels
from probecodec.golden.projection_config import ProjectionConfig

FOLDER = Path(__file__).parent


def walk(config: EncoderConfig, frames: int, seed: int) -> list[list[int]]:
    """A random walk on each channel, now and then a jump, wrapped to the sample's width."""
    source = random.Random(seed)
    half = 1 << (config.sample_bits - 1)
    rows, row = [], [source.randrange(-half, half) // 4 for _ in range(config.channels)]
    for _ in range(frames):
        steps = [1 << source.choice((3, 3, 3, 3, 3, 3, 3, config.sample_bits - 1)) for _ in row]
        row = [
            (x + source.randrange(-step, step) + half) % (2 * half) - half
            for x, step in zip(row, steps, strict=True)
        ]
        rows.append(row)
    return rows


def extremes(config: EncoderConfig, frames: int, seed: int) -> list[list[int]]:
    """By turns the ends of the range (wrap-around), or 0 and its lower end (longest symbols)."""
    half = 1 << (config.sample_bits - 1)
    pairs = [(-half, half - 1), (half - 1, -half), (0, -half)]
    return [[pairs[c % 3][f % 2] for c in range(config.channels)] for f in range(frames)]


def waves(config: EncoderConfig, frames: int, seed: int) -> list[list[int]]:
    """What can be predicted: a slow common wave that reaches each channel later, and noise."""
    source = random.Random(seed)
    height = 1 << (config.sample_bits - 4)
    phase, rows = source.random() * math.tau, []
    for frame in range(frames):
        turns = [phase + frame / 3 - channel / 4 for channel in range(config.channels)]
        rows.append([round(height * math.sin(turn)) + source.randrange(-2, 3) for turn in turns])
    return rows


def words(config: EncoderConfig, frames: int, seed: int) -> list[int]:
    """Auxiliary words that change in about every third frame."""
    source = random.Random(seed)
    word, sequence = 0, []
    for _ in range(frames):
        word = source.randrange(1 << config.aux_bits) if source.randrange(3) == 0 else word
        sequence.append(word)
    return sequence


def generate(
    about: str, config: EncoderConfig, *packets: dict[str, Any], signal: Any = walk
) -> dict[str, Any]:
    """Encode packets of ``signal``, each a dict of what differs from the ordinary."""
    encoder, described, capture, index = Encoder(config), [], b"", 0
    measurer = Measurer(config.projection) if config.projection else None
    slots, fresh, before = channels(config), True, None
    for seed, changes in enumerate(packets):
        frames = changes.pop("frames", config.packet_frames)
        index += changes.get("dropped", 0)
        entry = by_hand.packet(
            signal(config, frames, seed), words(config, frames, seed), index, config.modes[0].name
        )
        entry |= changes
        index += frames
        described.append(entry)
        capture += encoder.packet(
            np.array(entry["samples"]),
            np.array(entry["aux"]),
            mode=Mode[entry["mode"]],
            dropped=entry["dropped"],
            cause=flags_of(entry["causes"]),
            restart=entry["force_restart"],
        )
        fresh |= entry["force_restart"] or entry["mode"] != before
        before = entry["mode"]
        if before == Mode.PROJECTION.name:
            rows = measurer.encode(np.array(entry["samples"])[:, slots], fresh)
            entry["measurements"] = rows[:, np.argsort(slots)].tolist()
        fresh = frames == 0
    return {
        "about": about,
        "encodes": True,
        "config": config,
        "packets": described,
        "capture": capture,
    }


def vectors() -> dict[str, dict[str, Any]]:
    """Every vector by name."""
    config, rice, fixed = EncoderConfig, (Mode.RICE,), (Mode.FIXED,)
    huffman, adaptive = (Mode.HUFFMAN,), (Mode.ADAPTIVE,)
    return {
        "example": by_hand.example(),
        "fixed-by-hand": by_hand.fixed(),
        "huffman-by-hand": by_hand.huffman(),
        "adaptive-by-hand": by_hand.adaptive(),
        "foreign": by_hand.foreign(),
        "foreign-orders": by_hand.foreign_orders(),
        "rice": generate(
            "mode RICE; a restart, two packets that follow, a restart",
            config(channels=16, modes=rice, packet_frames=8, restart_interval=3, lsb_uv=2.34375),
            *[{} for _ in range(4)],
        ),
        "rice-aux": generate(
            "mode RICE; a 16-bit auxiliary word in groups of 6, 6 and 4 bits",
            config(channels=4, sample_bits=12, aux_bits=16, packet_frames=20, restart_interval=2),
            *[{} for _ in range(3)],
        ),
        "rice-16-bit-extremes": generate(
            "mode RICE; 16-bit samples at the ends of their range: wrap-around, longest symbols",
            config(channels=5, sample_bits=16, aux_bits=1, packet_frames=20, restart_interval=4),
            *[{} for _ in range(2)],
            signal=extremes,
        ),
        "fixed": generate(
            "mode FIXED of 6 bits for 10-bit samples",
            config(channels=16, modes=fixed, packet_frames=8, restart_interval=3),
            *[{} for _ in range(4)],
        ),
        "fixed-full-width": generate(
            "mode FIXED as wide as the samples: no escape; an auxiliary word of 3 bits",
            config(channels=3, sample_bits=9, modes=fixed, fixed_bits=9, aux_bits=3,
                   packet_frames=30, restart_interval=136),
            *[{} for _ in range(2)],
        ),
        "switch": generate(
            "a change of mode restarts, and starts the restart interval anew",
            config(channels=8, modes=rice + fixed, aux_bits=5, packet_frames=6, restart_interval=3),
            *[{"mode": mode} for mode in ("RICE", "RICE", "FIXED", "FIXED", "FIXED", "FIXED",
                                          "RICE")],
        ),
        "drops": generate(
            "frames dropped at the start, by an overrun, and for frames broken off or too long",
            config(channels=8, aux_bits=2, packet_frames=6, restart_interval=5, stream_id=255),
            {"dropped": 3},
            {"frames": 4},
            {"dropped": 100_000, "causes": ["OVERRUN"], "frames": 1},
            {},
            {"dropped": 1, "causes": ["MISFRAME"], "force_restart": True},
            {"causes": ["MISFRAME"], "force_restart": True},
            {},
        ),
        "huffman": generate(
            "mode HUFFMAN; a restart, two packets that follow, a restart",
            config(channels=16, modes=huffman, packet_frames=8, restart_interval=3),
            *[{} for _ in range(4)],
        ),
        "huffman-16-bit-extremes": generate(
            "mode HUFFMAN; 16-bit samples at the ends of their range: wrap-around, longest symbols",
            config(channels=5, sample_bits=16, aux_bits=1, modes=huffman, packet_frames=40,
                   restart_interval=4),
            *[{} for _ in range(2)],
            signal=extremes,
        ),
        "adaptive": generate(
            "mode ADAPTIVE for more than 256 frames from one restart to the next",
            config(channels=3, sample_bits=8, aux_bits=3, modes=adaptive, packet_frames=86,
                   restart_interval=3),
            *[{} for _ in range(3)], {"frames": 5},
            signal=waves,
        ),
        "adaptive-16-bit-extremes": generate(
            "mode ADAPTIVE; 16-bit samples at the ends of their range: weights at their limits",
            config(channels=5, sample_bits=16, modes=adaptive, packet_frames=60,
                   restart_interval=2),
            *[{} for _ in range(2)],
            signal=extremes,
        ),
        "np1": generate(
            "order NP1, mode ADAPTIVE, an overrun",
            config(channels=24, order=Order.NP1, aux_bits=4, modes=adaptive, packet_frames=10,
                   restart_interval=2),
            {}, {"dropped": 7, "causes": ["OVERRUN"]}, {},
            signal=waves,
        ),
        "np2": generate(
            "order NP2 in every mode",
            config(channels=32, order=Order.NP2, modes=adaptive + huffman + rice
                   + fixed, packet_frames=5, restart_interval=9),
            *[{"mode": mode} for mode in ("ADAPTIVE", "ADAPTIVE", "HUFFMAN", "RICE", "FIXED")],
            signal=waves,
        ),
        "np1-four-converters": generate(
            "order NP1, four converters",
            config(channels=48, order=Order.NP1, modes=adaptive, packet_frames=12,
                   restart_interval=9),
            {}, {"frames": 3},
            signal=waves,
        ),
        "projection": generate(
            "mode PROJECTION, family SPARSE; a packet too short for a measurement, one broken off "
            "amid a window, a restart; a lossless packet between; an auxiliary word",
            config(channels=3, sample_bits=10, modes=(Mode.PROJECTION, Mode.HUFFMAN), aux_bits=5,
                   packet_frames=32, restart_interval=3, projection=ProjectionConfig(
                       window=16, measurements=5, hold=1, shift=2, highpass_shift=4,
                       seed=0xC0FFEE)),
            {"frames": 9}, {}, {"frames": 30}, {"dropped": 4, "causes": ["OVERRUN"]},
            {"mode": "HUFFMAN", "frames": 5}, {"mode": "PROJECTION", "frames": 16},
        ),
        "projection-dense": generate(
            "mode PROJECTION, family DENSE, signs held for four frames; order NP1",
            config(channels=24, order=Order.NP1, modes=(Mode.PROJECTION,), packet_frames=16,
                   restart_interval=2, projection=ProjectionConfig(
                       window=16, measurements=3, family=Family.DENSE, hold=4, seed=1,
                       highpass_shift=8)),
            {}, {}, {"frames": 15},
            signal=waves,
        ),
        "projection-loaded": generate(
            "mode PROJECTION, family LOADED, no high-pass; samples at the ends of their range",
            config(channels=5, sample_bits=16, modes=(Mode.PROJECTION,), packet_frames=32,
                   restart_interval=4, projection=ProjectionConfig(
                       window=16, measurements=2, family=Family.LOADED, hold=1,
                       highpass_shift=0, shift=9,
                       coefficient_bits=5, row_sum=64, coefficients=(
                           (1, -2, 3, -4, 5, -6, 7, -8, 7, -6, 5, -4, 3, -2, 1, 0),
                           (0, 4, 4, 4, 4, -4, -4, -4, -4, 4, 4, 4, 4, -4, -4, -4)))),
            {}, {},
            signal=extremes,
        ),
    }  # fmt: skip


def flags_of(names: list[str]) -> Flag:
    """The flags of these names."""
    return functools.reduce(operator.or_, (Flag[name] for name in names), Flag(0))


def text(vector: dict[str, Any]) -> str:
    """Return the file's text: JSON, one frame a line."""
    config = dataclasses.asdict(vector["config"])
    config["modes"] = [mode.name for mode in vector["config"].modes]
    if config["order"] == Order.SEQUENTIAL:
        del config["order"]
    if config["projection"] is None:
        del config["projection"]
    capture = vector["capture"].hex()
    lines = [capture[at : at + 64] for at in range(0, len(capture), 64)]
    content = {**vector, "format_version": VERSION, "config": config, "capture": lines}
    return re.sub(r"(?<=[\[,\d])\s+(?=[\]\d-])", "", json.dumps(content, indent=1)) + "\n"


def main() -> None:
    """Write the files that are not there."""
    for name, vector in vectors().items():
        path = FOLDER / f"v{VERSION}-{name}.json"
        if not path.exists():
            path.write_text(text(vector))
            print(f"wrote {path.name}")
        elif path.read_text() != text(vector):
            print(f"{path.name} would differ; left as it is")


if __name__ == "__main__":
    main()
