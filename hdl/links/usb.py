"""USB 2.0: a vendor-class device with one bulk IN endpoint, behind a ULPI PHY."""

import warnings
from collections.abc import Mapping
from types import SimpleNamespace

from amaranth import DomainRenamer, Fragment, Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from ...golden.errors import require
from .. import layout
from .crossing import Crossing
from .limits import LONGEST_WAIT, check_depth, check_whole, is_whole, shown
from .usb_descriptors import ENDPOINT, Requests, descriptors
from .usb_endpoint import FULL_SPEED_PACKET, HIGH_SPEED_PACKET, BulkIn

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # LUNA speaks an older Amaranth
    from luna.gateware.usb.usb2.device import USBDevice

MICROFRAME_CYCLES = 7500  # 125 µs at 60 MHz
# USB 2.0, table 5-10, has 13 packets where the gaps take 36 bytes of 567; a PHY's delays, within
# UTMI's limits, make a transaction 580 cycles long.
MICROFRAME_PACKETS = 12
PHY_RESET_CYCLES = 128  # 2.1 µs; USB334x, table 4.3, asks for 1 µs
PHY_START_CYCLES = 65_535  # 1.1 ms; LUNA sets up the PHY 1 ms after the reset


class Usb(wiring.Component):
    """Words as USB bulk packets, by LUNA's device core.

    ::

        words ► Crossing ► BulkIn ► LUNA's USBDevice ► PHY

    The device is 1209:0001, class vendor, endpoint 0x81. It takes high speed where the host
    offers it (packets of 512 bytes), or else full speed (64). The concatenated packets are the
    capture. Where words pause for ``flush_cycles``, a short packet brings out what waits.

    While the host fetches nothing, ``words.ready`` stays low. Nothing is lost, and nothing comes
    twice, except with the connection: after a bus reset or a new plug the device is configured
    anew, and up to 257 words of the endpoint are lost, at the end whole words; what stands before
    the crossing is kept.

    The device draws up to ``milliamperes`` from the bus. LUNA's outputs ``data_o``, ``data_oe``
    and ``stp`` are logic behind registers, and ``data_oe`` follows ``dir``, as ULPI's turn-around
    wants it: no register of ours could stand there.

    Parameters
    ----------
    phy_registers : mapping, optional
        Vendor registers of the PHY to write after its reset: address (6 bits) to value.
    flush_cycles : int
        Cycles of ``link`` without a word after which a short packet goes out, 1 … 2^24; by default
        1 ms.
    depth : int
        Words in the crossing, 8 … 4096.
    milliamperes : int
        From 2 to 500.

    Members
    -------
    words : In(stream of layout.link_layout)
        Words, in domain ``sync``.
    data_i, data_o, data_oe : In(8), Out(8), Out(1)
        ULPI's DATA, bidirectional; all members but ``words`` are in domain ``link``, of 60 MHz.
    dir, nxt : In(1)
    stp : Out(1)
    reset : Out(1)
        The PHY's reset, active high here (most PHYs' pin is active low): set for 2 µs after a
        reset of ``link``.

    Raises
    ------
    ConfigError
        Where a parameter is out of range.
    """

    def __new__(cls, *, phy_registers=None, flush_cycles=60_000, depth=16, milliamperes=500):
        check_whole("flush_cycles", flush_cycles, 1, LONGEST_WAIT)
        check_whole("milliamperes", milliamperes, 2, 500)
        check_depth(depth)
        require(
            phy_registers is None or isinstance(phy_registers, Mapping),
            f"phy_registers must map addresses to values, not {shown(phy_registers)}",
        )
        for address, value in (phy_registers or {}).items():
            require(
                is_whole(address) and is_whole(value),
                "phy_registers must have whole numbers as addresses and values, not "
                f"{shown(address)} and {shown(value)}",
            )
            require(
                0 <= address < 64 and 0 <= value < 256,
                f"phy_registers: {address:#x} to {value:#x} does not fit: "
                "an address has 6 bits, a value 8",
            )
        return super().__new__(cls)  # checked before Amaranth expects the component to be used

    def __init__(
        self,
        *,
        phy_registers: Mapping[int, int] | None = None,
        flush_cycles: int = 60_000,
        depth: int = 16,
        milliamperes: int = 500,
    ) -> None:
        self._phy_registers = dict(phy_registers or {})
        self._flush_cycles = flush_cycles
        self._depth = depth
        self._milliamperes = milliamperes
        super().__init__(
            {
                "words": In(stream.Signature(layout.link_layout())),
                "data_i": In(8),
                "data_o": Out(8),
                "data_oe": Out(1),
                "dir": In(1),
                "nxt": In(1),
                "stp": Out(1),
                "reset": Out(1, init=1),
            }
        )

    @staticmethod
    def capacity(clock_hz: float) -> float:
        """Return stream bits per second at high speed, at best: 393 Mbit/s.

        12 packets of 512 bytes in a microframe, as measured with a simulated host that never waits.
        Hosts in use often reach about 320 Mbit/s (40 MB/s); at full speed it is about 9 Mbit/s.
        """
        bits = 8 * HIGH_SPEED_PACKET * MICROFRAME_PACKETS
        return bits * clock_hz / MICROFRAME_CYCLES

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.crossing = crossing = Crossing(depth=self._depth)
        wiring.connect(m, wiring.flipped(self.words), crossing.i)

        elapsed = Signal(range(PHY_START_CYCLES + 1))
        with m.If(elapsed != PHY_START_CYCLES):
            m.d.link += elapsed.eq(elapsed + 1)
        with m.If(elapsed == PHY_RESET_CYCLES):
            m.d.link += self.reset.eq(0)
        # The line is low until LUNA has set the pull-up. That is no bus reset: let it see a J.
        data_i = Signal(8)
        m.d.comb += data_i.eq(self.data_i)
        with m.If(elapsed != PHY_START_CYCLES):
            m.d.comb += data_i[:2].eq(0b01)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            device = Fragment.get(self._device(m, crossing.o, data_i), platform)
        device = ResetInserter({"usb": self.reset})(device)
        m.submodules.device = DomainRenamer({"usb": "link"})(device)
        return m

    def _device(self, m: Module, words, data_i: Signal) -> USBDevice:
        """Return LUNA's device, connected to the pins, to ``data_i``, and to ``words``."""
        ulpi = SimpleNamespace(
            data=SimpleNamespace(i=data_i, o=self.data_o, oe=self.data_oe),
            dir=SimpleNamespace(i=self.dir),
            nxt=SimpleNamespace(i=self.nxt),
            stp=SimpleNamespace(o=self.stp),
            rst=SimpleNamespace(o=Signal()),  # LUNA then waits for the PHY's start, 1 ms
        )
        device = USBDevice(bus=ulpi, handle_clocking=False)
        for address, value in self._phy_registers.items():
            device.translator.add_extra_register(address, value)
        table = descriptors((HIGH_SPEED_PACKET, FULL_SPEED_PACKET), self._milliamperes)
        control = device.add_control_endpoint()
        control.add_request_handler(Requests(table, device.speed))
        endpoint = BulkIn(number=ENDPOINT, flush_cycles=self._flush_cycles)
        device.add_endpoint(endpoint)
        wiring.connect(m, words, endpoint.words)
        m.d.comb += [
            device.connect.eq(1),
            endpoint.configure.eq(control.interface.config_changed),
        ]
        return device
