"""Projection against its golden model: measurements, their tags, and when they come."""

from dataclasses import replace

import numpy as np
import pytest

from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.format import Family, Mode
from probecodec.golden.projection import Projection as Golden
from probecodec.golden.projection import given, matrix
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.hdl.projection import Projection

LEAST = Projection.MIN_CHANNELS
FAMILIES = [
    (Family.SPARSE, 1, 8),
    (Family.SPARSE, 1, 5),
    (Family.SPARSE, 2, 3),
    (Family.DENSE, 1, 8),
    (Family.DENSE, 4, 3),
    (Family.LOADED, 1, 4),
]
IDLES = ("none", "random", "bursts")
MODES = (Mode.HUFFMAN, Mode.PROJECTION)


def configure(family, hold, measurements, channels=LEAST, sample_bits=9, **others):
    """Return a configuration, with random coefficients where they are needed."""
    others = {"window": 16, "highpass_shift": 0, "sample_bits": sample_bits} | others
    if family == Family.LOADED and "coefficients" not in others:
        rows = np.random.default_rng(8).integers(-128, 128, (measurements, others["window"]))
        rows = np.tril(np.triu(rows), others["window"] - measurements)
        others |= {"coefficients": tuple(map(tuple, rows.tolist()))}
    matrix = ProjectionConfig(family=family, hold=hold, measurements=measurements, **others)
    return EncoderConfig(channels=channels, sample_bits=sample_bits, modes=MODES, projection=matrix)


def load(config):
    """Return what the port for the coefficients is given, in any order, a cycle each."""
    index, frame = np.indices((config.measurements, config.window)).reshape(2, -1)
    order = np.random.default_rng(3).permutation(len(index))
    values = np.array(config.coefficients).ravel()
    return {"index": index[order], "frame": frame[order], "value": values[order]}


def expect(harness, config, packets):
    """Return (columns of the slots, columns expected); every packet begins a window."""
    columns, golden, raw = harness.slots(packets), Golden(config), False
    count, place = len(columns["end"]), 0
    expected = {name: np.zeros(count, np.int64) for name in ("value", "present", "raw")}
    for packet in packets:
        golden.begin()
        raw |= packet.restart
        rows = iter(golden.encode(packet.values))
        for frame in np.flatnonzero(given(config, len(packet.values))):
            row = slice(place + frame * config.channels, place + (frame + 1) * config.channels)
            expected["present"][row] = 1
            expected["raw"][row], raw = raw, False
            expected["value"][row] = next(rows)
        assert next(rows, None) is None
        place += packet.values.size + packet.stray + packet.early
    assert place == count
    return columns, expected


def check(harness, config, packets, idle="none"):
    """Assert that the stage gives the golden model's measurements; return them.

    Coefficients are loaded while another packet passes.
    """
    matrix, before = config.projection, 0
    columns, expected = expect(harness, matrix, packets)
    dut = Projection(config)
    layout = dut.i.payload.shape()
    sent = harness.schedule(len(columns["end"]), idle)
    random = np.random.default_rng(5)
    if matrix.family == Family.LOADED:
        port = load(matrix)
        before = len(port["index"]) + 2
    cycles = before + sent[-1] + 1 + harness.TAIL
    drive = {
        "i.valid": np.zeros(cycles, int),
        "i.payload": random.integers(1 << layout.size, size=cycles),
    }
    drive["i.valid"][before + sent] = 1
    drive["i.payload"][before + sent] = harness.pack(layout, columns)
    if before:
        other = {name: random.integers(2, size=before) for name in columns}
        other["channel"] = np.arange(before) % config.channels
        other["end"] = np.arange(before) == before - 1
        drive["i.payload"][:before] = harness.pack(layout, other)
        drive["i.valid"][:before] = 1
        load_layout = dut.load.shape()
        drive["load"] = random.integers(1 << load_layout.size, size=cycles)
        drive["load"][: before - 2] = harness.pack(load_layout, port)
        drive["load_valid"] = np.arange(cycles) < before - 2
    seen = harness.simulate(dut, drive, ("o.valid", "o.payload"))
    out = np.flatnonzero(seen["o.valid"])[before:]
    np.testing.assert_array_equal(out, before + sent + dut.LATENCY)
    got = harness.unpack(dut.o.payload.shape(), seen["o.payload"][out])
    counts = columns["whole"]
    for name in ("present", "raw"):
        np.testing.assert_array_equal(got[name][counts], expected[name][counts], err_msg=name)
    for name in ("channel", "sample", "first", "fresh", "mode", "end"):
        np.testing.assert_array_equal(got[name], columns[name], err_msg=name)
    assert not got["present"][columns["present"] == 0].any()
    counts = counts & (expected["present"] == 1)
    np.testing.assert_array_equal(got["value"][counts], expected["value"][counts])
    return got["value"][counts]


def noise(config, frames, seed=0):
    """Values of full size."""
    half = 1 << config.projection.value_bits - 1
    random = np.random.default_rng(seed)
    return random.integers(1 - half, half, (frames, config.channels))


@pytest.mark.parametrize(("family", "hold", "measurements"), FAMILIES)
@pytest.mark.parametrize("idle", IDLES)
def test_several_windows(harness, family, hold, measurements, idle):
    config = configure(family, hold, measurements)
    packets = [harness.Packet(noise(config, 48), restart=True), harness.Packet(noise(config, 16))]
    assert len(check(harness, config, packets, idle)) == 4 * measurements * config.channels


@pytest.mark.parametrize(("family", "hold", "measurements"), FAMILIES)
@pytest.mark.parametrize("channels", [LEAST, 5, 33])
def test_channels_and_high_pass(harness, family, hold, measurements, channels):
    config = configure(family, hold, measurements, channels=channels, highpass_shift=4)
    check(harness, config, [harness.Packet(noise(config, 40), restart=True)])


@pytest.mark.parametrize(("family", "hold", "measurements"), FAMILIES)
@pytest.mark.parametrize("idle", ["none", "bursts"])
def test_packets_end_anywhere(harness, family, hold, measurements, idle):
    """In mid-window, in mid-frame, just before and behind each frame that gives something."""
    config = configure(family, hold, measurements)
    Packet, full = harness.Packet, config.projection.window
    first, last = config.projection.given_frames[0], config.projection.given_frames[-1]
    values = noise(config, 2 * full)
    packets = [
        Packet(values, restart=True),
        Packet(values[:7], restart=True, early=True, stray=3, mode=1),
        Packet(values[:1], restart=True, early=True, stray=5),
        Packet(values[:0], restart=True, early=True, stray=1),
        Packet(values[: full + 2], restart=True, mode=1),
        Packet(values[: full - 1], early=True),  # goes on without a restart
        Packet(values[: first + 1], restart=True, early=True),
        Packet(values[:full], mode=1),
        Packet(values[:first], restart=True, early=True),  # its raw row is the next packet's
        Packet(values[:2]),
        Packet(values[2 : 2 + full], early=True),
        Packet(values[9 : 9 + full + last]),
        Packet(values[:first], restart=True, early=True, stray=2),
        Packet(values[:full], restart=True, goes_on=True),
        Packet(values[:full]),
    ]
    check(harness, config, packets, idle)


@pytest.mark.parametrize(("family", "hold", "measurements"), FAMILIES[:5])
@pytest.mark.parametrize("seed", [2, 0x80000000, 0xFFFFFFFF])
def test_seeds(harness, family, hold, measurements, seed):
    config = configure(family, hold, measurements, seed=seed)
    check(harness, config, [harness.Packet(noise(config, 36), restart=True)])


@pytest.mark.parametrize(
    ("family", "hold", "measurements", "window"),
    [
        (Family.SPARSE, 1, 1, 16),
        (Family.SPARSE, 1, 2, 16),
        (Family.SPARSE, 8, 1, 16),
        (Family.SPARSE, 4, 2, 16),
        (Family.SPARSE, 1, 128, 256),
        (Family.SPARSE, 1, 7, 64),
        (Family.DENSE, 1, 1, 16),
        (Family.DENSE, 1, 32, 64),
        (Family.DENSE, 8, 8, 16),
        (Family.DENSE, 2, 7, 32),
        (Family.LOADED, 1, 1, 32),
        (Family.LOADED, 1, 8, 16),
    ],
)
def test_fewest_and_most_measurements(harness, family, hold, measurements, window):
    config = configure(family, hold, measurements, window=window)
    values = noise(config, window + window // 2)
    packets = [harness.Packet(values, restart=True), harness.Packet(values[:window])]
    check(harness, config, packets)


@pytest.mark.parametrize("highpass", [0, 8])
@pytest.mark.parametrize("sample_bits", [8, 16])
@pytest.mark.parametrize(
    ("family", "hold"),
    [(Family.SPARSE, 1), (Family.SPARSE, 8), (Family.DENSE, 1), (Family.LOADED, 1)],
)
def test_extremes(harness, family, hold, sample_bits, highpass):
    """Every sample pushes its measurement to the bound: with its signs, and against them.

    With one measurement all hits, and all signs, are of one accumulator.
    """
    fields = {"coefficients": ((-128,) * 16,)} if family == Family.LOADED else {}
    config = configure(family, hold, 1, sample_bits=sample_bits, highpass_shift=highpass, **fields)
    signs = np.sign(matrix(config.projection)[:, 0].T)
    low = -(1 << sample_bits - 1) if not highpass else -config.projection.value_limit
    high = -low - (not highpass)
    with_signs = np.where(signs > 0, high, low)
    against = np.where(signs > 0, low, high)
    alternating = np.where(np.add.outer(np.arange(16), np.arange(LEAST)) % 2, high, low)
    constant = np.full((16, LEAST), low)
    values = np.concatenate([with_signs, against, alternating, constant, -1 - constant, constant])
    given = check(harness, config, [harness.Packet(values, restart=True)])
    shift, bits = config.projection.shift, config.projection.code_bits
    if highpass:  # both ends of what a code may be
        largest = -low * 16 * (128 if family == Family.LOADED else 1)
        assert given.max() == largest >> shift and given.min() == -largest >> shift
        assert given.max().item().bit_length() + 1 == bits
    elif family == Family.LOADED:
        assert given.max() == 16 * 128 << sample_bits - 1 >> shift  # the bound itself
        assert given.max().item().bit_length() + 1 == bits


@pytest.mark.parametrize(("family", "hold"), [(Family.SPARSE, 1), (Family.DENSE, 2)])
@pytest.mark.parametrize("measurements", [3, 8])
def test_extremes_of_several_measurements(harness, family, hold, measurements):
    """Each in turn has all its signs with it, or all against it."""
    config = configure(family, hold, measurements, sample_bits=8, highpass_shift=3)
    limit = config.projection.value_limit
    rows = matrix(config.projection)
    windows = [side * limit * rows[:, k].T for k in range(measurements) for side in (1, -1)]
    given = check(harness, config, [harness.Packet(np.concatenate(windows), restart=True)])
    if family == Family.DENSE:
        assert given.max() == limit * (16 - measurements + 1)


@pytest.mark.parametrize(("family", "hold", "measurements"), FAMILIES)
@pytest.mark.parametrize("shift", [1, 6])
def test_shift(harness, family, hold, measurements, shift):
    """The lowest bits are left out; the rest is floored."""
    fields = {"row_sum": 2000} if family == Family.LOADED else {}
    config = configure(family, hold, measurements, sample_bits=12, highpass_shift=2, **fields)
    made = config.projection
    config = replace(config, projection=replace(made, shift=made.shift + shift))
    check(harness, config, [harness.Packet(noise(config, 32), restart=True)])


def test_coefficients_change_while_samples_come(harness):
    """Each is used from its next frame on; those of the others are as they were."""
    config = configure(Family.LOADED, 1, 4, sample_bits=8, row_sum=2047)
    old = np.array(config.projection.coefficients)
    new = -old - (old != 0)
    values = noise(config, 48)
    dut = Projection(config)
    layout, load_layout = dut.i.payload.shape(), dut.load.shape()
    columns = harness.slots([harness.Packet(values, restart=True)])
    before, count = old.size, values.size
    cycles = before + count + harness.TAIL
    drive = {name: np.zeros(cycles, int) for name in ("i.valid", "i.payload", "load", "load_valid")}
    drive["i.valid"][before : before + count] = 1
    drive["i.payload"][before : before + count] = harness.pack(layout, columns)

    def write(start, rows, frames):
        frame, index = (part.ravel() for part in np.meshgrid(frames, np.arange(4), indexing="ij"))
        port = {"index": index, "frame": frame, "value": rows[index, frame]}
        drive["load"][start : start + len(index)] = harness.pack(load_layout, port)
        drive["load_valid"][start : start + len(index)] = 1

    write(0, old, np.arange(16))
    # During the second window: in each frame the four coefficients of the frame half a window on.
    write(before + 16 * LEAST, new, (np.arange(16) + 8) % 16)
    seen = harness.simulate(dut, drive, ("o.valid", "o.payload"))
    got = harness.unpack(dut.o.payload.shape(), seen["o.payload"][seen["o.valid"] == 1])
    half = np.arange(16) < 8
    wanted = [
        rows @ values[start : start + 16]
        for start, rows in ((0, old), (16, np.where(half, old, new)), (32, new))
    ]
    given = got["value"][got["present"] == 1].reshape(-1, LEAST)
    np.testing.assert_array_equal(given, np.concatenate(wanted) >> config.projection.shift)


def test_widest_coefficients(harness):
    rows = np.random.default_rng(2).integers(-1 << 15, 1 << 15, (3, 16))
    rows = np.tril(np.triu(rows), 13)
    config = configure(
        Family.LOADED,
        1,
        3,
        sample_bits=12,
        coefficients=tuple(map(tuple, rows.tolist())),
        coefficient_bits=16,
    )
    assert np.abs(rows).max() >= 1 << 14
    check(harness, config, [harness.Packet(noise(config, 40), restart=True)])


def test_accumulators_as_narrow_as_the_sum_of_a_row_allows(harness):
    row = (4, -4) * 8
    config = configure(Family.LOADED, 1, 1, coefficients=(row,), row_sum=64)
    low = -(1 << config.sample_bits - 1)
    values = np.repeat(np.where(np.arange(48) % 2, -low - 1, low)[:, np.newaxis], LEAST, axis=1)
    given = check(harness, config, [harness.Packet(values, restart=True)])
    bits = config.projection.measurement_bits
    assert abs(given[0].item()).bit_length() + 1 == bits - 1  # low * 64 + 32
    assert (-low * 64).bit_length() + 1 == bits


def test_too_few_channels():
    config = configure(Family.SPARSE, 1, 8, channels=LEAST - 1)
    with pytest.raises(ConfigError, match="the projection needs at least 4 channels, not 3"):
        Projection(config)
