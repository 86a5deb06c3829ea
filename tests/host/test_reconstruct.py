"""``reconstruct`` and ``detect``: where rows come from, what is missing, what is refused.

How well is tested in recovery/.
"""

import json
import sys

import numpy as np
import pytest

from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.encoder import Encoder, encode
from probecodec.golden.format import HEADER, Family, Mode, Order
from probecodec.golden.order import channels
from probecodec.golden.projection import matrix
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.host import open_capture, reconstruct
from probecodec.host.capture import CaptureError
from probecodec.host.fast import encoder as fast_encoder
from probecodec.host.reconstruct import Reconstruction
from probecodec.host.synthetic import synthesize
from probecodec.host.timeline import Cause, Gap

from .captures import forge as forge_packet
from .captures import packets
from .program import fails, run
from .projected import LOADED, forge

pytest.importorskip("scipy")
pytest.importorskip("sklearn")

CHANNELS, STRETCH, FRAMES = 16, 150_016, 190_000
WINDOW, PACKET = 32, 128
HUFFMAN, PROJECTION = Mode.HUFFMAN, Mode.PROJECTION


@pytest.fixture(scope="module")
def truth():
    """A recording with spikes that are known."""
    return synthesize("np1", frames=FRAMES, channels=CHANNELS, seed=5)


def config_of(**changes):
    fields = {"window": WINDOW, "measurements": 16, "hold": 1, "shift": 1, "highpass_shift": 8}
    fields |= changes
    return EncoderConfig(
        channels=CHANNELS,
        sample_bits=10,
        aux_bits=7,
        modes=(HUFFMAN, PROJECTION),
        projection=ProjectionConfig(**fields),
        packet_frames=PACKET,
        restart_interval=2,
    )


def chunks_of(truth, config, stretch=STRETCH, frames=FRAMES):
    """One chunk for each data packet: a lossless stretch, and measurements."""
    core, chunks = fast_encoder(config), []
    for start in range(0, frames, PACKET):
        rows = slice(start, min(start + PACKET, frames))
        mode = HUFFMAN if start < stretch else PROJECTION
        samples, aux = truth.samples[rows].astype(np.int64), truth.aux[rows].astype(np.int64)
        chunks.append(core.packet(samples, aux, mode=mode))
    return chunks


@pytest.fixture(scope="module")
def chunks(truth):
    return chunks_of(truth, config_of())


@pytest.fixture
def small(truth):
    """A capture of two restarts, and one with a stretch to learn from."""
    short = {"window": 16, "measurements": 4, "shift": 0}
    return b"".join(chunks_of(truth, config_of(**short), stretch=45 * PACKET, frames=55 * PACKET))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(data, *, method="lmmse", **how):
    """All rows, auxiliary words, and what was lost."""
    with open_capture(data, fill="zero") as capture:
        whole = Reconstruction(capture, method, **how)
        parts, at = list(whole.chunks()), 0
        for part in parts:
            assert part.start == at and len(part.samples) == len(part.aux)
            assert part.samples.dtype == np.int16 and part.aux.dtype == np.uint16
            at += len(part.aux)
        assert at == len(whole) == len(capture)
        samples = np.vstack([part.samples for part in parts])
        return samples, np.hstack([part.aux for part in parts]), whole.lost


def highpassed(samples, shift=8):
    """Each sample minus the mean before it; the first sets the mean."""
    means, values = samples[0].astype(np.int64) << shift, np.empty(samples.shape, np.int64)
    for frame, row in enumerate(samples):
        values[frame] = row - (means >> shift)
        means += values[frame]
    return values


def db(values, estimate):
    return 10 * np.log10((values**2.0).sum() / ((values - estimate) ** 2.0).sum())


def at_spikes(truth, values):
    """What ``values``, of the measured rows, hold around the troughs: (spikes, frames)."""
    inside = (truth.spike_frames > STRETCH + 64) & (truth.spike_frames < FRAMES - 64)
    frames = truth.spike_frames[inside] - STRETCH
    sites = truth.unit_channels[truth.spike_units[inside]]
    return values[frames[:, np.newaxis] + np.arange(-5, 10), sites[:, np.newaxis]]


@pytest.fixture(scope="module")
def undamaged(chunks):
    return made(b"".join(chunks))


class TestRows:
    def test_lossless_rows_are_the_samples_highpassed(self, truth, undamaged):
        samples, aux, _ = undamaged
        assert samples.shape == (FRAMES, CHANNELS)
        assert np.array_equal(samples[:STRETCH], highpassed(truth.samples[:STRETCH]))
        assert np.array_equal(aux, truth.aux)

    def test_measured_rows_are_near_the_samples(self, truth, undamaged):
        """And the last, of a window that was broken off, are zeros that are told."""
        samples, _, lost = undamaged
        assert lost == [Gap(FRAMES - FRAMES % WINDOW, FRAMES, Cause.BROKEN)]
        values = highpassed(truth.samples[STRETCH:])
        assert db(values[:-16], samples[STRETCH:-16]) > 3
        assert db(at_spikes(truth, values), at_spikes(truth, samples[STRETCH:])) > 10
        assert not samples[-16:].any() and samples[-17].any()

    @pytest.mark.parametrize("method", ["omp", "lista"])
    def test_other_methods(self, truth, chunks, method):
        samples, aux, _ = made(b"".join(chunks), method=method)
        values = highpassed(truth.samples[STRETCH:])
        assert db(at_spikes(truth, values), at_spikes(truth, samples[STRETCH:])) > 10
        assert np.array_equal(aux, truth.aux)

    @pytest.mark.parametrize("limit", [2_000, 5_000, 100_000])
    def test_how_much_is_recovered_at_once_changes_nothing(
        self, chunks, undamaged, limit, monkeypatch
    ):
        """But for rounding; and no chunk is much larger."""
        monkeypatch.setattr(reconstruct, "_CHUNK_SAMPLES", limit)
        with open_capture(b"".join(chunks), fill="zero") as capture:
            parts = list(Reconstruction(capture).chunks())
        samples = np.vstack([part.samples for part in parts])
        difference = np.abs(samples.astype(int) - undamaged[0])
        assert difference.max() <= 1 and (difference > 0).mean() < 1e-3
        largest = max(part.samples.size for part in parts if part.start >= STRETCH)
        assert largest <= limit + 8 * PACKET * CHANNELS

    def test_order_and_no_highpass(self, truth):
        """Slots are channels again: a matrix that keeps all of a window of one frame."""
        config = EncoderConfig(
            channels=48,
            sample_bits=10,
            order=Order.NP1,
            modes=(HUFFMAN, PROJECTION),
            projection=ProjectionConfig(window=16, measurements=8, hold=1, highpass_shift=0),
            packet_frames=64,
        )
        random = np.random.default_rng(0)
        tones = np.sin(np.arange(6400)[:, np.newaxis] / 40 + np.arange(48)) * 10 * np.arange(48)
        samples = np.rint(tones + random.normal(0, 1, tones.shape)).astype(np.int64)
        core, data = Encoder(config), b""
        for start in range(0, 6400, 64):
            mode = HUFFMAN if start < 5760 else PROJECTION
            part = samples[start : start + 64]
            data += core.packet(part, np.zeros(64, np.int64), mode=mode)
        got, _, lost = made(data)
        assert lost == [] and np.array_equal(got[:5760], samples[:5760])
        for channel in (1, 7, 46):
            assert db(samples[5760:, channel], got[5760:, channel]) > 10
        assert channels(config).tolist() != list(range(48))

    def test_matrices_are_by_channel(self, chunks):
        """The measurements of what was reconstructed are those that came."""
        with open_capture(b"".join(chunks), fill="zero") as capture:
            rows = Reconstruction(capture)._matrix(config_of().projection)
            assert np.array_equal(rows, matrix(capture.config.projection))


LOST = STRETCH // PACKET + 40  # the first of two from a restart on


@pytest.fixture(scope="module")
def damaged(chunks):
    return b"".join(chunks[:LOST] + chunks[LOST + 1 :])


class TestLoss:
    """A packet is missing in mid-capture."""

    def test_zeros_there_and_the_same_elsewhere(self, damaged, undamaged):
        start = LOST * PACKET
        samples, aux, lost = made(damaged)
        assert lost[0] == Gap(start, start + PACKET, Cause.LOST)
        waits = lost[1:-1]
        assert all(gap.cause == Cause.WAITING for gap in waits) and len(waits) <= 1
        stop = lost[-2].stop
        assert not samples[start:stop].any() and not aux[start:stop].any()
        near = 2 * WINDOW
        for part in (slice(0, start - near), slice(stop + near, None)):
            difference = np.abs(samples[part].astype(int) - undamaged[0][part])
            assert difference.max() <= 1 and (difference > 0).mean() < 1e-3
            assert np.array_equal(aux[part], undamaged[1][part])

    def test_exit_status_and_report(self, damaged, folder):
        (folder / "a.pcs").write_bytes(damaged)
        result = run("reconstruct", "a.pcs", "a.npy", "--json", status=1)
        told = json.loads(result.stdout)
        assert (told["frames"], told["method"]) == (FRAMES, "lmmse")
        assert told["learned_from_frames"] == STRETCH
        gaps = [Gap(**gap) for gap in told["gaps"]]
        assert gaps == made(damaged)[2]
        assert told["missing"] == sum(gap.stop - gap.start for gap in gaps)
        assert "lost or damaged in the capture" in result.stderr
        table = np.load("a.npy")
        assert table.shape == (FRAMES, CHANNELS + 1)
        assert np.array_equal(table[:, :-1], made(damaged)[0])
        run("reconstruct", "a.pcs", "a.bin", status=1)
        assert np.array_equal(np.fromfile("a.bin", np.int16).reshape(table.shape), table)


class TestCodesThatMakeNoSense:
    """They are met only while they are decoded: zeros there, and no trace of them elsewhere."""

    def data(self, small, mode):
        """A capture with such a packet, and one without that packet."""
        parts = packets(small)
        headers = [HEADER.unpack(part) for part in parts]
        of_mode = [n for n, told in enumerate(headers) if (told["kind"], told["mode"]) == (0, mode)]
        at = of_mode[3]
        flawed = forge(parts[at], payload=bytes(max(len(parts[at]) // 4 * 4, 600)))
        return b"".join([*parts[:at], flawed, *parts[at + 1 :]]), b"".join(
            parts[:at] + parts[at + 1 :]
        )

    @pytest.mark.parametrize("mode", [HUFFMAN, PROJECTION], ids=["lossless", "projected"])
    def test_all_is_as_if_the_packet_were_lost(self, small, mode):
        flawed, without = self.data(small, mode)
        with open_capture(small, fill="zero") as sound:
            samples, aux, lost = made(flawed, training=sound)
            wanted, words, gaps = made(without, training=sound)
        assert lost == gaps and lost[0].cause == Cause.LOST
        assert not samples[lost[0].start : lost[0].stop].any()
        assert np.array_equal(samples, wanted) and np.array_equal(aux, words)

    def test_nothing_is_learned_from_them(self, small):
        """What stands for the frames in the hole is no signal."""
        data, _ = self.data(small, HUFFMAN)
        with open_capture(data, fill="zero") as capture:
            learned = Reconstruction(capture).training
            capture.verify()
            holes = [gap for gap in capture.gaps if gap.cause != Cause.PROJECTED]
            first, last = holes[0].start, holes[-1].stop
            assert learned.frames == max(first, 45 * PACKET - last) < 45 * PACKET


class TestRefused:
    def test_no_measurements(self, truth, folder):
        config = EncoderConfig(channels=CHANNELS, sample_bits=10)
        (folder / "a.pcs").write_bytes(b"".join(encode(config, truth.samples[:500])))
        assert "a.pcs holds no measurements: decode it" in fails("reconstruct", "a.pcs", "a.npy")
        assert "a.pcs holds no measurements" in fails("detect", "a.pcs", "a.npz")

    def test_no_lossless_stretch(self, truth, folder, chunks):
        data = chunks_of(truth, config_of(), stretch=0, frames=2000)
        (folder / "a.pcs").write_bytes(b"".join(data))
        (folder / "b.pcs").write_bytes(b"".join(chunks))
        for verb, out in (("reconstruct", "a.npy"), ("detect", "a.npz")):
            sentence = fails(verb, "a.pcs", out)
            assert "a.pcs has no lossless stretch to learn from" in sentence
            assert "--training" in sentence
            assert "no lossless stretch" in fails(verb, "a.pcs", out, "--training", "a.pcs")
        run("reconstruct", "a.pcs", "a.npy", "--training", "b.pcs", status=1)
        assert np.load("a.npy").shape == (2000, CHANNELS + 1)

    def test_training_of_another_probe(self, small, truth, folder):
        (folder / "a.pcs").write_bytes(small)
        for name, config, samples in (
            ("fewer", EncoderConfig(channels=8, sample_bits=10), truth.samples[:9000, :8]),
            ("none.pcs", None, None),
            ("other.txt", None, None),
        ):
            if config:
                (folder / name).write_bytes(b"".join(encode(config, samples)))
            elif name == "other.txt":
                (folder / name).write_text("hello")
            sentence = fails("reconstruct", "a.pcs", "a.npy", "--training", name)
            expected = {"fewer": "channels", "none.pcs": "No such file"}.get(name, "no probecodec")
            assert expected in sentence

    def test_a_stretch_too_short(self, truth, folder):
        data = chunks_of(truth, config_of(), stretch=PACKET, frames=4000)
        (folder / "a.pcs").write_bytes(b"".join(data))
        assert "Error: " in fails("reconstruct", "a.pcs", "a.npy")
        assert "spikes" in fails("detect", "a.pcs", "a.npz")

    def test_methods(self, small, folder):
        (folder / "a.pcs").write_bytes(small)
        assert "'best' is not one of" in fails("reconstruct", "a.pcs", "a.npy", "--method", "best")
        with (
            open_capture(small, fill="zero") as capture,
            pytest.raises(CaptureError, match="no method is named 'best'; there are lmmse, omp"),
        ):
            Reconstruction(capture, "best")

    def test_outputs(self, small, folder):
        (folder / "a.pcs").write_bytes(small)
        (folder / "a.npy").write_text("old")
        assert "a.npy exists" in fails("reconstruct", "a.pcs", "a.npy")
        assert "does not end in .bin or .npy" in fails("reconstruct", "a.pcs", "a.npz")
        assert "does not end in .npz" in fails("detect", "a.pcs", "a.npy")
        assert "No such file" in fails("reconstruct", "none.pcs", "b.npy")
        assert (folder / "a.npy").read_text() == "old"
        run("reconstruct", "a.pcs", "a.npy", "--force")
        assert np.load("a.npy").shape == (55 * PACKET, CHANNELS + 1)

    def test_where_the_packages_are_missing(self, small, folder, monkeypatch):
        (folder / "a.pcs").write_bytes(small)
        monkeypatch.setitem(sys.modules, "sklearn", None)
        sentence = fails("reconstruct", "a.pcs", "a.npy")
        assert "install it: pip install 'probecodec[recovery]'" in sentence

    def test_a_segment_is_to_be_chosen(self, small, truth, folder):
        other = b"".join(encode(EncoderConfig(channels=4, stream_id=9), truth.samples[:99, :4]))
        (folder / "a.pcs").write_bytes(other + small)
        assert "choose a segment" in fails("reconstruct", "a.pcs", "a.npy")
        run("reconstruct", "a.pcs", "a.npy", "--stream-id", 0)
        run("reconstruct", "a.pcs", "b.npy", "--segment", 1)
        assert (folder / "a.npy").read_bytes() == (folder / "b.npy").read_bytes()


class TestLoaded:
    """The coefficients are not in the stream."""

    @pytest.fixture
    def data(self, truth):
        matrix = {
            "family": Family.LOADED,
            "window": 16,
            "measurements": 3,
            "shift": 0,
            "coefficients": LOADED,
            "row_sum": 100,
            "coefficient_bits": 4,
        }
        return b"".join(
            chunks_of(truth, config_of(**matrix), stretch=60 * PACKET, frames=70 * PACKET)
        )

    def test_given(self, data, folder):
        (folder / "a.pcs").write_bytes(data)
        np.save("rows.npy", np.array(LOADED))
        run("reconstruct", "a.pcs", "a.npy", "--coefficients", "rows.npy")
        table = np.load("a.npy")
        assert table[60 * PACKET :, :-1].any()
        assert np.array_equal(table[:, :-1], made(data, coefficients=LOADED)[0])

    def test_missing_or_wrong(self, data, folder):
        (folder / "a.pcs").write_bytes(data)
        np.save("wrong.npy", -np.array(LOADED))
        np.save("fewer.npy", np.array(LOADED)[:2])
        np.save("real.npy", np.array(LOADED) / 2)
        for verb, out in (("reconstruct", "a.npy"), ("detect", "a.npz")):
            assert "not known: give them" in fails(verb, "a.pcs", out)
            sentence = fails(verb, "a.pcs", out, "--coefficients", "wrong.npy")
            assert "these are not the coefficients that were used" in sentence
            sentence = fails(verb, "a.pcs", out, "--coefficients", "fewer.npy")
            assert "must be a tuple of 3 tuples of 16" in sentence
            assert "whole numbers" in fails(verb, "a.pcs", out, "--coefficients", "real.npy")
            assert "no file x.npy" in fails(verb, "a.pcs", out, "--coefficients", "x.npy")
        with (
            open_capture(data, fill="zero") as capture,
            pytest.raises(ConfigError, match="CRC-32"),
        ):
            Reconstruction(capture)


class TestDetect:
    def test_the_spikes_that_are_there(self, chunks, truth, folder):
        """Of every unit that was found in the lossless stretch, at their frames as the source."""
        (folder / "a.pcs").write_bytes(b"".join(chunks))
        told = json.loads(run("detect", "a.pcs", "a.npz", "--json").stdout)
        with np.load("a.npz") as found:
            frames, units, scores = found["frames"], found["units"], found["scores"]
            templates = found["templates"]
        assert told["spikes"] == len(frames) == len(units) == len(scores)
        assert told["units"] == len(templates) >= 2 and templates.shape[2] == CHANNELS
        assert (np.diff(frames) >= 0).all() and frames[0] >= STRETCH and frames[-1] < FRAMES
        peaks = np.abs(templates).max(axis=1).argmax(axis=1)
        known = np.isin(truth.unit_channels[truth.spike_units], peaks)
        known &= (truth.spike_frames > STRETCH + 64) & (truth.spike_frames < FRAMES - 64)
        assert known.sum() > 10
        for frame, unit in zip(truth.spike_frames[known], truth.spike_units[known], strict=True):
            mine = frames[peaks[units] == truth.unit_channels[unit]]
            assert np.abs(mine - frame).min() <= 3

    @pytest.mark.parametrize("limit", [2_000, 30_000])
    def test_how_much_is_searched_at_once_changes_nothing(self, chunks, limit, monkeypatch):
        found = []
        for size in (1 << 24, limit):
            monkeypatch.setattr(reconstruct, "_CHUNK_SAMPLES", size)
            with open_capture(b"".join(chunks), fill="zero") as capture:
                found.append(Reconstruction(capture).detect()[0])
        assert found[0].frames.tolist() == found[1].frames.tolist()
        assert found[0].units.tolist() == found[1].units.tolist()
        assert np.allclose(found[0].scores, found[1].scores, rtol=1e-3)

    def test_a_loss(self, chunks, folder):
        (folder / "a.pcs").write_bytes(b"".join(chunks[:1200] + chunks[1201:]))
        result = run("detect", "a.pcs", "a.npz", status=1)
        assert "frames 153600 to 153727: lost or damaged in the capture" in result.stderr
        with np.load("a.npz") as found:
            inside = (found["frames"] >= 153600) & (found["frames"] < 153728)
            assert not inside.any()


def test_another_seed_than_the_packets_name(chunks, folder):
    """Nothing in the bytes is wrong; the measurements do not fit."""
    data = b""
    for packet in packets(b"".join(chunks)):
        words = HEADER.unpack(packet)["extension"] * 4
        if words:
            told = packet[HEADER.size : HEADER.size + 4] + (77).to_bytes(4, "big")
            payload = packet[HEADER.size + words : -8]
            packet = forge_packet(packet, payload=payload, words=told)
        data += packet
    (folder / "right.pcs").write_bytes(b"".join(chunks))
    (folder / "wrong.pcs").write_bytes(data)
    right = run("reconstruct", "right.pcs", "right.npy", status=1)  # its last window is broken off
    assert "do not fit" not in right.stderr
    for verb, out in (("reconstruct", "wrong.npy"), ("detect", "wrong.npz")):
        done = run(verb, "wrong.pcs", out, status=1)
        assert f"frame {STRETCH} on the measurements do not fit the matrix" in done.stderr
        assert "(sparse, seed 77)" in done.stderr
