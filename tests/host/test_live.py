"""Live streams: what each kind of link gives, and that no packet waits for the next."""

import contextlib
import itertools
import os
import random
import socket
import threading
import time
import tty
from queue import Queue

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.host import listen
from probecodec.host.live import Listener

from .captures import (
    AUX,
    CAPTURE,
    CHUNKS,
    FRAMES,
    OFFSETS,
    SAMPLES,
    STARTS,
    STOPS,
    expected_gaps,
    packets,
    signal,
)

SECONDS = 20  # until a test that hears nothing fails


class Heard:
    """What `listen` yields in another thread."""

    def __init__(self, stream, **how):
        self.listener = Listener(how.get("reorder", 0))
        self._queue = Queue()
        self._how = how
        self._thread = threading.Thread(target=self._run, args=(stream,), daemon=True)
        self._thread.start()

    def _run(self, stream):
        try:
            for arrival in listen(stream, listener=self.listener, **self._how):
                self._queue.put(arrival)
        except Exception as error:
            self._queue.put(error)
        else:
            self._queue.put(None)

    def next(self, seconds=SECONDS):
        """The next arrival; None at the end."""
        arrival = self._queue.get(timeout=seconds)
        if isinstance(arrival, Exception):
            raise arrival
        return arrival

    def end(self):
        """All arrivals up to the end."""
        arrivals = list(iter(self.next, None))
        self.join()
        return arrivals

    def join(self):
        self._thread.join(SECONDS)


class Port:
    """A serial port, as pyserial has it: blocks until something is there, or a while."""

    def __init__(self, end):
        self._end = end
        end.settimeout(0.05)
        self._data = b""

    def close(self):
        self._end.close()

    @property
    def in_waiting(self):
        return len(self._data)

    def read(self, size):
        if not self._data:
            try:
                self._data = self._end.recv(1 << 16)
            except TimeoutError:
                return b""
        data, self._data = self._data[:size], self._data[size:]
        return data


def pipe(folder, buffering=-1):
    reader, writer = os.pipe()
    return os.fdopen(reader, "rb", buffering), os.fdopen(writer, "wb", 0), {}


def raw_pipe(folder):
    return pipe(folder, buffering=0)


def pipe_that_does_not_block(folder):
    stream, writer, how = pipe(folder, buffering=0)
    os.set_blocking(stream.fileno(), False)
    return stream, writer, how


def named_pipe(folder):
    os.mkfifo(folder / "fifo")
    end = os.open(folder / "fifo", os.O_RDWR)  # as a writer, it would wait for the reader
    return folder / "fifo", os.fdopen(end, "wb", 0), {}


def terminal(folder):
    """A device by its path, as /dev/ttyUSB0 is."""
    master, slave = os.openpty()
    tty.setraw(slave)
    return os.ttyname(slave), os.fdopen(master, "wb", 0), {}


def serial_port(folder):
    ours, theirs = socket.socketpair()
    file = theirs.makefile("wb", 0)
    theirs.close()  # the file is what is left of it
    return Port(ours), file, {"timeout": 1}


def tcp(folder):
    with socket.create_server(("127.0.0.1", 0)) as server:
        theirs = socket.create_connection(server.getsockname())
        ours, _ = server.accept()
    file = theirs.makefile("wb", 0)
    theirs.close()
    return ours, file, {}


def growing_file(folder):
    return folder / "a.pcs", (folder / "a.pcs").open("wb", 0), {"timeout": 1}


LINKS = [
    *(pipe, raw_pipe, pipe_that_does_not_block, named_pipe, terminal, serial_port, tcp),
    growing_file,
]


def hang_up(link):
    """A terminal that hangs up ends, or fails: as the kernel likes."""
    return contextlib.suppress(OSError) if link == terminal else contextlib.nullcontext()


def close(stream):
    if hasattr(stream, "close"):
        stream.close()


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.__name__)
def test_each_packet_comes_before_the_next_is_sent(tmp_path, link):
    stream, writer, how = link(tmp_path)
    heard = Heard(stream, **how)
    with writer:
        for n, chunk in enumerate(CHUNKS):
            writer.write(chunk[:-7])
            writer.write(chunk[-7:])
            arrival = heard.next()
            assert arrival.start == STARTS[n]
            np.testing.assert_array_equal(arrival.samples, SAMPLES[STARTS[n] : STOPS[n]])
            np.testing.assert_array_equal(arrival.aux, AUX[STARTS[n] : STOPS[n]])
    with hang_up(link):
        assert heard.end() == []
    close(stream)
    assert (heard.listener.damaged, heard.listener.plan.segments[0].gaps) == ([], [])


@pytest.mark.parametrize("link", LINKS, ids=lambda link: link.__name__)
def test_all_at_once(tmp_path, link):
    stream, writer, how = link(tmp_path)
    heard = Heard(stream, **how)
    with writer:
        writer.write(CAPTURE)
        arrivals = [heard.next() for _ in CHUNKS]
    with hang_up(link):
        assert heard.end() == []
    close(stream)
    np.testing.assert_array_equal(np.concatenate([each.samples for each in arrivals]), SAMPLES)


@pytest.mark.parametrize("link", [pipe, tcp, growing_file], ids=lambda link: link.__name__)
def test_the_end_amid_a_packet(tmp_path, link):
    stream, writer, how = link(tmp_path)
    heard = Heard(stream, **how)
    with writer:
        writer.write(CAPTURE[:-5])
    assert [arrival.start for arrival in heard.end()] == STARTS[:-1]
    close(stream)
    (damage,) = heard.listener.damaged
    assert damage.offset == OFFSETS[19] and "is cut off" in damage.sentence


def test_datagrams():
    """In any order, within what is waited for; one is lost."""
    kept = [n for n in range(20) if n != 10]
    parts = [part for n in kept for part in packets(CHUNKS[n])]
    rng = random.Random(0)
    order = [0, 1, *sorted(range(2, len(parts)), key=lambda n: n + rng.randrange(7))]
    assert order != sorted(order)
    with socket.socket(type=socket.SOCK_DGRAM) as ours, socket.socket(type=socket.SOCK_DGRAM) as to:
        ours.bind(("127.0.0.1", 0))
        ours.settimeout(0.05)
        heard = Heard(ours, reorder=8, timeout=0.3)
        for n in order:
            to.sendto(parts[n], ours.getsockname())
        arrivals = heard.end()
    decodable = [n for n in kept if n != 11]  # 11 waits for the restart, 12
    assert [arrival.start for arrival in arrivals] == [STARTS[n] for n in decodable]
    for arrival in arrivals:
        rows = slice(arrival.start, arrival.start + len(arrival.aux))
        np.testing.assert_array_equal(arrival.samples, SAMPLES[rows])
    assert heard.listener.plan.segments[0].gaps == expected_gaps(kept)
    assert heard.listener.plan.out_of_order == 0


def test_a_growing_file_is_read_on_until_it_is_silent(tmp_path):
    path = tmp_path / "a.pcs"
    path.write_bytes(CAPTURE[:700])
    heard = Heard(path, timeout=0.6)
    assert heard.next().start == 0
    started = time.monotonic()
    for at in range(700, len(CAPTURE), 400):
        with path.open("ab") as file:
            file.write(CAPTURE[at : at + 400])
        time.sleep(0.2)
    arrivals = heard.end()
    assert arrivals[-1].start == STARTS[-1] and len(arrivals) == 19
    assert time.monotonic() - started > 0.6 + 0.2 * 3


@pytest.mark.parametrize(
    "link",
    [pipe, named_pipe, terminal, serial_port, tcp, growing_file],
)
def test_a_silent_link_ends_after_the_timeout(tmp_path, link):
    stream, writer, _ = link(tmp_path)
    heard = Heard(stream, timeout=0.2)
    try:
        writer.write(CHUNKS[0])
        assert heard.next().start == 0
        assert heard.next(seconds=5) is None
    finally:
        writer.close()
        heard.join()
        close(stream)


def test_two_streams(tmp_path):
    config = EncoderConfig(channels=3, sample_bits=9, stream_id=5, packet_frames=10)
    theirs, _ = signal(config, frames=200, seed=4)
    stream, writer, _ = pipe(tmp_path)
    heard = Heard(stream)
    with writer:
        for ours, other in zip(CHUNKS, encode(config, theirs), strict=True):
            for part, stream_id in ((ours, 0), (other, 5)):
                writer.write(part)
                arrival = heard.next()
                expected = theirs if stream_id else SAMPLES
                rows = slice(arrival.start, arrival.start + len(arrival.aux))
                assert arrival.segment.stream_id == stream_id
                np.testing.assert_array_equal(arrival.samples, expected[rows])
    assert heard.end() == []
    close(stream)
    assert [each.frames for each in heard.listener.plan.segments] == [FRAMES, 200]


def test_what_cannot_be_read(tmp_path):
    with pytest.raises(FileNotFoundError):
        next(listen(tmp_path / "none"))
    reader, writer = os.pipe()
    with os.fdopen(writer, "wb", 0) as stream, pytest.raises(OSError):
        next(listen(stream))
    os.close(reader)


def test_a_break_closes_the_file(tmp_path):
    path = tmp_path / "a.pcs"
    path.write_bytes(CAPTURE)
    for n, arrival in enumerate(itertools.islice(listen(path), 3)):
        assert arrival.start == STARTS[n]
