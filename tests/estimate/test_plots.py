"""Pictures: what is drawn is what was estimated; unknown is seen; the same bytes each time."""

import numpy as np
import pytest

from probecodec.estimate import comparison_plot, plots, system_plots
from probecodec.estimate.published import Work, links, scaled, works
from probecodec.estimate.result import Figure
from probecodec.host.report import pictures

from .sample_estimates import ASIC, BARE, FPGA, points

PICTURES = {
    "resources": lambda kind: plots.resources(FPGA, kind),
    "speed": lambda kind: plots.speed([FPGA, ASIC, BARE], kind),
    "power": lambda kind: plots.power(FPGA, kind),
    "comparison": lambda kind: comparison_plot.comparison(works(), [ASIC], kind, to_node_nm=180),
    "links": lambda kind: system_plots.link_power(ASIC, links(), kind),
    "sweep": lambda kind: system_plots.channel_sweep(points(), kind),
    "empty": lambda kind: pictures.empty("nothing", kind),
}


@pytest.fixture
def drawn(monkeypatch):
    """Figures instead of bytes."""
    made = []
    for module in (plots, system_plots, comparison_plot, pictures):
        monkeypatch.setattr(module, "save", lambda figure, kind, title="": made.append(figure))
    yield made
    for figure in made:
        pictures.pyplot().close(figure)


def texts(axis):
    return [one.get_text() for one in axis.texts]


@pytest.mark.parametrize("name", PICTURES)
def test_bytes(name):
    make = PICTURES[name]
    assert make("png").startswith(b"\x89PNG")
    svg = make("svg")
    assert svg == make("svg") and b"<svg" in svg and b"<dc:date>" not in svg
    assert not pictures.pyplot().get_fignums()


def test_resources(drawn):
    plots.resources(FPGA)
    lut, bram = drawn[0].axes
    assert [bar.get_width() for bar in lut.patches] == [120, 901]
    assert texts(bram) == ["0", "unknown"]
    assert [label.get_text() for label in lut.get_yticklabels()] == ["gate", "pipeline.lms"]


def test_speed(drawn):
    plots.speed([FPGA, BARE])
    axis = drawn[0].axes[0]
    assert list(axis.lines[0].get_xdata()) == pytest.approx([88, 93.1, 90])
    assert list(axis.lines[1].get_xdata()) == [25, 25]
    assert texts(axis) == ["fmax unknown"]
    assert axis.get_xlim()[0] == 0 and axis.get_xlim()[1] > 1.05 * 93.1  # the dot is whole


def test_power(drawn):
    plots.power(FPGA)
    axis = drawn[0].axes[0]
    known, hatched = ([bar for bar in axis.patches if bool(bar.get_hatch()) == h] for h in (0, 1))
    assert [bar.get_width() for bar in known if bar.get_width()] == pytest.approx([62, 3])
    assert len(hatched) == 1 and texts(axis)[-1] == "unknown"
    segments = axis.collections[0].get_segments()
    assert np.asarray(segments[0])[:, 0] == pytest.approx([50, 80])
    assert axis.get_xlabel() == "mW" and axis.get_xlim()[1] > 80
    assert not drawn[0].legends


def test_power_in_stages_stands_apart(drawn):
    plots.power(FPGA | {"stages_w": {"gate": 1e-3, "fifo": 2e-3}})
    (axis,) = drawn[0].axes
    steps = np.diff(axis.get_yticks())
    assert steps[2] > 1.5 and np.delete(steps, 2) == pytest.approx(1)
    (legend,) = drawn[0].legends
    assert [one.get_text() for one in legend.get_texts()] == ["parts", "of that, in stages"]


def test_few_ticks_and_whole_ones(drawn):
    stages = {"gate": {"LUT": 7, "BRAM": 2.5, "DSP": 0}, "fifo": {"LUT": 12345, "DSP": None}}
    plots.resources(FPGA | {"stages": stages})
    drawn[0].canvas.draw()
    for axis in drawn[0].axes:
        ticks = [at for at in axis.get_xticks() if 0 <= at <= axis.get_xlim()[1]]
        assert 2 <= len(ticks) <= 3 and not any(at % 1 for at in ticks)


class TestComparison:
    def test_labels_do_not_overlap(self, drawn):
        comparison_plot.comparison(works(), [ASIC, FPGA], to_node_nm=180, per="bit")
        figure = drawn[0]
        boxes = [t.get_window_extent() for t in figure.axes[0].texts if t.get_text()]
        assert len(boxes) >= 6
        for n, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:n])

    def test_labels_of_a_crowd_do_not_overlap(self, drawn):
        crowd = [
            Work(
                name=f"Author{n} 2020", year=2020, what="w", kind="asic", status="measured",
                lossless=True, source="s", node_nm=180, rate_hz=2e4,
                w_per_channel=1e-6 * 1.3 ** (n / 8) if n else 1e-2,
            )
            for n in range(8)
        ]  # fmt: skip
        comparison_plot.comparison(crowd, [])
        boxes = [t.get_window_extent() for t in drawn[0].axes[0].texts if t.get_text()]
        assert len(boxes) == 8
        for n, box in enumerate(boxes):
            assert not any(box.overlaps(other) for other in boxes[:n])

    def test_points_are_as_published_and_unknown_ones_are_named(self, drawn):
        comparison_plot.comparison(works(), [ASIC, BARE])
        axis = drawn[0].axes[0]
        at = [
            (float(line.get_xdata()[0]), float(line.get_ydata()[0]))
            for line in axis.lines
            if len(line.get_xdata()) == 1
        ]
        assert (90, pytest.approx(27.2e-12)) in at and (180, pytest.approx(120e-12)) in at
        note = drawn[0].get_supxlabel()
        assert "Luo 2018" in note and "bare" in note and "Tsai" not in note

    def test_scaled_ones_stand_beside_and_only_where_asked(self, drawn):
        tsai = next(work for work in works() if work.name == "Tsai 2020")
        there = scaled(tsai.energy_per_sample(), 90, 180)
        for node in (None, 180):
            comparison_plot.comparison([tsai], [], to_node_nm=node)
        values = [{float(y) for line in f.axes[0].lines for y in line.get_ydata()} for f in drawn]
        assert max(values[0]) == min(values[1]) == pytest.approx(27.2e-12)
        assert max(values[1]) == pytest.approx(there.value)

    def test_nothing_known(self, drawn):
        comparison_plot.comparison([], [BARE])
        assert "unknown" in texts(drawn[0].axes[0])[0]


class TestLinks:
    def test_lines_cross_at_the_break_even(self, drawn):
        system_plots.link_power(ASIC, links())
        axis = drawn[0].axes[0]
        raw, coded = axis.lines[:2]
        x = raw.get_xdata()
        above = x[np.argmax(raw.get_ydata() > coded.get_ydata())]
        assert above == pytest.approx(24e-12, rel=0.1)
        assert axis.lines[2].get_xdata()[0] == pytest.approx(24e-12)
        assert texts(axis) == ["pays above 24.0 pJ/bit"]

    def test_no_bits_saved_marks_nothing(self, drawn):
        system_plots.link_power(ASIC | {"bits_per_sample": 11.0}, links())
        assert texts(drawn[0].axes[0]) == []

    def test_unknown(self, drawn):
        system_plots.link_power(BARE, links())
        assert "unknown" in texts(drawn[0].axes[0])[0]

    def test_ticks_are_apart_and_in_order(self):
        spots = system_plots._apart([1e-12, 1.01e-12, 1.02e-12, 1e-9], 1e-13, 1e-8)
        steps = np.diff(np.log(spots))
        assert (steps >= 0.0449 * np.log(1e5)).all() and spots[0] == pytest.approx(1e-12)


def test_sweep(drawn):
    made = points()
    system_plots.channel_sweep(made)
    left, right = drawn[0].axes
    watts = sorted(y for line in left.lines for y in line.get_ydata())
    assert watts == pytest.approx(sorted(point.power_w.value for point in made))
    assert len(right.lines) == 3  # a clock of its own, a fast one, that one gated
    assert len({line.get_color() for line in right.lines}) == 3


def test_points_of_a_sweep_stand_apart(drawn):
    """Three lines, each a little beside the others; on the average at the true count."""
    for chosen in (points(), [point for point in points() if point.channels == 384]):
        system_plots.channel_sweep(chosen)
        at = np.log([line.get_xdata() for line in drawn[-1].axes[0].lines])
        assert (np.diff(at, axis=0) > 0.03).all()
        assert np.mean(at, axis=0) == pytest.approx(np.log(sorted({p.channels for p in chosen})))


def test_neighbouring_counts_do_not_meet():
    aside = np.asarray(system_plots._aside([96, 100], 15))
    assert len(set(aside)) == 15 and 96 * aside.max() < 100 * aside.min()


def test_user_text_is_no_mathematics(drawn):
    plots.power(FPGA | {"power": {"$\\bad{$": Figure(1.0).as_json()}, "target": "$_{$"})
    plots.speed([FPGA | {"target": "$_{$"}])
    plots.resources(FPGA | {"stages": {"$_{$": {"$\\bad{$": 1}}})
    comparison_plot.comparison([], [ASIC | {"target": "$_{$"}, BARE | {"target": "$_{$"}])
    for figure in drawn:
        figure.canvas.draw()


@pytest.mark.parametrize(
    ("value", "told"),
    [(2e-3, ("mW", 1e3)), (5e-7, ("nW", 1e9)), (3.0, ("W", 1.0)), (0, ("pW", 1e12))],
)
def test_prefix(value, told):
    unit, factor = plots.prefix(value, "W")
    assert (unit, factor) == (told[0], pytest.approx(told[1]))
