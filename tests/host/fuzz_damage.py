"""Ways to damage a capture: packet by packet, then byte by byte."""

from __future__ import annotations

import struct
from collections.abc import Callable
from random import Random

from probecodec.golden.format import HEADER

from .fuzz_cases import SYNC_BYTES, Case, Unit, forge

Units = Callable[[Random, Case, list[Case]], None]
Bytes = Callable[[Random, bytearray, list[Case]], None]

_HOSTILE = {  # field: values that ask for too much, or make no sense
    "version": (0, 2, 15),
    "kind": (0, 1, 2, 15),
    "mode": (0, 1, 2, 3, 4, 15),
    "flags": (0, 1, 8, 15),
    "stream_id": (0, 1, 255),
    "extension": (0, 1, 255),
    "sequence": (0, 1, 0x8000, 0xFFFF),
    "error_bound": (0, 1, 255),
    "order": (0, 1, 2, 3, 255),
    "frame_index": (0, 1, 1 << 31, 1 << 60, (1 << 64) - 1),
    "drop_count": (0, 1, 1 << 31, (1 << 32) - 1),
    "channels_minus_1": (0, 1, 383, 4095),
    "sample_bits_minus_1": (0, 7, 15),
    "aux_bits": (0, 16, 31),
    "parameter": (0, 1, 2047),
}
_FOREIGN = (  # any of these: not to be decoded, though every check holds
    {"version": 0},
    {"version": 2},
    {"kind": 2},
    {"kind": 15},
    {"mode": 4},
    {"mode": 15},
    {"error_bound": 1},
    {"order": 3},
    {"channels_minus_1": 0},
    {"sample_bits_minus_1": 3},
    {"aux_bits": 31},
    {"parameter": 2047},
)


def _hostile(rng: Random, units: list[Unit]) -> bytes:
    """A real packet with some fields made hostile, and checks that hold."""
    packet = rng.choice(units)[0]
    names = rng.sample(list(_HOSTILE), rng.randint(1, 4))
    fields = {name: rng.choice(_HOSTILE[name]) for name in names}
    if "frame_index" in fields and rng.random() < 0.5:  # near the real ones
        real = HEADER.unpack(packet)["frame_index"]
        fields["frame_index"] = max(0, real + rng.randint(-20, 2000))
    frames = rng.choice((None, 0, 1, 8, 65535))
    payload = rng.choice((None, None, b"", bytes(400), rng.randbytes(4 * rng.randint(1, 60))))
    return forge(packet, frames, payload, **fields)


def _lose(rng, case, pool):
    at = rng.randrange(len(case.units))
    del case.units[at : at + rng.randint(1, 4)]


def _lose_some(rng, case, pool):
    share = rng.random() * 0.5
    case.units[:] = [unit for unit in case.units if rng.random() >= share]


def _lose_restart(rng, case, pool):
    restarts = [n for n, (_, restart) in enumerate(case.units) if restart]
    if restarts:
        del case.units[rng.choice(restarts)]


def _duplicate(rng, case, pool):
    at = rng.randrange(len(case.units))
    part = case.units[at : at + rng.choice((1, 1, 2, 5))]
    to = rng.choice((at + len(part), rng.randrange(len(case.units))))
    case.units[to:to] = part


def _swap(rng, case, pool):
    at = rng.randrange(len(case.units))
    case.units[at : at + 2] = reversed(case.units[at : at + 2])


def _shuffle(rng, case, pool):
    at, size = rng.randrange(len(case.units)), rng.randint(3, 8)
    part = case.units[at : at + size]
    rng.shuffle(part)
    case.units[at : at + size] = part


def _move(rng, case, pool):
    at = rng.randrange(len(case.units))
    part = case.units[at : at + rng.randint(1, 6)]
    del case.units[at : at + len(part)]
    to = rng.randint(0, len(case.units))
    case.units[to:to] = part


def _repeat(rng, case, pool):
    case.units += case.units


def _splice(rng, case, pool):
    """Another capture takes over; or is put between."""
    other = rng.choice(pool)
    case.runs += [run for run in other.runs if run not in case.runs]
    at, of = rng.randint(0, len(case.units)), rng.randint(0, len(other.units))
    case.units[at:] = other.units[of:] + (case.units[at:] if rng.random() < 0.5 else [])


def _foreign(rng, case, pool):
    fields = rng.choice(_FOREIGN)
    data = [unit for unit in case.units if HEADER.unpack(unit[0])["kind"] == 0] or case.units
    packet = forge(rng.choice(data)[0], **fields)
    case.units.insert(rng.randint(0, len(case.units)), (packet, False))


def _poison(rng, case, pool):
    case.poisoned = True
    packet = _hostile(rng, case.units)
    case.units.insert(rng.randint(0, len(case.units)), (packet, False))


def _flip(rng, data, pool):
    for _ in range(rng.choice((1, 1, 2, 8))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _burst(rng, data, pool):
    at, size = rng.randrange(len(data)), rng.randint(1, 64)
    size = min(size, len(data) - at)
    data[at : at + size] = rng.choice((rng.randbytes(size), bytes(size), b"\xff" * size))


def _cut(rng, data, pool):
    at = rng.randrange(len(data))
    del data[at : at + rng.choice((1, 2, 3, 4, rng.randint(1, 300)))]


def _garbage(rng, data, pool):
    at = rng.randint(0, len(data))
    data[at:at] = rng.randbytes(rng.choice((1, 2, 3, 4, rng.randint(1, 300))))


def _sync(rng, data, pool):
    for _ in range(rng.choice((1, 2, 20))):
        at = rng.randint(0, len(data))
        data[at:at] = SYNC_BYTES[: rng.choice((4, 4, 3, 2))]


def _header(rng, data, pool):
    """Forged headers whose own check holds, one or many; no packet follows."""
    header = _hostile(rng, rng.choice(pool).units)[: HEADER.size]
    for _ in range(rng.choice((1, 1, 5))):
        at = rng.randint(0, len(data))
        data[at:at] = header


def _fake(rng, data, pool):
    """A forged packet, its header's check right, its trailer's wrong."""
    packet = bytearray(_hostile(rng, rng.choice(pool).units))
    wrong = bytes(byte ^ 0xFF for byte in packet[-4:])  # by more bits than a flip puts right again
    packet[-4:] = wrong
    at = rng.randint(0, len(data))
    data[at:at] = packet


def _claim(rng, data, pool):
    """Some words claim to be trailers of so many words and frames."""
    for _ in range(rng.choice((1, 10))):
        at = rng.randrange(len(data)) & ~3
        data[at : at + 4] = struct.pack(">HH", rng.choice((0, 9, 65535)), rng.choice((9, 65535)))


def _begin(rng, data, pool):
    del data[: rng.randrange(len(data))]


def _end(rng, data, pool):
    del data[rng.randrange(len(data)) :]


def _copy(rng, data, pool):
    """Bytes from elsewhere, of any place and length."""
    start, at = rng.randrange(len(data)), rng.randint(0, len(data))
    data[at:at] = data[start : start + rng.randint(1, 500)]


BY_PACKETS: dict[str, Units] = {
    "packets lost": _lose,
    "many packets lost": _lose_some,
    "restart lost": _lose_restart,
    "packets duplicated": _duplicate,
    "packets swapped": _swap,
    "packets shuffled": _shuffle,
    "packets moved far": _move,
    "capture repeated": _repeat,
    "captures spliced": _splice,
    "foreign packet": _foreign,
    "forged packet": _poison,
}
BY_BYTES: dict[str, Bytes] = {
    "bits flipped": _flip,
    "burst": _burst,
    "bytes cut": _cut,
    "garbage inserted": _garbage,
    "sync words inserted": _sync,
    "forged headers": _header,
    "forged packet, wrong check": _fake,
    "false trailers": _claim,
    "begin missing": _begin,
    "end missing": _end,
    "bytes copied": _copy,
}
_KINDS = [*BY_PACKETS, *BY_BYTES]
_WEIGHTS = [2 if kind != "forged packet" else 1 for kind in _KINDS]


def make_case(pool: list[Case], seed: int, number: int) -> Case:
    """Case ``number``: one of ``pool``, with one to five kinds of damage."""
    rng = Random(seed << 40 | number)
    base = rng.choice(pool)
    case = Case(list(base.units), list(base.runs))
    kinds = rng.choices(_KINDS, _WEIGHTS, k=rng.choice((1, 1, 2, 3, 5)))
    case.kinds = sorted(kinds, key=lambda kind: kind in BY_BYTES)
    for kind in case.kinds:
        if kind in BY_PACKETS:
            if case.units:
                BY_PACKETS[kind](rng, case, pool)
        else:
            case.data = case.data or bytearray(b"".join(packet for packet, _ in case.units))
            if case.data:
                BY_BYTES[kind](rng, case.data, pool)
    if not any(kind in BY_BYTES for kind in case.kinds):
        case.data = bytearray(b"".join(packet for packet, _ in case.units))
    return case
