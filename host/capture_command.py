"""The verb ``capture``: from a board's link into a file."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Event, Thread

import click

from .meter import Meter, Reading
from .options import Failure, force_option, json_option
from .ports import KINDS, Port, open_port

_PATH = click.Path(path_type=Path)
Show = Callable[[Reading], None]
_SHOW_SECONDS = 0.25


@click.command()
@click.argument("out", type=_PATH)
@click.option("--port", required=True, help=f"Where it comes from: {'; '.join(KINDS)}.")
@click.option("--baud", type=click.IntRange(1), default=12_000_000, show_default=True)
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), help="Stop so long after the first byte."
)
@click.option(
    "--wait",
    type=click.FloatRange(0, min_open=True),
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
    """Write what comes from a link into the capture OUT (.pcs).

    Shows rate, ratio and missing frames meanwhile; Ctrl-C ends it. What came is kept, also where
    the port is lost.

    Exit status: 0 success; 1 frames are missing or damaged, or the port was lost; 2 bad usage or
    input, or nothing came, and nothing is written.
    """
    from .recording import check_output

    check_output(out, (".pcs",), force=force)
    meter = Meter()
    with open_port(port, baud) as source, _screen(as_json) as show:
        pulled = _record(source, out, meter, seconds, wait, show)
    reading = meter.reading
    if not reading.size:
        raise Failure(
            f"nothing came from {port} for {wait:g} s: is the board sending, and at this rate?"
        )
    if as_json:
        click.echo(json.dumps({"capture": str(out), **reading.as_json()}))
    else:
        click.echo(f"{out}: {reading}")
    if pulled:
        click.echo(f"{port} was lost; what had come is kept", err=True)
    if not reading.packets:
        click.echo("no intact packet: is this a probecodec stream, at this rate?", err=True)
    if pulled or not reading.packets or reading.dropped or reading.lost:
        sys.exit(1)


def _record(
    source: Port, out: Path, meter: Meter, seconds: float | None, wait: float, show: Show
) -> bool:
    """Write what comes until it ends; return whether the port was lost.

    Another thread reads, so that no buffer of the system runs over while this one looks at packets.
    """
    pieces: Queue[bytes | None] = Queue()
    stop = Event()

    def read() -> None:
        while not stop.is_set():
            data = source.read()
            if data != b"":
                pieces.put(data)
            if data is None:
                return

    reader = Thread(target=read, daemon=True)
    reader.start()
    began = last = shown = time.monotonic()
    file = None
    try:
        while True:
            now = time.monotonic()
            over = file is not None and seconds is not None and now - began >= seconds
            if over or now - last > wait:
                return False
            try:
                data = pieces.get(timeout=0.05)
            except Empty:
                continue
            if data is None:
                return not source.ends
            last = time.monotonic()
            if file is None:
                file, began = out.open("wb"), last
            file.write(data)
            meter.feed(data)
            if last - shown > _SHOW_SECONDS:
                shown = last
                show(meter.reading)
    except KeyboardInterrupt:
        return False
    finally:
        stop.set()
        reader.join(timeout=1)
        if file is not None:
            while not pieces.empty():  # what had come by then
                data = pieces.get() or b""
                file.write(data)
                meter.feed(data)
            file.close()


@contextmanager
def _screen(quiet: bool) -> Iterator[Show]:
    """Yield what shows a reading in one line on stderr, where that is a terminal."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda reading: None
        return
    with Live(Text("waiting for the first byte"), console=console, transient=True) as live:

        def show(reading: Reading) -> None:
            live.update(Text(str(reading)))

        yield show
