"""Real recordings, where there are any: sizes, all packet overhead counted, and round trips."""

import numpy as np
import pytest

from probecodec.bench.ours import ours
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Order
from probecodec.host.recording import Recording

# At most so many bits per sample in mode adaptive, sequential order. The best peers measured reach
# 6.77, 4.17, 5.43, 3.57, 6.37 and 4.69.
LIMITS = {
    "np2_run001": 6.48,
    "np1_ultra_neo": 4.08,
    "npopto_native10bit": 4.62,
    "np1_lfp_native10bit": 3.03,
    "intan32_cinpla_neo": 6.15,
    "np1_acsf_imec0": 4.44,
}
PROBE_ORDERS = {"np2_run001": Order.NP2, "np1_ultra_neo": Order.NP1, "np1_acsf_imec0": Order.NP1}


@pytest.fixture(params=LIMITS)
def recording(request, recordings):
    """A recording, and its name."""
    if request.param not in recordings:
        pytest.skip(f"no recording {request.param}")
    samples, about = recordings[request.param]
    return request.param, Recording(samples=samples, sample_bits=about["adc_bits"])


def measure(source, preset, **changes):
    """Return the bits per sample of a preset, and check the round trip."""
    config = source.config(preset, **changes)
    assert config.restart_interval * config.packet_frames <= 7500
    result = ours(preset, config, source.samples)
    assert result.passed
    return result.bits_per_sample


def test_adaptive(recording):
    name, source = recording
    assert measure(source, "adaptive") <= LIMITS[name]


def test_the_probe_s_own_order_costs_little(recording):
    name, source = recording
    if name not in PROBE_ORDERS:
        pytest.skip("its order is not known")
    assert measure(source, "adaptive", order=PROBE_ORDERS[name]) <= LIMITS[name] + 0.01


def test_huffman_is_never_much_worse_than_rice(recording):
    _, source = recording
    assert measure(source, "small") <= measure(source, "tiny") + 0.02


def signals(bits):
    """Signals that a probe may give at its worst, int16 (4000, 32), by name."""
    random, half, shape = np.random.default_rng(1), 1 << bits - 1, (4000, 32)
    return {
        "silence": np.zeros(shape),
        "quiet": random.normal(0, 0.3, shape),
        "small noise": random.normal(0, 2, shape),
        "large noise": random.normal(0, half / 8, shape).clip(-half, half - 1),
        "white noise at full scale": random.integers(-half, half, shape),
        "square waves": np.where(
            np.add.outer(np.arange(4000), np.arange(32)) % 50 < 25, half - 1, -half
        ),
        "impulses": np.where(random.random(shape) < 0.01, half - 1, 0),
    }


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("name", signals(8))
def test_no_signal_is_much_worse_than_with_rice(name, bits):
    samples = np.rint(signals(bits)[name]).astype(np.int16)
    sizes = {}
    for preset in ("tiny", "small"):
        config = EncoderConfig.preset(preset, channels=32, sample_bits=bits)
        sizes[preset] = ours(preset, config, samples).bits_per_sample
    assert sizes["small"] <= sizes["tiny"] + 0.02
