"""How many columns a raw file has: what is found, and above all that there is no false alarm."""

import numpy as np
import pytest

from probecodec.host.columns import doubt, likely_columns
from probecodec.host.synthetic import PRESETS, synthesize

WIDTHS = (5, 16, 31, 32, 64, 128, 384, 385, 1000, 4097)


def made(columns, frames, offset=30, common=0, seed=1):
    """int16 (frames, columns): noise, offsets of the columns, and what all have in common."""
    random = np.random.default_rng(seed)
    noise = random.normal(0, 10, (frames, columns))
    shared = random.normal(0, 1, (frames, 1)) * common
    return np.rint(noise + shared + random.normal(0, offset, columns)).astype(np.int16)


def with_sync(samples):
    """A word of bits as last column, as SpikeGLX has it, and its highest bit at times."""
    time = np.arange(len(samples))
    word = time // 1000 % 2 * 64 + (time % 500 < 20) * -32768
    return np.column_stack([samples, word]).astype(np.int16)


def whole(values, columns):
    """As many values as are whole frames of ``columns``: what a wrong count can be given for."""
    flat = values.reshape(-1)
    return flat[: flat.size // columns * columns]


class TestLikely:
    @pytest.mark.parametrize("columns", WIDTHS)
    def test_by_offsets(self, columns):
        assert likely_columns(made(columns, 500)) == columns

    def test_by_slow_signals(self):
        """No offsets: channels change slowly, each on its own and all together."""
        steps = made(40, 5000, offset=0, common=20).astype(int)
        slow = np.cumsum(steps - np.rint(steps.mean(0)).astype(int), 0) // 8
        assert likely_columns(slow.astype(np.int16)) == 40

    def test_sync_column_counts(self):
        assert likely_columns(with_sync(made(384, 900))) == 385

    @pytest.mark.parametrize(
        "values",
        [
            np.zeros(0, np.int16),
            np.zeros(100_000, np.int16),
            np.full(100_000, -7, np.int16),
            made(19, 100),
            np.random.default_rng(2).integers(-512, 512, 300_000).astype(np.int16),
            np.random.default_rng(3).normal(0, 9, 300_000).astype(np.int16),
            np.cumsum(np.random.default_rng(4).normal(0, 9, 300_000)).astype(np.int16),
            np.arange(300_000).astype(np.int16),
        ],
        ids=["empty", "zeros", "constant", "short", "uniform", "normal", "walk", "ramp"],
    )
    def test_no_idea(self, values):
        assert likely_columns(values) is None
        assert doubt(values, 10) is None

    def test_pairs_of_sites_are_no_columns(self):
        """Channels two apart are alike, frames are not."""
        random = np.random.default_rng(5)
        pairs = random.normal(0, 40, (2000, 2)).repeat(96, 0).reshape(2000, 192)
        samples = (pairs + random.normal(0, 10, pairs.shape)).astype(np.int16)
        assert doubt(samples, 192) is None


class TestDoubt:
    @pytest.mark.parametrize("columns", WIDTHS)
    def test_none_where_the_count_is_right(self, columns):
        assert doubt(made(columns, 300), columns) is None

    @pytest.mark.parametrize(
        ("true", "told", "expected"),
        [
            (385, 384, "looks like 385 columns, not 384: correct --channels, or name the auxiliary "
             "column with --aux-bits 16"),
            (384, 385, "looks like 384 columns, not 385: correct --channels or --aux-bits"),
            (384, 768, "looks like 384 columns, not 768: correct --channels"),
            (384, 192, "looks like 384 columns, not 192: correct --channels"),
            (384, 383, "looks like 384 columns, not 383: correct --channels, or name the auxiliary "
             "column with --aux-bits 16"),
            (32, 64, "looks like 32 columns, not 64: correct --channels"),
        ],
    )  # fmt: skip
    def test_says_what_to_do(self, true, told, expected):
        assert doubt(whole(made(true, 900), told), told) == expected

    def test_silent_about_few_frames(self):
        values = made(48, 100)
        assert "looks like 48 columns, not 480" in doubt(values, 480)  # 10 frames
        assert doubt(values, 600) is None
        assert doubt(values, values.size) is None

    @pytest.mark.parametrize("frames", [900, 6000])  # a row within the lags looked at, and beyond
    def test_transposed(self, frames):
        samples = made(48, frames, common=6)
        expected = f"looks transposed, 48 channels of {frames} frames each"
        assert expected in doubt(np.ascontiguousarray(samples.T), 48)
        assert doubt(samples, 48) is None

    def test_reads_a_bounded_part(self):
        class Counted:
            """A file of 4 G values that counts those that are read."""

            size, read = 1 << 32, 0

            def reshape(self, _):
                return self

            def __getitem__(self, at):
                self.read += at.stop - at.start
                return np.random.default_rng(at.start).integers(0, 9, at.stop - at.start)

        values = Counted()
        assert doubt(values, 1 << 9) is None
        assert 0 < values.read < 1_100_000


@pytest.mark.parametrize("preset", PRESETS)
def test_synthetic_recordings(preset):
    recording = synthesize(preset, frames=900, seed=3)
    channels = recording.samples.shape[1]
    assert likely_columns(recording.samples) == channels
    both = with_sync(recording.samples)
    assert doubt(both, channels + 1) is None
    assert f"looks like {channels + 1} " in doubt(whole(both, channels), channels)


def test_real_recordings(recordings):
    for name, (samples, _) in recordings.items():
        channels = samples.shape[1]
        tables = [samples, samples[:150], with_sync(samples), np.clip(samples, -2700, 2700) * 12]
        tables += [samples[:, :count] for count in (64, 32, 16, 8, 4) if count < channels]
        for table in tables:
            assert doubt(table, table.shape[1]) is None, (name, table.shape)
        for true, table in ((channels, samples), (channels + 1, with_sync(samples))):
            for told in (true - 1, true + 1, 2 * true, true // 2):
                sentence = doubt(whole(table, told), told)
                assert f"looks like {true} columns, not {told}" in sentence, name
