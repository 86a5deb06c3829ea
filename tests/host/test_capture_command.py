"""The verb ``capture`` on pseudo-terminals, sockets, pipes and files: it keeps what comes."""

import json
import os
import pty
import signal
import socket
import subprocess
import threading
import time
import tty
from pathlib import Path

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.host import capture_command
from probecodec.host.fast import encoder

from .captures import CAPTURE, CHUNKS, DROPPED, FRAMES, WITH_DROPS
from .program import fails, program, run

LONG = CAPTURE * 100  # 200 kB; all but the first are copies


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


class Terminal:
    """A pseudo-terminal: what is sent into it comes out of ``name`` as from a serial port."""

    def __init__(self):
        self._master, slave = os.openpty()
        self.name = os.ttyname(slave)
        self._slave = slave

    def send(self, data):
        while data:
            data = data[os.write(self._master, data[:2048]) :]

    def pull(self):
        os.close(self._slave)
        os.close(self._master)


@pytest.fixture
def terminal():
    return Terminal()


def soon(condition):
    """Wait for it."""
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def size():
    out = Path("out.pcs")
    return out.stat().st_size if out.exists() else 0


def in_background(function):
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def opened(terminal):
    """Has the program set the terminal to raw? (Then it is open.)"""
    import termios

    return not termios.tcgetattr(terminal._slave)[3] & termios.ICANON


def send_when_open(terminal, data, then=lambda: None):
    def act():
        soon(lambda: opened(terminal))
        terminal.send(data)
        then()

    return in_background(act)


class TestSerial:
    def test_every_byte_is_kept(self, terminal):
        """Also those that mean something to a terminal."""
        data = CAPTURE + bytes(range(256)) * 50 + CAPTURE
        send_when_open(terminal, data)
        result = run("capture", "out.pcs", "--port", terminal.name, "--wait", 0.4)
        assert Path("out.pcs").read_bytes() == data
        assert "ended: silence" in result.stdout

    @pytest.mark.parametrize("baud", [9600, 115_200, 3_000_000, 12_000_000])
    def test_any_baud_rate(self, terminal, baud):
        send_when_open(terminal, CAPTURE)
        run("capture", "out.pcs", "--port", terminal.name, "--wait", 0.3, "--baud", baud)
        assert Path("out.pcs").read_bytes() == CAPTURE

    def test_pulled(self, terminal):
        def pull():
            soon(lambda: size() == len(CAPTURE))
            terminal.pull()

        send_when_open(terminal, CAPTURE, pull)
        result = run("capture", "out.pcs", "--port", terminal.name, status=1)
        assert Path("out.pcs").read_bytes() == CAPTURE
        assert result.stderr == f"{terminal.name} was lost; what had come until then is kept\n"
        assert "ended: port lost" in result.stdout and "none missing" in result.stdout

    def test_stops_after_the_seconds_asked_for(self, terminal):
        def drip():
            soon(lambda: opened(terminal))
            for _ in range(100):
                terminal.send(CHUNKS[0])
                time.sleep(0.02)

        in_background(drip)
        told = json.loads(
            run("capture", "out.pcs", "--port", terminal.name, "--seconds", 0.5, "--json").stdout
        )
        assert told["ended"] == "time" and 0.4 < told["seconds"] < 0.7
        assert told["bytes"] == size() > 0
        assert told["bits_per_second"] == pytest.approx(8 * size() / told["seconds"])

    def test_another_program_has_it(self, terminal):
        import fcntl

        with open(terminal.name, "rb", buffering=0) as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            error = fails("capture", "out.pcs", "--port", terminal.name)
        assert error.endswith("another program has it")


class TestUdp:
    @pytest.fixture
    def port(self):
        """A free one."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            return free.getsockname()[1]

    def test_datagrams_become_the_capture(self, port):
        done = threading.Event()

        def send():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                while not done.wait(0.02) and not size():
                    sender.sendto(LONG[:1472], ("127.0.0.1", port))
                for start in range(1472, len(LONG), 1472):
                    sender.sendto(LONG[start : start + 1472], ("127.0.0.1", port))

        thread = in_background(send)
        run("capture", "out.pcs", "--port", f"udp://127.0.0.1:{port}", "--wait", 0.4)
        done.set()
        thread.join()
        kept = Path("out.pcs").read_bytes()
        again = len(kept) - len(LONG)  # until something had come, the first was sent again
        assert again % 1472 == 0 and kept == LONG[:1472] * (again // 1472) + LONG

    def test_a_port_that_is_taken(self, port):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", port))
            error = fails("capture", "out.pcs", "--port", f"udp://127.0.0.1:{port}")
        assert error.endswith("(Address already in use); choose another port")


class TestPipes:
    def test_a_pipe_that_is_written_later(self):
        os.mkfifo("pipe")

        def write():
            time.sleep(0.3)
            with open("pipe", "wb") as pipe:
                pipe.write(LONG)

        in_background(write)
        result = run("capture", "out.pcs", "--port", "pipe")
        assert Path("out.pcs").read_bytes() == LONG
        assert "ended: end of input" in result.stdout

    def test_a_pipe_that_nobody_writes(self):
        os.mkfifo("pipe")
        error = fails("capture", "out.pcs", "--port", "pipe", "--wait", 0.3)
        assert error == "Error: nothing came from pipe: is the board sending?"

    def test_standard_input(self):
        done = subprocess.run(
            program("capture", "out.pcs", "--port", "-"), input=LONG, capture_output=True
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert Path("out.pcs").read_bytes() == LONG

    def test_closed_standard_input(self):
        """The next file that is opened would be it: OUT."""
        Path("out.pcs").write_bytes(LONG)
        result = subprocess.run(
            program(
                "capture", "out.pcs", "--force", "--port", "-", before="import os; os.close(0)"
            ),
            capture_output=True,
            text=True,
        )
        assert result.returncode == 2 and "standard input is closed" in result.stderr
        assert Path("out.pcs").read_bytes() == LONG

    def test_standard_input_that_fails(self):
        """A terminal as standard input, whose other end goes away."""
        ours, theirs = pty.openpty()
        tty.setraw(ours)
        capture = subprocess.Popen(
            program("capture", "out.pcs", "--port", "-"), stdin=ours, stderr=subprocess.PIPE
        )
        os.write(theirs, LONG[:600])
        soon(lambda: size() == 600)
        os.close(theirs)
        os.close(ours)
        _, said = capture.communicate(timeout=30)
        assert capture.returncode == 1 and b"lost" in said and b"Traceback" not in said

    @pytest.mark.parametrize("option", ["--seconds", "--wait"])
    def test_no_number_of_seconds(self, option):
        assert "no number of seconds" in fails("capture", "o.pcs", "--port", "-", option, "nan")

    def test_silent_standard_input(self):
        """A pipe that stays open and silent ends too."""
        with subprocess.Popen(
            program("capture", "out.pcs", "--port", "-", "--wait", "0.5"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            process.stdin.write(CAPTURE)
            process.stdin.flush()
            assert process.wait(20) == 0
            assert b"ended: silence" in process.stdout.read()
            assert process.stderr.read() == b""
        assert Path("out.pcs").read_bytes() == CAPTURE

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_interrupt(self, number):
        with subprocess.Popen(
            program("capture", "out.pcs", "--port", "-"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            process.stdin.write(CAPTURE)
            process.stdin.flush()
            soon(lambda: size() == len(CAPTURE))
            process.send_signal(number)
            assert process.wait(20) == 0
            assert b"ended: interrupt" in process.stdout.read()
            assert process.stderr.read() == b""
        assert Path("out.pcs").read_bytes() == CAPTURE


class TestFiles:
    """Files stand for links that are as fast as may be."""

    def test_report(self):
        Path("link").write_bytes(CAPTURE)
        lines = run("capture", "out.pcs", "--port", "link").stdout.splitlines()
        assert lines[0].startswith("out.pcs: 0.0 MB in 0.0 s")
        assert f"{FRAMES} frames of 8 channels, none missing" in lines[1]
        assert lines[2] == "next: probecodec info out.pcs; probecodec decode out.pcs OUT.npy"
        run("decode", "out.pcs", "back.npy")

    def test_drops_and_losses(self):
        Path("link").write_bytes(b"".join(WITH_DROPS))
        result = run("capture", "out.pcs", "--port", "link", "--json", status=1)
        told = json.loads(result.stdout)
        assert (told["dropped"], told["lost"]) == (DROPPED.sum(), 0)
        assert told["frames"] == FRAMES - DROPPED.sum()
        assert result.stderr.startswith("the source dropped frames: ")

    def test_bytes_cut_out(self):
        Path("link").write_bytes(CAPTURE[:1000] + CAPTURE[1100:])
        result = run("capture", "out.pcs", "--port", "link", "--json", status=1)
        told = json.loads(result.stdout)
        assert told["lost"] > 0 == told["dropped"]
        assert result.stderr == "frames were lost on the way: check the cable\n"

    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (CAPTURE, 0),
            (b"".join(WITH_DROPS), 1),
            (CAPTURE[:1000] + CAPTURE[1301:], 1),
            (LONG[:500] + LONG[9001:], 0),  # what is gone comes again
            (CAPTURE[700:-3], 0),  # of a source that runs on
        ],
    )
    def test_agrees_with_info(self, data, status):
        Path("link").write_bytes(data)
        result = run("capture", "out.pcs", "--port", "link", "--json", status=status)
        told = json.loads(result.stdout)
        info = json.loads(run("info", "out.pcs", "--json").stdout)
        gaps = [gap for segment in info["segments"] for gap in segment["gaps"]]
        for name, cause in (("dropped", "dropped at"), ("lost", "lost or"), ("waiting", "waits")):
            frames = (g["stop"] - g["start"] for g in gaps if g["cause"].startswith(cause))
            assert told[name] == sum(frames)
        assert told["bytes"] == info["bytes"] == len(data)
        assert told["bytes_skipped"] == info["bytes_skipped"]
        assert told["packets"] == sum(segment["packets"] for segment in info["segments"])
        if len(info["segments"]) == 1:
            assert told["bits_per_sample"] == info["segments"][0]["bits_per_sample"]
            assert told["ratio_adc"] == info["segments"][0]["ratio_adc"]

    def test_no_stream(self):
        """As where the baud rate is another."""
        data = np.random.default_rng(0).bytes(50_000)
        Path("link").write_bytes(data)
        result = run("capture", "out.pcs", "--port", "link", status=1)
        assert result.stderr.startswith("no intact packet: ") and "--baud" in result.stderr
        assert result.stdout.count("\n") == 1 and Path("out.pcs").read_bytes() == data

    def test_nothing_came(self):
        Path("link").write_bytes(b"")
        assert fails("capture", "out.pcs", "--port", "link").startswith("Error: nothing came")

    def test_nothing_came_and_the_old_file_stays(self):
        Path("link").write_bytes(b"")
        Path("out.pcs").write_bytes(b"old")
        fails("capture", "out.pcs", "--port", "link", "--force")
        assert Path("out.pcs").read_bytes() == b"old"

    def test_what_exists_is_replaced_only_if_told(self):
        Path("link").write_bytes(CAPTURE)
        Path("out.pcs").write_bytes(bytes(100_000))
        assert "exists: choose another name, or --force" in fails(
            "capture", "out.pcs", "--port", "link"
        )
        assert Path("out.pcs").read_bytes() == bytes(100_000)
        run("capture", "out.pcs", "--port", "link", "--force")
        assert Path("out.pcs").read_bytes() == CAPTURE

    def test_the_port_is_not_overwritten(self):
        Path("out.pcs").write_bytes(CAPTURE)
        assert "is the port itself" in fails("capture", "out.pcs", "--port", "out.pcs", "--force")
        assert Path("out.pcs").read_bytes() == CAPTURE

    def test_names(self):
        Path("link").write_bytes(CAPTURE)
        assert "does not end in .pcs" in fails("capture", "out.bin", "--port", "link")
        assert "No such file" in fails("capture", "none/out.pcs", "--port", "link")

    def test_a_folder_that_cannot_be_written(self, monkeypatch):
        """Known before anything is read. (The superuser may write everywhere: a stand-in.)"""
        Path("link").write_bytes(CAPTURE)

        def refuse(path, *_, **__):
            raise PermissionError(13, "Permission denied", str(path))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "open", refuse)
            error = fails("capture", "out.pcs", "--port", "link")
        assert error == "Error: out.pcs: Permission denied"

    def test_full_disk(self):
        """A limit on the size of files stands for it; only the last write meets it."""
        Path("link").write_bytes(LONG)
        before = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (200_300, 200_300))"
        done = subprocess.run(
            program("capture", "out.pcs", "--port", "link", before=before),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert "out.pcs: File too large; what had come until then is kept\n" in done.stderr
        assert "ended: write error" in done.stdout and "Traceback" not in done.stderr
        assert Path("out.pcs").read_bytes() == LONG[:200_300] != LONG

    def test_a_disk_with_no_room_at_all(self):
        Path("link").write_bytes(LONG)
        before = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (0, 0))"
        done = subprocess.run(
            program("capture", "out.pcs", "--port", "link", before=before),
            capture_output=True,
            text=True,
        )
        assert (done.returncode, done.stderr) == (2, "Error: out.pcs: File too large\n")
        assert os.listdir() == ["link"]

    def test_a_slow_meter_loses_nothing(self, monkeypatch):
        """It reads what is written: however late, the numbers are right."""
        Path("link").write_bytes(LONG)
        expected = json.loads(run("capture", "one.pcs", "--port", "link", "--json").stdout)
        feed = capture_command.Meter.feed

        def slow(self, data):
            time.sleep(0.1)
            feed(self, data)

        monkeypatch.setattr(capture_command.Meter, "feed", slow)
        told = json.loads(run("capture", "two.pcs", "--port", "link", "--json").stdout)
        assert Path("two.pcs").read_bytes() == LONG
        timing = ("capture", "seconds", "bits_per_second")
        assert {**told, **dict.fromkeys(timing)} == {**expected, **dict.fromkeys(timing)}


class TestScreen:
    def test_live_line_on_a_terminal(self):
        reader, screen = os.openpty()
        with subprocess.Popen(
            program("capture", "out.pcs", "--port", "-"),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=screen,
            env={**os.environ, "COLUMNS": "140", "TERM": "xterm"},
        ) as process:
            shown = b""
            while b"b/S" not in shown:
                process.stdin.write(CHUNKS[0])
                process.stdin.flush()
                time.sleep(0.1)
                while _has(reader):
                    shown += os.read(reader, 10_000)
            process.stdin.close()
            assert process.wait(20) in (0, 1)
        os.close(reader)
        os.close(screen)
        assert b"waiting for the first byte" in shown and b"Mbit/s" in shown

    def test_nothing_elsewhere(self):
        Path("link").write_bytes(CAPTURE)
        assert run("capture", "out.pcs", "--port", "link").stderr == ""


def _has(descriptor):
    import select

    return bool(select.select([descriptor], [], [], 0)[0])


def test_fast():
    """60 MB a second through a pipe; no packet is shorter than a probe's.

    Counted in processor time, for the machine may have more to do.
    """
    config = EncoderConfig.preset("adaptive", channels=384, sample_bits=10)
    samples = np.random.default_rng(0).normal(0, 20, (2000, 384)).astype(np.int16)
    blob = b"".join(encoder(config).packets(samples, None))
    process = subprocess.Popen(
        program("capture", "out.pcs", "--port", "-", "--json"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    sent = 0
    while sent < 120_000_000:
        process.stdin.write(blob)
        sent += len(blob)
    process.stdin.close()
    told = json.loads(process.stdout.read())
    process.stdout.close()
    _, process.returncode, used = os.wait4(process.pid, 0)
    assert told["bytes"] == size() == sent and told["lost"] == 0
    assert used.ru_utime + used.ru_stime < sent / 60e6  # its start included
