"""Ports: USB devices and FTDI chips by stand-ins for their packages; what cannot be opened."""

import array
import sys
import threading
import time

import pytest
import usb.core
from pyftdi.ftdi import Ftdi, FtdiError
from pyftdi.usbtools import UsbToolsError

from probecodec.host import recorder
from probecodec.host.ports import PortError, open_port
from probecodec.host.recorder import Recorder

from .captures import CAPTURE, CHUNKS
from .program import run


def read_all(port):
    """What a port gives until it is lost."""
    pieces = []
    while (data := port.read()) is not None:
        assert isinstance(data, bytes)
        pieces.append(data)
    return pieces


class Device:
    """A USB device as pyusb has it: packets of its endpoint, then unplugged."""

    def __init__(self, pieces):
        self._pieces = list(pieces)
        self.configured = self.disposed = False

    def set_configuration(self):
        self.configured = True

    def read(self, endpoint, size, timeout):
        assert self.configured and endpoint == 0x81 and timeout > 0
        if not self._pieces:
            raise usb.core.USBError("No such device (it may have been disconnected)", errno=19)
        piece = self._pieces.pop(0)
        if piece is None:
            raise usb.core.USBTimeoutError("Operation timed out", errno=110)
        assert len(piece) <= size
        return array.array("B", piece)


class TestUsb:
    @pytest.fixture
    def bus(self, monkeypatch):
        """Devices by (vendor, product)."""
        devices = {}

        def find(idVendor, idProduct):
            return devices.get((idVendor, idProduct))

        monkeypatch.setattr("usb.core.find", find)
        monkeypatch.setattr(
            "usb.util.dispose_resources", lambda device: setattr(device, "disposed", True)
        )
        return devices

    @pytest.mark.parametrize(
        ("name", "identity"),
        [("usb", (0x1209, 1)), ("usb:1209:0001", (0x1209, 1)), ("usb:0403:6010", (0x403, 0x6010))],
    )
    def test_bulk_packets(self, bus, name, identity):
        bus[identity] = device = Device([*CHUNKS[:3], None, *CHUNKS[3:]])
        with open_port(name, 1) as port:
            assert not port.ends
            assert read_all(port) == [*CHUNKS[:3], b"", *CHUNKS[3:]]
        assert device.disposed

    def test_through_the_command(self, bus, tmp_path):
        bus[0x1209, 1] = Device(CHUNKS)
        result = run("capture", tmp_path / "out.pcs", "--port", "usb", status=1)
        assert (tmp_path / "out.pcs").read_bytes() == CAPTURE
        assert result.stderr == "usb was lost; what had come until then is kept\n"

    def test_not_there(self, bus):
        with pytest.raises(PortError, match="no USB device 1209:0001 is there; is it"):
            open_port("usb", 1).__enter__()

    @pytest.mark.parametrize("name", ["usb:1209", "usb:12:zz", "usb:1:2:3"])
    def test_bad_names(self, bus, name):
        with pytest.raises(PortError, match="is not usb:VENDOR:PRODUCT"):
            open_port(name, 1).__enter__()

    def test_not_allowed(self, bus):
        bus[0x1209, 1] = device = Device([])

        def refuse():
            raise usb.core.USBError("Access denied", errno=13)

        device.set_configuration = refuse
        with pytest.raises(PortError, match=r"\(Permission denied\); is it free, and may you use"):
            open_port("usb", 1).__enter__()

    def test_no_libusb(self, monkeypatch):
        def find(**_):
            raise usb.core.NoBackendError("No backend available")

        monkeypatch.setattr("usb.core.find", find)
        with pytest.raises(PortError, match=r"USB needs libusb; install it: apt-get install"):
            open_port("usb", 1).__enter__()


class Chip:
    """An FTDI chip as pyftdi has it: it notes how it is set up, gives pieces, and is unplugged."""

    BitMode = Ftdi.BitMode
    pieces = ()
    latest = None

    def __init__(self):
        Chip.latest = self
        self.done = []
        self._pieces = list(self.pieces)

    def open_from_url(self, url):
        if url == "ftdi://ftdi:none/1":
            raise UsbToolsError("No USB device matches URL ftdi://ftdi:none/1")
        self.done.append(("open", url))

    def set_bitmode(self, mask, mode):
        self.done.append(("mode", mode))

    def set_flowctrl(self, what):
        self.done.append(("flow control", what))

    def set_latency_timer(self, milliseconds):
        assert Ftdi.LATENCY_MIN <= milliseconds <= Ftdi.LATENCY_MAX

    def read_data_set_chunksize(self, size):
        pass

    def read_data_bytes(self, size, attempt):
        if not self._pieces:
            raise FtdiError("UsbError: [Errno 19] No such device")
        return bytearray(self._pieces.pop(0))

    def close(self):
        self.done.append(("close",))


class TestFtdi:
    @pytest.fixture(autouse=True)
    def chip(self, monkeypatch):
        monkeypatch.setattr("pyftdi.ftdi.Ftdi", Chip)
        monkeypatch.setattr(Chip, "pieces", (*CHUNKS[:2], b"", *CHUNKS[2:]))

    def test_synchronous_fifo(self):
        with open_port("ftdi://ftdi:232h/1", 1) as port:
            assert b"".join(read_all(port)) == CAPTURE
        done = Chip.latest.done
        assert done[0] == ("open", "ftdi://ftdi:232h/1")
        modes = [step[1] for step in done if step[0] == "mode"]
        assert modes == [Ftdi.BitMode.RESET, Ftdi.BitMode.SYNCFF]  # FTDI AN_130
        assert ("flow control", "hw") in done and done[-1] == ("close",)

    def test_not_there(self):
        with pytest.raises(PortError, match=r"No USB device matches.*; is it plugged in"):
            open_port("ftdi://ftdi:none/1", 1).__enter__()

    def test_the_methods_are_those_of_pyftdi(self):
        """The stand-in has no method that pyftdi has not."""
        own = [name for name in vars(Chip) if not name.startswith("_")]
        assert all(hasattr(Ftdi, name) for name in own if name not in ("pieces", "latest"))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("/dev/ttyNONE", r"/dev/ttyNONE cannot be opened \(No such file or directory\); serial "),
        ("COM99", r"COM99 cannot be opened \(No such file or directory\); serial ports that are"),
        ("tcp://here:1", "tcp://here:1 cannot be opened .*not known"),
        ("udp://0.0.0.0", "names no port; write udp://0.0.0.0:5005"),
        ("udp://0.0.0.0:99999", "names no port"),
        ("udp://192.0.2.1:5005", "Cannot assign requested address"),
        ("udp://no.such.host.invalid:5005", "cannot be opened"),
        ("/", "cannot be opened"),
    ],
)
def test_what_cannot_be_opened(name, sentence):
    with pytest.raises(PortError, match=sentence):
        open_port(name, 115_200).__enter__()


@pytest.mark.parametrize(
    ("name", "package"), [("/dev/ttyS0", "serial"), ("usb", "usb"), ("ftdi://x/1", "pyftdi")]
)
def test_a_missing_package(monkeypatch, name, package):
    for module in list(sys.modules):
        if module.partition(".")[0] == package:
            monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PortError, match=r"install it: pip install 'probecodec\[capture\]'"):
        open_port(name, 1).__enter__()


def test_a_slow_disk_bounds_the_memory(tmp_path, monkeypatch):
    """Reading waits once so many pieces are held; then all are written."""
    monkeypatch.setattr(recorder, "_PIECES", 8)
    disk = threading.Event()

    class Slow(Recorder):
        def _write(self):
            disk.wait(20)
            super()._write()

    class Port:
        ends = True
        given = 0

        def read(self):
            if self.given == 30:
                return None
            self.given += 1
            return bytes([self.given]) * 1000

    port = Port()
    with Slow(port, tmp_path / "out.pcs") as slow:
        time.sleep(0.2)
        assert port.given == 9  # one in the reader's hand
        disk.set()
        assert slow.over.wait(20)
    assert (tmp_path / "out.pcs").read_bytes() == b"".join(bytes([n]) * 1000 for n in range(1, 31))


def test_a_port_that_does_not_return(tmp_path, monkeypatch):
    """What came is written, and the program ends."""
    monkeypatch.setattr(recorder, "_JOIN_SECONDS", 0.1)
    release = threading.Event()

    class Port:
        ends = False
        first = True

        def read(self):
            if not self.first:
                release.wait(20)
                return None
            self.first = False
            return CAPTURE

    with Recorder(Port(), tmp_path / "out.pcs") as hung:
        while not hung.size:
            time.sleep(0.01)
        hung.stop()
    release.set()
    assert (tmp_path / "out.pcs").read_bytes() == CAPTURE
