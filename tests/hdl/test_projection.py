"""Projection against its golden model: measurements, and when they come."""

import numpy as np
import pytest

from probecodec.golden.config import ConfigError
from probecodec.golden.format import Family
from probecodec.golden.projection import Projection as Golden
from probecodec.golden.projection import matrix
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.hdl.projection import Projection

LEAST = Projection.MIN_CHANNELS
FAMILIES = [
    (Family.SPARSE, 1, 8),
    (Family.SPARSE, 1, 5),
    (Family.DENSE, 1, 8),
    (Family.HELD, 4, 3),
    (Family.LOADED, 1, 4),
]
IDLES = ("none", "random", "bursts")


def configure(family, hold, measurements, **others):
    """Return a configuration, with random coefficients where they are needed."""
    others = {"channels": LEAST, "sample_bits": 9, "window": 16, "highpass_shift": 0} | others
    if family == Family.LOADED:
        random = np.random.default_rng(8)
        rows = np.triu(random.integers(-128, 128, (measurements, others["window"])))
        others |= {"coefficients": tuple(map(tuple, rows.tolist()))}
    return ProjectionConfig(family=family, hold=hold, measurements=measurements, **others)


def load(config):
    """Return what the port for the coefficients is given, cycle by cycle."""
    if config.family != Family.LOADED:
        return {}
    index, frame = np.indices((config.measurements, config.window)).reshape(2, -1)
    return {
        "load_valid": np.ones(len(index), int),
        "load_index": index,
        "load_frame": frame,
        "load_value": np.array(config.coefficients).ravel(),
    }


def check(harness, config, packets, idle="none"):
    """Assert that the stage gives the golden model's measurements; return them."""
    columns, golden, wanted = harness.slots(packets), Golden(config), []
    gives = np.zeros(len(columns["end"]), bool)  # slots in which a measurement is given
    index = np.zeros(len(gives), int)
    place = age = 0
    for packet in packets:
        if packet.restart:
            golden.restart()
            age = 0
        wanted.append(golden.encode(packet.values).ravel())
        for n in range(len(packet.values)):
            row = slice(place + n * config.channels, place + (n + 1) * config.channels)
            index[row] = age % config.window
            gives[row] = age >= config.window and age % config.window < config.measurements
            age += 1
        place += packet.values.size + packet.stray + packet.early
    assert place == len(gives)

    dut = Projection(config)
    port, layout = load(config), dut.i.payload.shape()
    sent = harness.schedule(len(gives), idle)
    before = max(map(len, port.values()), default=0)
    cycles = before + sent[-1] + 1 + harness.TAIL
    random = np.random.default_rng(5)
    drive = {
        "i.valid": np.zeros(cycles, int),
        "i.payload": random.integers(1 << layout.size, size=cycles),
    }
    drive["i.valid"][before + sent] = 1
    drive["i.payload"][before + sent] = harness.pack(layout, columns)
    for name, values in port.items():
        drive[name] = np.zeros(cycles, int)
        drive[name][:before] = values
    seen = harness.simulate(dut, drive, ("o.valid", "o.payload"))
    out = np.flatnonzero(seen["o.valid"])
    np.testing.assert_array_equal(out, before + sent[gives] + dut.LATENCY)
    got = harness.unpack(dut.o.payload.shape(), seen["o.payload"][out])
    np.testing.assert_array_equal(got["value"], np.concatenate(wanted))
    np.testing.assert_array_equal(got["channel"], columns["channel"][gives])
    np.testing.assert_array_equal(got["index"], index[gives])
    return got["value"]


def noise(config, frames, seed=0):
    limit = min(config.value_limit, (1 << config.value_bits - 1) - 1)
    random = np.random.default_rng(seed)
    return random.integers(-limit, limit + 1, (frames, config.channels))


@pytest.mark.parametrize(("family", "hold", "measurements"), FAMILIES)
@pytest.mark.parametrize("idle", IDLES)
def test_several_windows(harness, family, hold, measurements, idle):
    config = configure(family, hold, measurements)
    values = noise(config, 3 * config.window + measurements)
    given = check(harness, config, [harness.Packet(values, restart=True)], idle)
    assert len(given) == 3 * measurements * config.channels


@pytest.mark.parametrize(("family", "hold", "measurements"), FAMILIES)
@pytest.mark.parametrize("channels", [LEAST, 5, 33])
def test_channels_and_high_pass(harness, family, hold, measurements, channels):
    config = configure(family, hold, measurements, channels=channels, highpass_shift=4)
    check(harness, config, [harness.Packet(noise(config, 40), restart=True)])


@pytest.mark.parametrize(("family", "hold", "measurements"), FAMILIES)
@pytest.mark.parametrize("idle", IDLES)
def test_restarts(harness, family, hold, measurements, idle):
    """In mid-window, in mid-frame, before a window, in the frames that give the last one."""
    config = configure(family, hold, measurements, channels=6)
    Packet, full = harness.Packet, config.window
    values = noise(config, 2 * full)
    packets = [
        Packet(values, restart=True),
        Packet(values[:7], restart=True, early=True, stray=3),
        Packet(values[:1], restart=True, early=True, stray=5),
        Packet(values[:0], restart=True, early=True, stray=1),
        Packet(values[: full + 2], restart=True),
        Packet(values[: full - 1], restart=True, early=True),
        Packet(values, restart=True),
        Packet(values[:2], early=True),  # goes on without a restart
        Packet(values[2:9], early=True),
        Packet(values[9:], early=True),
        Packet(values[:5]),
    ]
    check(harness, config, packets, idle)


@pytest.mark.parametrize(("family", "hold", "measurements"), FAMILIES[:4])
@pytest.mark.parametrize("seed", [1, 2, 0x80000000, 0xFFFFFFFF])
def test_seeds(harness, family, hold, measurements, seed):
    config = configure(family, hold, measurements, seed=seed)
    check(harness, config, [harness.Packet(noise(config, 36), restart=True)])


@pytest.mark.parametrize("measurements", [1, 2, 15])
def test_ends_of_sparse(harness, measurements):
    config = configure(Family.SPARSE, 1, measurements)
    check(harness, config, [harness.Packet(noise(config, 50), restart=True)])


@pytest.mark.parametrize(
    ("family", "hold", "measurements", "window"),
    [
        (Family.DENSE, 1, 1, 16),
        (Family.DENSE, 1, 32, 64),
        (Family.HELD, 16, 2, 16),
        (Family.HELD, 2, 15, 16),
        (Family.SPARSE, 1, 200, 256),
        (Family.LOADED, 1, 1, 32),
        (Family.LOADED, 1, 8, 16),
    ],
)
def test_ends_of_the_others(harness, family, hold, measurements, window):
    config = configure(family, hold, measurements, window=window)
    values = noise(config, window + measurements + 1)
    check(harness, config, [harness.Packet(values, restart=True)])


@pytest.mark.parametrize("highpass", [0, 8])
@pytest.mark.parametrize("sample_bits", [8, 16])
@pytest.mark.parametrize("family", [Family.SPARSE, Family.DENSE, Family.LOADED])
def test_extremes(harness, family, sample_bits, highpass):
    """Every sample pushes its measurements to the bound: with their signs, and against them.

    With one measurement all hits, and all signs, are of one accumulator.
    """
    config = configure(family, 1, 1, sample_bits=sample_bits, highpass_shift=highpass)
    if family == Family.LOADED:
        config = ProjectionConfig(
            **vars(config) | {"coefficients": ((-128,) * config.window,), "row_sum": 0}
        )
    signs = np.sign(matrix(config)[:, 0].T)
    low = -(1 << sample_bits - 1) if not highpass else -config.value_limit
    high = -low - (not highpass)
    with_signs = np.where(signs > 0, high, low)
    against = np.where(signs > 0, low, high)
    alternating = np.where(np.add.outer(np.arange(16), np.arange(LEAST)) % 2, high, low)
    constant = np.full((16, LEAST), low)
    values = np.concatenate([with_signs, against, alternating, constant, -1 - constant, constant])
    given = check(harness, config, [harness.Packet(values, restart=True)])
    if family == Family.LOADED and not highpass:
        assert given.max() == 16 * 128 << sample_bits - 1  # the bound itself
        assert given.max().item().bit_length() + 1 == config.measurement_bits


def test_widest_coefficients(harness):
    config = configure(Family.LOADED, 1, 3, coefficient_bits=16, sample_bits=16)
    check(harness, config, [harness.Packet(noise(config, 40), restart=True)])


def test_accumulators_as_narrow_as_the_sum_of_a_row_allows(harness):
    row = (4, -4) * 8
    config = configure(Family.SPARSE, 1, 1)
    config = ProjectionConfig(
        **vars(config) | {"family": Family.LOADED, "coefficients": (row,), "row_sum": 64}
    )
    low = -(1 << config.sample_bits - 1)
    values = np.repeat(np.where(np.arange(40) % 2, -low - 1, low)[:, np.newaxis], LEAST, axis=1)
    given = check(harness, config, [harness.Packet(values, restart=True)])
    assert abs(given[0].item()).bit_length() + 1 == config.measurement_bits - 1  # low * 64 + 32
    assert (-low * 64).bit_length() + 1 == config.measurement_bits


def test_too_few_channels():
    config = configure(Family.SPARSE, 1, 8, channels=LEAST - 1)
    with pytest.raises(ConfigError, match="the projection needs at least 4 channels, not 3"):
        Projection(config)
