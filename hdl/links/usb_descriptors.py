"""USB descriptors, at either speed; the field order is that of USB 2.0, chapter 9.6."""

import struct
import warnings

from amaranth import Elaboratable, Module, Signal

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # LUNA speaks an older Amaranth
    from luna.gateware.usb.request.standard import StandardRequestHandler
    from luna.gateware.usb.usb2 import USBSpeed
    from usb_protocol.emitters import DeviceDescriptorCollection

# pid.codes hands these out for prototypes, never to be sold: https://pid.codes/1209/0001
VENDOR, PRODUCT = 0x1209, 0x0001
STRINGS = ("probecodec", "probecodec stream")  # manufacturer, product; no serial: none is known
ENDPOINT = 1  # bulk IN

DEVICE, CONFIGURATION, STRING, INTERFACE, ENDPOINT_TYPE, QUALIFIER, OTHER_SPEED = range(1, 8)
_USB_2_0 = 0x0200
_VENDOR_CLASS = 0xFF
_CONTROL_PACKET = 64
_BUS_POWERED = 0x80
_BULK = 2


def _descriptor(kind: int, body: bytes) -> bytes:
    return bytes([len(body) + 2, kind]) + body


def _configuration(kind: int, packet: int, milliamperes: int) -> bytes:
    """Return a configuration with one interface of one bulk IN endpoint."""
    parts = _descriptor(INTERFACE, bytes([0, 0, 1, _VENDOR_CLASS, 0, 0, 0]))
    parts += _descriptor(ENDPOINT_TYPE, struct.pack("<BBHB", 0x80 | ENDPOINT, _BULK, packet, 0))
    head = struct.pack("<HBBBBB", 9 + len(parts), 1, 1, 0, _BUS_POWERED, milliamperes // 2)
    return _descriptor(kind, head) + parts


def descriptors(packets: tuple[int, int], milliamperes: int) -> dict[tuple[int, int], bytes]:
    """Return (type, index) to descriptor.

    Configurations have index 0 at high speed and 1 at full speed; ``packets`` are the endpoint's
    sizes there.
    """
    head = struct.pack("<HBBBB", _USB_2_0, 0, 0, 0, _CONTROL_PACKET)
    table = {
        (DEVICE, 0): _descriptor(
            DEVICE, head + struct.pack("<HHHBBBB", VENDOR, PRODUCT, 0x0100, 1, 2, 0, 1)
        ),
        (STRING, 0): _descriptor(STRING, struct.pack("<H", 0x0409)),  # English, United States
        (QUALIFIER, 0): _descriptor(QUALIFIER, head + bytes([1, 0])),
    }
    for index, text in enumerate(STRINGS, 1):
        table[STRING, index] = _descriptor(STRING, text.encode("utf-16-le"))
    for index in range(2):
        table[CONFIGURATION, index] = _configuration(CONFIGURATION, packets[index], milliamperes)
        table[OTHER_SPEED, index] = _configuration(OTHER_SPEED, packets[1 - index], milliamperes)
    return table


class _BySpeed(Elaboratable):
    """LUNA's reader of descriptors, which sees index 1 of a configuration at full speed."""

    def __init__(self, reader, speed: Signal) -> None:
        self._reader, self._speed = reader, speed
        self.value = Signal(16)  # index, and type
        for name in ("length", "start", "start_position", "tx", "stall"):
            setattr(self, name, getattr(reader, name))

    def elaborate(self, platform) -> Module:
        m = Module()
        m.submodules.reader = self._reader
        m.d.comb += self._reader.value.eq(self.value)
        of_configuration = self.value[8:].matches(CONFIGURATION, OTHER_SPEED)
        with m.If((self._speed == USBSpeed.FULL) & of_configuration):
            m.d.comb += self._reader.value[0].eq(~self.value[0])
        return m


class Requests(StandardRequestHandler):
    """LUNA's handler of standard requests, with descriptors that depend on ``speed``."""

    def __init__(self, table: dict[tuple[int, int], bytes], speed: Signal) -> None:
        self._speed = speed
        collection = DeviceDescriptorCollection(automatic_language_descriptor=False)
        for (kind, index), descriptor in table.items():
            collection.add_descriptor(descriptor, index, kind)
        super().__init__(collection, avoid_blockram=False)

    def get_descriptor_handler_submodule(self) -> Elaboratable:
        """Return the reader of descriptors; LUNA calls this."""
        return _BySpeed(super().get_descriptor_handler_submodule(), self._speed)
