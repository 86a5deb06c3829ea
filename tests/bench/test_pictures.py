"""The pictures hold the bench's figures; the same bytes each time."""

import numpy as np
import pytest

from probecodec.bench import pictures
from probecodec.bench.result import Kind
from probecodec.host.recording import Recording
from probecodec.host.report.pictures import pyplot

from .sample_bench import bench, result, samples

PICTURES = {
    "traces": lambda kind: pictures.traces(bench().recording, kind),
    "histograms": lambda kind: pictures.histograms(bench(), kind),
    "channels": lambda kind: pictures.channels(bench(), kind),
    "sizes": lambda kind: pictures.sizes(bench(), kind),
    "speeds": lambda kind: pictures.speeds(bench(), kind),
    "overview": lambda kind: pictures.overview([bench(), bench(name="b.bin")], kind),
}


@pytest.fixture
def drawn(monkeypatch):
    """Figures instead of bytes."""
    made = []
    monkeypatch.setattr(pictures, "save", lambda figure, kind, title="": made.append(figure))
    yield made
    for figure in made:
        pyplot().close(figure)


@pytest.mark.parametrize("name", PICTURES)
def test_forms(name):
    make = PICTURES[name]
    assert make("png").startswith(b"\x89PNG")
    svg = make("svg")
    assert svg == make("svg") and b"<svg" in svg
    assert not pyplot().get_fignums()


class TestTraces:
    def test_twenty_channels_around_the_deepest_spike(self, drawn):
        pictures.traces(bench().recording)
        axis = drawn[0].axes[0]
        assert len(axis.lines) == 20
        names = [text.get_text() for text in axis.get_yticklabels()]
        assert names == [f"ch {n}" for n in range(4, 24)]
        spike = axis.lines[16]  # channel 20, in its place above the others
        shown = spike.get_ydata() - np.median(spike.get_ydata())
        expected = samples()[:, 20] - np.median(samples()[:, 20])
        np.testing.assert_allclose(shown, expected, atol=1e-9)

    def test_two_thousand_frames(self, drawn):
        made = np.zeros((5000, 3), np.int16)
        made[4500, 1] = -9
        pictures.traces(Recording(samples=made, sample_bits=10, rate_hz=1000.0))
        time = drawn[0].axes[0].lines[0].get_xdata()
        assert (time[0], time[-1], len(time)) == (3000, 4999, 2000)

    def test_in_microvolts_where_they_are_known(self, drawn):
        for lsb_uv, unit in ((0.0, "ADC steps"), (2.0, "µV")):
            pictures.traces(Recording(samples=samples(), sample_bits=10, lsb_uv=lsb_uv))
            assert unit in drawn[-1].axes[0].get_xlabel()


def test_histogram_shares_and_entropy(drawn):
    one = bench()
    pictures.histograms(one)
    for axis, entropy in zip(
        drawn[0].axes, (one.entropies.values, one.entropies.differences), strict=True
    ):
        shares = axis.patches[0].get_data().values
        assert 0.99 < shares.sum() <= 1
        assert f"entropy {entropy.pooled:.2f} bits" in axis.texts[0].get_text()
        ends = axis.lines[0].get_xdata()
        assert ends[1] - ends[0] == pytest.approx(2**entropy.pooled)


@pytest.mark.parametrize("made", [np.zeros((1, 1)), np.full((9, 2), 7), np.eye(3) * 32767])
def test_odd_recordings_are_drawn(made):
    from dataclasses import replace

    from probecodec.bench.entropies import entropies

    source = Recording(samples=made.astype(np.int16), sample_bits=16)
    one = replace(bench(), recording=source, entropies=entropies(source.samples))
    for draw in (pictures.histograms, pictures.channels):
        assert draw(one).startswith(b"\x89PNG")
    assert pictures.traces(source).startswith(b"\x89PNG")
    assert not pyplot().get_fignums()


def test_channels_along_the_probe(drawn):
    one = bench()
    pictures.channels(one)
    lines = {line.get_label(): line.get_ydata() for line in drawn[0].axes[0].lines}
    assert list(lines["adaptive"]) == [4.0, 5.0] * 12
    np.testing.assert_array_equal(
        lines["entropy of differences"], one.entropies.differences.channels
    )


def test_sizes_smallest_on_top(drawn):
    pictures.sizes(bench())
    axis = drawn[0].axes[0]
    names = [text.get_text() for text in axis.get_yticklabels()]
    assert names == ["adaptive", "flac-5", "legall-bzip2", "fixed", "gzip-6", "raw"]
    assert axis.patches[0].get_width() == 4.5 and axis.yaxis_inverted()


def test_speeds_leave_out_what_is_far_larger(drawn):
    pictures.speeds(bench())
    encode, decode = drawn[0].axes
    points = {(line.get_xdata()[0], line.get_ydata()[0]) for line in encode.lines}
    assert points == {(30, 4.5), (40, 5.0), (9, 5.25), (10, 5.5)}
    assert {line.get_xdata()[0] for line in decode.lines} == {25, 50, 8, 20}
    assert "above 5.6 left out" in encode.get_ylabel()


def test_overview_is_over_the_best_other(drawn):
    pictures.overview([bench()])
    axis = drawn[0].axes[0]
    places = sorted(line.get_xdata()[0] for line in axis.lines if line.get_marker() == "o")
    assert places == pytest.approx([90, 100, 105, 110, 130, 130])
    told = [text.get_text() for text in axis.texts]
    assert "-10.0 %" in told and "best other: flac-5, 5.00 b/S" in told


def test_nothing_came_back():
    lost = bench(result("tiny", Kind.OURS, 10).__class__(method="tiny", kind=Kind.OURS))
    for draw in (pictures.sizes, pictures.speeds):
        assert draw(lost).startswith(b"\x89PNG")
    assert pictures.overview([lost]).startswith(b"\x89PNG")
    assert not pyplot().get_fignums()
