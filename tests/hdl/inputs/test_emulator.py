"""Emulator: the golden recording, at the exact rate."""

import numpy as np
import pytest
from amaranth import Fragment

from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.emulator import auxiliary, recording
from probecodec.golden.format import Order
from probecodec.golden.order import channels
from probecodec.hdl.inputs.emulator import Emulator

CASES = [  # channels, bits, order, frame_cycles, length, seed, frames
    (2, 8, Order.SEQUENTIAL, 3, 512, 1, 700),
    (5, 16, Order.SEQUENTIAL, 5, 512, 9, 520),
    (24, 10, Order.NP1, 100, 2048, 1, 20),
    (32, 14, Order.NP2, 33, 1024, 5, 30),
    (384, 10, Order.NP1, 1200, 2048, 1, 3),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}ch-{c[1]}bit-{c[3]}cycles")
def test_equals_the_golden_recording(watch, case):
    count, bits, kind, cycles, length, seed, frames = case
    config = EncoderConfig(channels=count, sample_bits=bits, order=kind)
    dut = Emulator(config, frame_cycles=cycles, length=length, seed=seed)
    got = watch.run(dut, cycles * frames + 3)
    wanted = recording(config, length, seed, frames)[:, channels(config)]
    np.testing.assert_array_equal(got.frames(count)[:frames], wanted)
    starts = got.cycle[got.first]
    assert set(np.diff(starts)) == {cycles}
    gaps = set(np.diff(got.cycle))
    assert gaps <= {cycles // count, -(-cycles // count)}  # evenly spread
    assert got.cycle[0] <= 3


def test_auxiliary_word(watch):
    config = EncoderConfig(channels=3, aux_bits=2)
    dut = Emulator(config, frame_cycles=3, length=512)
    got = watch.run(dut, 3 * 4100)
    words = got.aux[got.first]
    np.testing.assert_array_equal(words, auxiliary(config, len(words)))
    assert set(words) == {0, 1, 2, 3}


def test_reset_begins_again(watch):
    dut = Emulator(EncoderConfig(channels=4), frame_cycles=9)
    got = watch.run(dut, 100, reset=(40, 45))
    before, after = got.cycle < 40, got.cycle >= 45
    count = min(before.sum(), after.sum())
    assert count > 15
    for part in (got.cycle - 45 * after, got.first, got.value):
        np.testing.assert_array_equal(part[before][:count], part[after][:count])


@pytest.mark.parametrize("cycles", [383, 0, -1, 12.0, 1 << 32])
def test_too_fast(cycles):
    with pytest.raises(ConfigError, match="frame_cycles"):
        Emulator(EncoderConfig(channels=384), frame_cycles=cycles)


@pytest.mark.parametrize(
    ("cycles", "message"),
    [
        (100, "too short .* at least 384 cycles or a frame rate of 93,750 Hz or less$"),
        (36_000_000_000, "too long; .* 4294967295 cycles or a frame rate of 0.009 Hz or more$"),
        (True, "frame_cycles must be a whole number, not True"),
    ],
)
def test_what_frame_rate_would_do(cycles, message):
    with pytest.raises(ConfigError, match=message):
        Emulator(EncoderConfig(channels=384), frame_cycles=cycles, clock_hz=36e6)


@pytest.mark.parametrize("rate", [93_750, 0.009])
def test_the_frame_rates_offered_do(rate):
    config = EncoderConfig(channels=384)
    assert Fragment.get(Emulator(config, frame_cycles=round(36e6 / rate), clock_hz=36e6), None)


@pytest.mark.parametrize("wrong", [{"length": 1000}, {"seed": 0}])
def test_what_the_recording_cannot_be(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        Emulator(EncoderConfig(), frame_cycles=1200, **wrong)
