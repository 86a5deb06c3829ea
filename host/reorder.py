"""Puts the packets of a stream back in order, where a network has mixed them up."""

from __future__ import annotations

from ..golden.format import HEADER, Kind
from .packets import Packet, dropped

_WRAP = 1 << HEADER.fields["sequence"]
_AHEAD = range(1, _WRAP // 2)  # steps; more are rather some back


class Reorder:
    """Holds back what comes after a hole, ``window`` packets at most, until it is filled.

    A packet whose frames are behind goes straight through: what it means is for the planner to
    say. A restart that is behind is a source that was reset: nothing before it is waited for.

    Parameters
    ----------
    window : int
        In packets; 0 holds back nothing.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._last: Packet | None = None
        self._number = 0  # of the last packet given: its sequence, but without an end
        self._held: dict[int, list[Packet]] = {}  # by number; copies, and others' packets, together

    def add(self, packet: Packet) -> list[Packet]:
        """Take the next packet of the capture; return those whose turn it is."""
        last = self._last
        if last is None or not self._window:
            return self._give(0, [packet])
        steps = (packet.sequence - last.sequence) % _WRAP
        if packet.frame_index < last.end_frame or steps not in _AHEAD:
            reset = packet.restart and packet.kind == Kind.DATA
            return [*self.flush(), *self._give(0, [packet])] if reset else [packet]
        number = self._number + steps
        if steps == 1:
            return self._give(number, [packet])
        self._held.setdefault(number, []).append(packet)
        given = []
        while len(self._held) > self._window:  # what is missing is later than it may be
            first = min(self._held)
            given += self._give(first, self._held.pop(first))
        return given

    def begin(self, packet: Packet) -> list[Packet]:
        """Give ``packet`` at once; those that follow it go on from it."""
        return self._give(0, [packet])

    def flush(self) -> list[Packet]:
        """Return all that is held back, in order."""
        given = []
        while self._held:
            first = min(self._held)
            given += self._give(first, self._held.pop(first))
        return given

    def _give(self, number: int, packets: list[Packet]) -> list[Packet]:
        """Give ``packets`` and what follows without a hole; then others of the same numbers."""
        given: list[Packet] = []
        others: list[Packet] = []
        while packets:
            last = self._last
            if last is not None and len(packets) > 1:  # that which goes on stands first
                packets.sort(key=lambda one: one.frame_index != last.end_frame + dropped(one, last))
            for packet in packets:
                (given if packet.identity == packets[0].identity else others).append(packet)
            self._last, self._number = packets[0], number
            number += 1
            packets = self._held.pop(number, [])
        return given + others
