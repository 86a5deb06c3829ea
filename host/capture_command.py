"""The verb ``capture``: from a board's link into a file."""

from __future__ import annotations

import json
import math
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import BinaryIO

import click

from .meter import Meter, Reading
from .options import Failure, force_option, json_option
from .ports import open_port
from .recorder import Recorder
from .timeline import Cause

_PATH = click.Path(path_type=Path)
_SHOW_SECONDS = 0.25
_POLL_SECONDS = 0.02
_PIECE_BYTES = 1 << 17

Show = Callable[[str], None]


def _finite(context: click.Context, option: click.Parameter, value: float | None) -> float | None:
    """Refuse what no clock reaches."""
    if value is not None and not math.isfinite(value):
        raise click.BadParameter(f"{value} is no number of seconds")
    return value


@click.command()
@click.argument("out", type=_PATH)
@click.option("--port", required=True, help="Where it comes from.")
@click.option(
    "--baud",
    type=click.IntRange(1),
    default=12_000_000,
    show_default=True,
    help="Bits a second of a serial port: 8 data bits, no parity, 1 stop bit.",
)
@click.option(
    "--seconds",
    type=click.FloatRange(0, min_open=True),
    callback=_finite,
    help="Stop so long after the first byte.",
)
@click.option(
    "--wait",
    type=click.FloatRange(0, min_open=True),
    callback=_finite,
    default=10.0,
    show_default=True,
    help="Stop where nothing came for so many seconds.",
)
@force_option
@json_option
def capture(
    out: Path,
    port: str,
    baud: int,
    seconds: float | None,
    wait: float,
    force: bool,
    as_json: bool,
) -> None:
    """Write what comes from a link into the capture OUT (.pcs), byte for byte.

    Shows meanwhile what it holds; Ctrl-C ends it. What came is kept, also where the port is lost or
    the disk is full. Ports:

    \b
      /dev/ttyUSB1, COM3  a serial port, with --baud
      ftdi://ftdi:232h/1  an FTDI chip as synchronous FIFO, as pyftdi names it
      usb                 the link usb; usb:VENDOR:PRODUCT for another device
      udp://0.0.0.0:5005  address and UDP port that the datagrams come to
      -                   standard input; or the name of a pipe or file

    Exit status: 0 success; 1 frames are missing, no packet is intact, or the port was lost or the
    disk full; 2 bad usage or input, or nothing came, and nothing is written.
    """
    from .recording import check_output

    check_output(out, (".pcs",), force=force)
    if out.exists() and Path(port).exists() and out.samefile(port):
        raise Failure(f"{out} is the port itself: choose another name")
    meter = Meter()
    with (
        _interrupts() as stop,
        open_port(port, baud) as source,
        _screen(as_json) as show,
        Recorder(source, out) as recorder,
        out.open("rb", buffering=0) as written,
    ):
        ended = _follow(recorder, written, meter, seconds, wait, stop, show)
    if not recorder.size:
        raise recorder.error or Failure(f"nothing came from {port}: is the board sending?")
    reading, length = meter.reading, recorder.seconds
    rate = 8 * reading.size / length if length else None
    if as_json:
        about = {"capture": str(out), "ended": ended, "seconds": length, "bits_per_second": rate}
        click.echo(json.dumps(about | reading.as_json()))
    else:
        click.echo(f"{out}: {_amount(reading.size, length)}; ended: {ended}")
        if reading.packets:
            click.echo(f"{reading}\nnext: probecodec info {out}; probecodec decode {out} OUT.npy")
    troubles = list(_troubles(port, out, recorder, reading))
    for trouble in troubles:
        click.echo(trouble, err=True)
    if troubles:
        sys.exit(1)


def _follow(
    recorder: Recorder,
    written: BinaryIO,
    meter: Meter,
    seconds: float | None,
    wait: float,
    stop: Event,
    show: Show,
) -> str:
    """Meter what is written until it ends; return what ended it.

    The file is what is metered: where this is slower than the link, no byte is lost, and the
    numbers are right in the end.
    """
    began = shown = time.monotonic()
    ended = ""
    while not ended:
        piece = written.read(_PIECE_BYTES) if recorder.size else b""
        if piece:
            meter.feed(piece)
        else:
            recorder.over.wait(_POLL_SECONDS)
        now = time.monotonic()
        if now - shown > _SHOW_SECONDS and recorder.size:
            shown = now
            show(f"{_amount(recorder.size, now - (recorder.first or now))}, {meter.reading}")
        if recorder.over.is_set():
            ended = "port lost" if recorder.lost else "end of input"
            ended = "write error" if recorder.error else ended
        elif stop.is_set():
            ended = "interrupt"
        elif seconds and recorder.first and now - recorder.first >= seconds:
            ended = "time"
        elif now - (recorder.latest or began) > wait:
            ended = "silence"
    recorder.stop()
    while piece := written.read(_PIECE_BYTES) if recorder.size else b"":
        meter.feed(piece)
    meter.finish()
    return ended


def _amount(size: int, seconds: float) -> str:
    rate = f", {8e-6 * size / seconds:,.2f} Mbit/s" if seconds else ""
    return f"{size / 1e6:,.1f} MB in {seconds:,.1f} s{rate}"


def _troubles(port: str, out: Path, recorder: Recorder, reading: Reading) -> Iterator[str]:
    """What went wrong, and what to do."""
    if recorder.error is not None:
        yield f"{out}: {recorder.error.strerror}; what had come until then is kept"
    if recorder.lost:
        yield f"{port} was lost; what had come until then is kept"
    if not reading.packets:
        yield "no intact packet: is this a probecodec stream, and the rate (--baud) the board's?"
    if reading.missing[Cause.DROPPED]:
        yield (
            "the source dropped frames: the link does not carry this signal, or this computer "
            "did not read in time"
        )
    if reading.missing[Cause.LOST]:
        hint = "receive buffer (sysctl net.core.rmem_max)" if port.startswith("udp:") else "cable"
        yield f"frames were lost on the way: check the {hint}"


@contextmanager
def _interrupts() -> Iterator[Event]:
    """Yield what Ctrl-C and a request to end set, once; the second ends the program at once."""
    stop = Event()
    before = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(number: int, _: object) -> None:
        stop.set()
        restore()

    with suppress(ValueError):  # not in the main thread
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if number := getattr(signal, name, None):
                before[number] = signal.signal(number, handle)
    try:
        yield stop
    finally:
        restore()


@contextmanager
def _screen(quiet: bool) -> Iterator[Show]:
    """Yield what shows a line on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    def line(text: str) -> Text:
        return Text(text, no_wrap=True, overflow="ellipsis")

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda text: None
        return
    waiting = line("waiting for the first byte; Ctrl-C ends")
    with Live(waiting, console=console, transient=True, refresh_per_second=4) as live:
        yield lambda text: live.update(line(text))
