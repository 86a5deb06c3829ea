"""Captures whose payload bits were worked out by hand, as docs/stream-format.md says.

Only the checks are computed. ``v1-example`` is the document's worked example; ``v1-foreign`` holds
what encoders of version 1 do not write yet readers must cope with.
"""

import zlib

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import HEADER, METADATA, SYNC, TRAILER, Flag, Kind, Mode


def assemble(bits: str, frames: int, extension: str = "", **header: int) -> bytes:
    """Return one packet with the payload ``bits`` and the ``extension`` in hexadecimal."""
    bits = bits.replace(" ", "")
    words = -(-len(bits) // 32)
    payload = int(bits.ljust(words * 32, "0") or "0", 2).to_bytes(words * 4, "big")
    fields = {"sync": SYNC, "version": 1, "extension": len(extension) // 8, **header}
    head = HEADER.pack(**fields)[:-4]
    check = zlib.crc32(head)
    body = bytes.fromhex(extension) + payload
    tail = TRAILER.pack(frames=frames, payload_words=words)[:-4]
    return b"".join(
        [head, check.to_bytes(4, "big"), body, tail, zlib.crc32(body + tail, check).to_bytes(4)]
    )


def metadata(probe: bytes, **fields: int) -> str:
    """Return the bits of a metadata payload."""
    packed = METADATA.pack(probe=int.from_bytes(probe.ljust(16, b"\0"), "big"), **fields)
    return "".join(f"{byte:08b}" for byte in packed)


def packet(
    samples: list[list[int]], aux: list[int], frame_index: int = 0, mode: str = "RICE"
) -> dict[str, object]:
    """Return a vector's description of one decodable packet."""
    return {
        "mode": mode,
        "force_restart": False,
        "dropped": 0,
        "causes": [],
        "frame_index": frame_index,
        "samples": samples,
        "aux": aux,
    }


def example() -> dict[str, object]:
    """The worked example of docs/stream-format.md."""
    config = EncoderConfig(
        channels=4,
        sample_bits=8,
        aux_bits=2,
        packet_frames=3,
        restart_interval=2,
        rate_hz=30_000.0,
        lsb_uv=2.34375,
        probe="example",
    )
    shape = {"channels_minus_1": 3, "sample_bits_minus_1": 7, "aux_bits": 2}
    header = {"mode": Mode.RICE, "flags": Flag.RESTART, **shape}
    about = metadata(
        b"example",
        rate_microhertz=30_000_000_000,
        lsb_picovolts=2_343_750,
        packet_frames=3,
        restart_interval=2,
    )
    payload = (
        "00001010 1  00000101 1  11001000 0  11111111 "  # raw
        "1 010 0     1 000       000000000000 01110111  1 001 "
        "001 01 1    0001 10 0   01 101 1    1 11"
    )
    return {
        "about": "worked example of docs/stream-format.md, computed by hand",
        "encodes": True,
        "config": config,
        "packets": [packet([[5, -3, 100, -128], [6, -3, 40, 127], [1, 4, 33, 125]], [2, 2, 1])],
        "capture": assemble(about, 0, kind=Kind.METADATA, **header)
        + assemble(payload, 3, kind=Kind.DATA, sequence=1, **header),
    }


def fixed() -> dict[str, object]:
    """Mode FIXED: raw symbols, codes, escapes, wrap-around."""
    config = EncoderConfig(
        channels=2,
        sample_bits=8,
        modes=(Mode.FIXED,),
        fixed_bits=4,
        packet_frames=3,
        restart_interval=1,
        stream_id=9,
        probe="16 characters ok",
    )
    shape = {"channels_minus_1": 1, "sample_bits_minus_1": 7, "parameter": 4, "stream_id": 9}
    header = {"mode": Mode.FIXED, "flags": Flag.RESTART, **shape}
    about = metadata(
        b"16 characters ok", rate_microhertz=30_000_000_000, packet_frames=3, restart_interval=1
    )
    payload = "00000001 11111110  1110 0010  1111 00001111 1111 11111111"
    return {
        "about": "mode FIXED, computed by hand",
        "encodes": True,
        "config": config,
        "packets": [packet([[-1, 127], [6, -128], [-2, 0]], [0, 0, 0], mode="FIXED")],
        "capture": assemble(about, 0, kind=Kind.METADATA, **header)
        + assemble(payload, 3, kind=Kind.DATA, sequence=1, **header),
    }


def _two_slots(mode: Mode, about: str, payload: str, samples: list[list[int]]) -> dict[str, object]:
    """One packet of five frames of two 8-bit channels."""
    config = EncoderConfig(
        channels=2, sample_bits=8, modes=(mode,), packet_frames=5, restart_interval=1
    )
    header = {
        "mode": mode, "flags": Flag.RESTART, "channels_minus_1": 1, "sample_bits_minus_1": 7
    }  # fmt: skip
    words = metadata(b"", rate_microhertz=30_000_000_000, packet_frames=5, restart_interval=1)
    return {
        "about": about,
        "encodes": True,
        "config": config,
        "packets": [packet(samples, [0] * 5, mode=mode.name)],
        "capture": assemble(words, 0, kind=Kind.METADATA, **header)
        + assemble(payload, 5, kind=Kind.DATA, sequence=1, **header),
    }


def huffman() -> dict[str, object]:
    """Mode HUFFMAN: four tables, the shared class, an escape, raw bits, symbols over the limit."""
    return _two_slots(
        Mode.HUFFMAN,
        "mode HUFFMAN, computed by hand in docs/stream-format.md",
        "00001010 00000101  1111 1110  0110 00101  "
        "000000000001 111000 000000000000 10001011  0111 1 1110 0",
        [[5, -3], [5, -4], [8, -10], [68, -80], [59, -79]],
    )


def adaptive() -> dict[str, object]:
    """Mode ADAPTIVE: prediction, learning, wrap-around, symbols with one raw bit and three."""
    return _two_slots(
        Mode.ADAPTIVE,
        "mode ADAPTIVE, computed by hand in docs/stream-format.md",
        "00010100 00100111  000000000001 010000 000000001011  000101 1 000110 1  "
        "1111 0 000000000001 1111110  1111 0 1101 100",
        [[10, -20], [50, 12], [26, -11], [27, 118], [27, -122]],
    )


def foreign() -> dict[str, object]:
    """What readers must step over: see the comments."""
    config = EncoderConfig(
        channels=2, sample_bits=8, modes=(Mode.FIXED,), fixed_bits=3, packet_frames=16_384
    )
    shape = {"channels_minus_1": 1, "sample_bits_minus_1": 7, "parameter": 3}
    header = {"kind": Kind.DATA, "mode": Mode.FIXED, **shape}
    restart = {"flags": Flag.RESTART, **header}
    parts = [
        b"noise" + SYNC.to_bytes(4, "big"),  # the capture begins amid a packet
        # Not a restart: its frame cannot be decoded.
        assemble("000 001", 1, sequence=7, frame_index=5, **header),
        # A restart with two extension words; one frame, and leftover bits of a second.
        assemble("00000010 00000100  110", 1, "1ACFFC1D 00000000".replace(" ", ""),
                 sequence=8, frame_index=6, **restart),
        # Unknown kind.
        assemble("1" * 40, 0, sequence=8, frame_index=7, **{**header, "kind": 7}),
        # A tag, behind one frame.
        assemble("00000000 00000001".ljust(32, "0") + "01" * 16, 1, sequence=9, frame_index=8,
                 **{**restart, "flags": Flag.RESTART | Flag.TAG}),
        # The state carries over three dropped frames: 0 + 1, -1 + 0.
        assemble("010 000", 1, sequence=10, frame_index=12, drop_count=3,
                 **{**header, "flags": Flag.OVERRUN}),
        # Unknown mode with two frames; the next packet's state is unknown.
        assemble("1" * 9, 2, sequence=11, frame_index=13, drop_count=3, **{**header, "mode": 5}),
        assemble("000 000", 1, sequence=12, frame_index=15, drop_count=3, **header),
        # A restart of no frame, broken off within its first; a restart follows, as always.
        assemble("00000000", 0, sequence=13, frame_index=16, drop_count=3, **restart),
        assemble("00000110 00001000", 1, sequence=14, frame_index=17, drop_count=4,
                 **{**restart, "flags": Flag.RESTART | Flag.MISFRAME}),
    ]  # fmt: skip
    return {
        "about": "decode only: noise, extension, unknown kind and mode, tag, leftovers, no frames",
        "encodes": False,
        "config": config,
        "packets": [
            packet([[1, 2]], [0], 6, "FIXED"),
            packet([[0, -1]], [0], 8, "FIXED"),
            packet([[1, -1]], [0], 12, "FIXED"),
            packet([[3, 4]], [0], 17, "FIXED"),
        ],
        "capture": b"".join(parts),
    }


def foreign_orders() -> dict[str, object]:
    """Orders that no encoder has: their packets, and those that build on them, are a gap."""
    config = EncoderConfig(
        channels=2, sample_bits=8, modes=(Mode.FIXED,), fixed_bits=3, packet_frames=16
    )
    shape = {"channels_minus_1": 1, "sample_bits_minus_1": 7, "parameter": 3}
    header = {"kind": Kind.DATA, "mode": Mode.FIXED, **shape}
    restart = {"flags": Flag.RESTART, **header}
    parts = [
        assemble("00000010 00000100", 1, **restart),
        # Unknown order, and a packet that builds on it.
        assemble("00000010 00000100", 1, sequence=1, frame_index=1, **restart, order=3),
        assemble("001 001", 1, sequence=2, frame_index=2, **header, order=3),
        assemble("00000110 00001000", 1, sequence=3, frame_index=3, **restart),
        # Order NP1 needs a multiple of 24 channels.
        assemble("00000010 00000100", 1, sequence=4, frame_index=4, **restart, order=1),
        assemble("00001010 00001100", 1, sequence=5, frame_index=5, **restart),
    ]
    return {
        "about": "decode only: an unknown order, and one that the number of channels does not fit",
        "encodes": False,
        "config": config,
        "packets": [
            packet([[1, 2]], [0], 0, "FIXED"),
            packet([[3, 4]], [0], 3, "FIXED"),
            packet([[5, 6]], [0], 5, "FIXED"),
        ],
        "capture": b"".join(parts),
    }
