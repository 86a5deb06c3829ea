"""Where a capture comes from: serial ports, FTDI chips, USB devices, UDP sockets, pipes."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

_CHUNK = 1 << 16
_WAIT_SECONDS = 0.1
_RECEIVE_BUFFER = 1 << 24  # a quarter of a second at 60 MB/s, where the system allows so much
_DATAGRAMS = 44  # of 1472 bytes, about a chunk
_USB_ID = "1209:0001"  # of the link usb, and its endpoint
_BULK_IN = 0x81
_FTDI_LATENCY_MS = 2
_STDIN = 0
_NO_LIBUSB = "USB needs libusb; install it: apt-get install libusb-1.0-0"


class PortError(ValueError):
    """A port that cannot be opened; the message says what to do."""


class Port(Protocol):
    """What gives bytes; ``ends`` where it comes to an end by itself, as a file does."""

    ends: bool

    def read(self) -> bytes | None:
        """Return what is there; empty where nothing came for a moment; None at the end."""

    def close(self) -> None:
        """Give the port back."""


class _Serial(NamedTuple):
    port: Any
    ends: bool = False

    def read(self) -> bytes | None:
        import serial

        try:
            return bytes(self.port.read(max(1, min(_CHUNK, self.port.in_waiting))))
        except (serial.SerialException, OSError):  # the cable was pulled
            return None

    def close(self) -> None:
        self.port.close()


class _Udp(NamedTuple):
    port: socket.socket
    ends: bool = False

    def read(self) -> bytes | None:
        pieces = []
        with contextlib.suppress(OSError):  # no more are there
            select.select([self.port], [], [], _WAIT_SECONDS)
            for _ in range(_DATAGRAMS):  # all that are there: fewer, larger pieces to write
                pieces.append(self.port.recv(_CHUNK))
        return b"".join(pieces)

    def close(self) -> None:
        self.port.close()


class _Usb(NamedTuple):
    port: Any
    ends: bool = False

    def read(self) -> bytes | None:
        import usb.core

        try:
            return bytes(self.port.read(_BULK_IN, _CHUNK, int(_WAIT_SECONDS * 1000)))
        except usb.core.USBTimeoutError:
            return b""
        except usb.core.USBError:  # the cable was pulled
            return None

    def close(self) -> None:
        import usb.util

        usb.util.dispose_resources(self.port)


class _Ftdi(NamedTuple):
    port: Any
    ends: bool = False

    def read(self) -> bytes | None:
        from pyftdi.ftdi import FtdiError

        try:
            return bytes(self.port.read_data_bytes(_CHUNK, attempt=1))
        except (FtdiError, OSError):
            return None

    def close(self) -> None:
        self.port.close()


class _File(NamedTuple):
    number: int
    ends: bool = True

    def read(self) -> bytes | None:
        # Elsewhere only sockets can be waited for: there a silent pipe is waited for itself.
        if os.name == "posix" and not select.select([self.number], [], [], _WAIT_SECONDS)[0]:
            return b""
        return os.read(self.number, _CHUNK) or None

    def close(self) -> None:
        if self.number != _STDIN:
            os.close(self.number)


@contextlib.contextmanager
def open_port(name: str, baud: int) -> Iterator[Port]:
    """Open the port ``name``, as ``probecodec capture --help`` lists them.

    ``baud`` is for serial ports.

    Raises
    ------
    PortError
        Where there is none such, or a package is missing; the message says what to do.
    """
    try:
        port = _open(name, baud)
    except ModuleNotFoundError as error:
        raise PortError(
            f"{name} needs {error.name}; install it: pip install 'probecodec[capture]'"
        ) from None
    try:
        yield port
    finally:
        with contextlib.suppress(OSError):
            port.close()


def _open(name: str, baud: int) -> Port:
    if name.startswith("udp://"):
        return _open_udp(name)
    if name == "usb" or name.startswith("usb:"):
        return _open_usb(name)
    if name.startswith("ftdi://"):
        return _open_ftdi(name)
    if name == "-":
        try:
            os.fstat(_STDIN)
        except OSError:  # else the next file opened would be it: the capture
            raise PortError("standard input is closed: give it a pipe or a file") from None
        return _File(_STDIN)
    if Path(name).is_fifo() or Path(name).is_file():
        # A pipe opens without waiting for who writes into it: `read` waits.
        binary, at_once = getattr(os, "O_BINARY", 0), getattr(os, "O_NONBLOCK", 0)
        return _File(os.open(name, os.O_RDONLY | binary | at_once))
    return _open_serial(name, baud)


def _open_serial(name: str, baud: int) -> Port:
    import serial

    try:
        return _Serial(serial.serial_for_url(name, baud, timeout=_WAIT_SECONDS, exclusive=True))
    except Exception as error:  # pyserial passes on whatever its parts raise
        raise PortError(f"{name} cannot be opened ({_reason(error)}); {_advice(error)}") from None


def _reason(error: Exception) -> str:
    number = getattr(error, "errno", None)
    return os.strerror(number) if number else str(error)


def _advice(error: Exception) -> str:
    """What to do about a serial port that does not open."""
    number = getattr(error, "errno", None)
    if number == errno.EAGAIN:
        return "another program has it"
    if number == errno.EACCES:
        return "you may not use it: join its group (dialout or uucp), and log in anew"
    from serial.tools.list_ports import comports

    there = ", ".join(sorted(port.device for port in comports())) or "none"
    return f"serial ports that are there: {there}"


def _open_udp(name: str) -> Port:
    try:
        parts = urlsplit(name)
        host, port = parts.hostname or "0.0.0.0", parts.port
    except ValueError:
        port = None
    if port is None:
        raise PortError(f"{name} names no port; write udp://0.0.0.0:5005") from None
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    receiver.setblocking(False)
    try:
        receiver.bind((host, port))
    except OSError as error:
        receiver.close()
        raise PortError(
            f"{name} cannot be opened ({error.strerror}); choose another port"
        ) from None
    return _Udp(receiver)


def _open_usb(name: str) -> Port:
    import usb.core

    identity = name.partition(":")[2] or _USB_ID
    try:
        vendor, product = (int(text, 16) for text in identity.split(":"))
    except ValueError:
        raise PortError(f"{name} is not usb:VENDOR:PRODUCT, four hexadecimal digits each") from None
    try:
        device = usb.core.find(idVendor=vendor, idProduct=product)
        if device is not None:
            device.set_configuration()
    except usb.core.NoBackendError:
        raise PortError(_NO_LIBUSB) from None
    except usb.core.USBError as error:
        raise PortError(
            f"{name} cannot be opened ({_reason(error)}); is it free, and may you use it?"
        ) from None
    if device is None:
        raise PortError(f"no USB device {vendor:04x}:{product:04x} is there; is it plugged in?")
    return _Usb(device)


def _open_ftdi(name: str) -> Port:
    from pyftdi.ftdi import Ftdi
    from pyftdi.usbtools import UsbToolsError
    from usb.core import NoBackendError, USBError

    device = Ftdi()
    try:
        device.open_from_url(name)
        device.set_bitmode(0, Ftdi.BitMode.RESET)
        device.set_bitmode(0, Ftdi.BitMode.SYNCFF)
        device.set_flowctrl("hw")  # FTDI AN_130: or else the chip's buffer may run over
        device.set_latency_timer(_FTDI_LATENCY_MS)
        device.read_data_set_chunksize(_CHUNK)
    except NoBackendError:
        raise PortError(_NO_LIBUSB) from None
    except (UsbToolsError, USBError, OSError, ValueError) as error:
        if "backend" in str(error):
            raise PortError(_NO_LIBUSB) from None
        raise PortError(
            f"{name} cannot be opened ({error}); is it plugged in, free, and may you use it?"
        ) from None
    return _Ftdi(device)
