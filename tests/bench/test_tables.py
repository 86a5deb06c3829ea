"""What the tables and remarks of a bench tell."""

from probecodec.bench import published
from probecodec.bench.bench import length
from probecodec.bench.remarks import remarks
from probecodec.bench.result import Kind
from probecodec.bench.tables import entropies, lossless, summary, works

from .sample_bench import bench, result


class TestLossless:
    def test_rows(self):
        grid = lossless(bench())
        found = {row[0]: dict(zip(grid.headings, row, strict=True)) for row in grid.rows}
        flac = found["flac-5"]
        assert (flac["of"], flac["b/S"], flac["to int16"], flac["to ADC"]) == (
            "peer", "5.000", "3.20", "2.00",
        )  # fmt: skip
        assert (flac["encode MB/s"], flac["decode MB/s"], flac["MB"]) == ("40.0", "50.0", "3")
        assert (flac["equal"], flac["setting"], flac["published"]) == (
            "yes",
            "settings of flac-5",
            "",
        )
        assert found["gzip-6"]["published"] == f"{1332 / 559:.2f}"
        assert (found["wavpack-1"]["b/S"], found["wavpack-1"]["equal"]) == ("–", "–")
        assert "wavpack-1: wavpack was not found; install it: x" in grid.note

    def test_speeds_are_told_over_gzip_s(self):
        (row,) = (row for row in lossless(bench()).rows if row[0] == "adaptive")
        assert row[7] == "6.00" and row[9] == "0.62"
        without = bench(result("adaptive", Kind.OURS, 10))
        assert lossless(without).rows[0][7] == "–"

    def test_the_best_of_ours_and_of_others_stand_out(self):
        grid = lossless(bench())
        assert {grid.rows[n][0] for n in grid.bold} == {"adaptive", "flac-5"}

    def test_a_terminal_has_no_room_for_settings(self):
        grid = lossless(bench(), brief=True)
        assert "setting" not in grid.headings and len(grid.rows[0]) == len(grid.headings)

    def test_what_did_not_come_back_is_never_best(self):
        from dataclasses import replace

        bad = replace(result("tiny", Kind.OURS, 1), passed=False, failed=True)
        one = bench(bad, result("adaptive", Kind.OURS, 10))
        assert one.best(ours=True).method == "adaptive" and one.gain_percent is None
        assert lossless(one).rows[0][11] == "NO"


def test_summary():
    grid = summary([bench(), bench(result("tiny", Kind.OURS, 10), name="b.npy")])
    a, b = (dict(zip(grid.headings, row, strict=True)) for row in grid.rows)
    assert (a["recording"], a["clip"], a["ADC"]) == ("a", "24 ch × 13 ms", "10 bit")
    assert (a["adaptive"], a["tiny"]) == ("4.500", "–")
    assert (a["best other"], a["b/S"], a["smaller by"]) == ("flac-5", "5.000", "10.0 %")
    assert (b["recording"], b["best other"], b["smaller by"]) == ("b", "–", "–")


def test_entropies():
    one = bench()
    rows = entropies(one).rows
    assert [row[0] for row in rows] == ["values", "differences", "second differences"]
    assert rows[1][1] == f"{one.entropies.differences.pooled:.2f}"
    assert "nats" in entropies(one).note


def test_published_figures():
    by_name = {(work.name, work.data): work.ratio for work in published.works()}
    assert by_name["WavPack", "Neuropixels 1.0"] == 3.59
    assert {row[0]: row[2] for row in works().rows}["bwenc (delta, Rice)"] == "3.35"


class TestRemarks:
    def test_who_wins_who_loses(self):
        first, *others = remarks(bench(notes=["mind this"]))
        assert first == (
            "adaptive (4.50 b/S) is 10.0 % smaller than the best of all others, flac-5 (5.00 b/S); "
            "it encodes 0.8 times and decodes 0.5 times as fast."
        )
        assert others[0] == "fixed (5.50 b/S) loses to legall-bzip2, flac-5."
        assert others[1].startswith("Only 400 frames") and others[-1] == "mind this"

    def test_a_loss_is_told(self):
        one = bench(result("flac-5", Kind.PEER, 1000), result("tiny", Kind.OURS, 1100))
        assert "10.0 % LARGER than the best of all others, flac-5" in remarks(one)[0]

    def test_without_others(self):
        assert [
            line for line in remarks(bench(result("tiny", Kind.OURS, 10))) if "tiny" in line
        ] == []


def test_length():
    assert [length(900, 30_000.0), length(15_000, 30_000.0)] == ["30 ms", "0.50 s"]
