"""Bulk IN endpoint: link words become USB packets."""

import warnings

from amaranth import Elaboratable, Module, Mux, Signal
from amaranth.lib import stream

from ...golden.format import WORD_BYTES
from .. import layout

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # LUNA speaks an older Amaranth
    from luna.gateware.usb.usb2 import USBSpeed
    from luna.gateware.usb.usb2.endpoint import EndpointInterface
    from luna.gateware.usb.usb2.transfer import USBInTransferManager

HIGH_SPEED_PACKET = 512  # bytes; USB 2.0, 5.8.3: the only size that bulk may have
FULL_SPEED_PACKET = 64


class BulkIn(Elaboratable):
    """An endpoint of LUNA's `USBDevice`, in its clock domain ``usb``.

    LUNA's transfer manager holds two packets: one is sent, and sent again until the host
    acknowledges it, while the other fills, one byte per cycle.

    A word's last byte waits for the next word, so that the last byte before a pause is known: it
    ends the packet, which goes out short. LUNA sends an empty packet where that one is full, so
    the host's transfer always ends; not so at full speed, whose packets LUNA does not know to be
    full.

    A new configuration begins with DATA0 (USB 2.0, 9.1.1.5) and a whole word; what stood here is
    lost. Until then no word is taken.

    Attributes
    ----------
    words : stream of layout.link_layout
        Taken as the host fetches packets.
    interface : EndpointInterface
        To LUNA's device.
    configure : Signal
        To be set for the cycle in which the host's SET_CONFIGURATION ends.
    """

    def __init__(self, *, number: int, flush_cycles: int) -> None:
        self._number = number
        self._flush_cycles = flush_cycles
        self.words = stream.Signature(layout.link_layout()).flip().create()
        self.interface = EndpointInterface()
        self.configure = Signal()

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.manager = manager = USBInTransferManager(HIGH_SPEED_PACKET)
        interface, token = self.interface, self.interface.tokenizer
        configured = interface.active_config != 0
        addressed = configured & (token.endpoint == self._number)
        halt = interface.clear_endpoint_halt_in
        clear = halt.enable & halt.direction & (halt.number == self._number)

        renew = self.configure & ~configured
        restart = clear | self.configure
        restart_late = Signal()  # the manager's own step has precedence in the first cycle
        m.d.usb += restart_late.eq(restart)
        m.d.comb += [
            manager.generate_zlps.eq(1),
            manager.active.eq(addressed),
            manager.reset_sequence.eq(restart | restart_late),
            manager.discard.eq(renew),
            token.connect(manager.tokenizer),
            # An acknowledge after a token of another device is not for us, though hubs repeat it.
            manager.handshakes_in.ack.eq(interface.handshakes_in.ack & addressed & token.is_in),
            manager.handshakes_out.connect(interface.handshakes_out),
            interface.tx.stream_eq(manager.packet_stream),
            interface.tx_pid_toggle.eq(manager.data_pid),
        ]

        word = Signal(layout.link_layout()["data"].shape)  # its next byte on top
        left = Signal(range(WORD_BYTES + 1))  # bytes of it
        place = Signal(range(FULL_SPEED_PACKET))  # in a full-speed packet
        silence = Signal(range(self._flush_cycles + 1))
        bytes_, taken, ends, full = manager.transfer_stream, Signal(), Signal(), Signal()
        m.d.comb += [
            full.eq((interface.speed == USBSpeed.FULL) & (place == FULL_SPEED_PACKET - 1)),
            ends.eq(full | (~self.words.valid & (silence == self._flush_cycles))),
            bytes_.payload.eq(word[-8:]),
            bytes_.valid.eq(configured & ((left > 1) | ((left == 1) & (self.words.valid | ends)))),
            bytes_.last.eq((left == 1) & ends),
            taken.eq(bytes_.valid & bytes_.ready),
            self.words.ready.eq(configured & ((left == 0) | ((left == 1) & taken))),
        ]
        with m.If(left != 1):
            m.d.usb += silence.eq(0)
        with m.Elif(silence != self._flush_cycles):
            m.d.usb += silence.eq(silence + 1)
        with m.If(taken):
            m.d.usb += [word.eq(word << 8), left.eq(left - 1)]
            m.d.usb += place.eq(Mux(bytes_.last, 0, place + 1))
        with m.If(self.words.valid & self.words.ready):
            m.d.usb += [word.eq(self.words.payload.data), left.eq(WORD_BYTES)]
        with m.If(renew):
            m.d.usb += [left.eq(0), place.eq(0)]
        return m
