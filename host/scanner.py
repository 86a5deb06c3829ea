"""Finds the packets of a capture, wherever they begin, and checks them.

A packet shows itself by its sync word and header check, and ends at the first trailer whose
length and CRC-32 fit. What lies between intact packets is skipped and reported.
"""

from __future__ import annotations

import zlib

import numpy as np

from ..golden.format import HEADER, MAX_PAYLOAD_WORDS, SYNC, TRAILER, VERSION, WORD_BYTES, Kind
from .packets import Damage, Packet, UnknownError, read_header, read_packet

_SYNC = SYNC.to_bytes(WORD_BYTES, "big")
_LENGTHS = np.arange(MAX_PAYLOAD_WORDS + 1, dtype=">u2").view("<u2")  # compared without a swap
_SLAB_WORDS = 1 << 14  # looked at together for a trailer: most packets have fewer
_KINDS = frozenset(Kind)


class _Search:
    """How far the search for the trailer of the packet at ``start`` has come."""

    def __init__(self, start: int, header: dict[str, int]) -> None:
        self.start = start
        self.header = header
        self.word = header["extension"]  # the next to look at, counted from the header on
        self.check, self.checked = header["check"], 0  # of the words before ``checked``
        self.found: int | None = None  # a trailer that no sync word follows


class Scanner:
    """Finds packets in bytes that come piece by piece; it holds less than two packets of them.

    Parameters
    ----------
    offset : int
        The place in the capture of the first byte to come.
    keep : bool
        Give packets their payload.
    eager : bool
        Give a packet as soon as its last byte is there, and give one up as soon as a later header
        is there. Else both wait for what follows, so that no payload, even one that holds packets,
        is mistaken: as a file can.

    Attributes
    ----------
    damaged : list of Damage
    packets : int
        Intact packets so far, those included that are not understood.
    bytes_skipped : int
        Bytes outside intact packets.
    """

    def __init__(self, offset: int = 0, *, keep: bool = False, eager: bool = False) -> None:
        self.damaged: list[Damage] = []
        self.bytes_skipped = 0
        self._keep, self._eager = keep, eager
        self._data = bytearray()
        self._base = offset  # the place in the capture of the first byte held
        self._intact = self._at = offset  # the last intact packet's end; where to search
        self._search: _Search | None = None
        self._any = False

    def feed(self, data: bytes | memoryview) -> list[Packet]:
        """Take the next bytes; return the packets that are complete now."""
        self._data += data
        found = self._scan(final=False)
        done = self._at - self._base
        del self._data[:done]
        self._base += done
        return found

    def finish(self) -> list[Packet]:
        """Return the packets that were waiting for what follows, for nothing does."""
        found = self._scan(final=True)
        if self._any or self.damaged:
            self._skip(self._intact, self._base + len(self._data))
        self._data.clear()
        return found

    def _scan(self, final: bool) -> list[Packet]:
        found = []
        while (start := self._data.find(_SYNC, self._at - self._base)) >= 0:
            self._at = start + self._base
            if self._search is None or self._search.start != self._at:
                if len(self._data) - start < HEADER.size and not final:
                    return found
                header = read_header(self._data[start : start + HEADER.size])
                if header is None:
                    self._at += len(_SYNC)
                    continue
                if header["version"] != VERSION:
                    self._damage(
                        f"format version {header['version']} at byte {self._at}; "
                        f"this decoder reads version {VERSION}: update probecodec"
                    )
                    continue
                self._search = _Search(self._at, header)
            trailer = self._trailer(self._search, final)
            if trailer is not None:
                found += self._take(self._search.header, start, trailer - self._base)
            elif final or self._is_lost(self._search):
                self._damage(
                    f"packet at byte {self._at}: CRC-32 does not match or packet is cut off"
                )
            else:
                return found
        self._at = max(self._at, self._base + len(self._data) - len(_SYNC) + 1)
        return found

    def _damage(self, sentence: str) -> None:
        """Report what begins with the sync word here, and search on behind it."""
        self.damaged.append(Damage(self._at, sentence))
        self._at += len(_SYNC)

    def _is_lost(self, search: _Search) -> bool:
        """Has no trailer been found where there must be one?"""
        words = MAX_PAYLOAD_WORDS + search.header["extension"] + 1
        if search.word >= words:
            return True
        at = search.start - self._base
        while self._eager and (at := self._data.find(_SYNC, at + len(_SYNC))) >= 0:
            if read_header(self._data[at : at + HEADER.size]) is not None:
                return True
        return False

    def _take(self, header: dict[str, int], start: int, trailer: int) -> list[Packet]:
        """Step over the intact packet from ``start`` on; return it if it is of use."""
        self._skip(self._intact, self._at)
        offset, self._any = self._at, True
        self._intact = self._at = self._base + trailer + TRAILER.size
        self._search = None
        if header["kind"] not in _KINDS:
            return []  # of a later encoder; the format lets decoders step over it
        body = start + HEADER.size + header["extension"] * WORD_BYTES
        tail = TRAILER.unpack(self._data[trailer : trailer + TRAILER.size])
        extension = bytes(self._data[start + HEADER.size : body])
        keep = self._keep or header["kind"] == Kind.METADATA
        payload = bytes(self._data[body:trailer]) if keep else b""
        try:
            packet = read_packet(
                offset, self._at, header, extension, tail, payload, 8 * (trailer - body)
            )
        except UnknownError as error:
            self.damaged.append(Damage(offset, f"packet at byte {offset}: {error}"))
            return []
        return [packet]

    def _skip(self, start: int, stop: int) -> None:
        """Account for bytes outside packets, by a sentence unless a packet there has one."""
        self.bytes_skipped += stop - start
        if stop > start and not (self.damaged and self.damaged[-1].offset >= start):
            sentence = f"bytes {start} to {stop - 1} belong to no intact packet"
            self.damaged.append(Damage(start, sentence))

    def _trailer(self, search: _Search, final: bool) -> int | None:
        """The place in the capture where the packet's trailer begins, once it is known.

        Payload passes for a trailer once in 2^48 words, so one before a sync word or the capture's
        end goes before one that is not.
        """
        view = memoryview(self._data)[search.start - self._base + HEADER.size :]
        extension = search.header["extension"]
        limit = extension + MAX_PAYLOAD_WORDS + 1
        stop = min(len(view) // WORD_BYTES - 1, limit)  # a trailer has one word more
        while search.word < stop:
            first, last = search.word, min(search.word + _SLAB_WORDS, stop)
            low = np.frombuffer(view[first * WORD_BYTES : last * WORD_BYTES], "<u2")[1::2]
            hits = np.flatnonzero(low == _LENGTHS[first - extension : last - extension])
            for word in (hits + first).tolist():
                at = word * WORD_BYTES
                # The check goes on from the last such word: linear time.
                search.check = zlib.crc32(view[search.checked : at], search.check)
                search.checked = at
                check = int.from_bytes(view[at + WORD_BYTES : at + TRAILER.size], "big")
                if zlib.crc32(view[at : at + WORD_BYTES], search.check) != check:
                    continue
                follows = bytes(view[at + TRAILER.size : at + TRAILER.size + len(_SYNC)])
                place = search.start + HEADER.size + at
                if self._eager or follows == _SYNC or (final and not follows):
                    return place
                if not final and len(follows) < len(_SYNC):
                    search.word = word  # look again when it is known
                    return None
                search.found = place if search.found is None else search.found
            search.word = last
        return search.found if final or stop == limit else None
