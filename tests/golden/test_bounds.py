"""Expansion: no code and no frame is longer than the configuration says, whatever the signal."""

import numpy as np
import pytest

from probecodec.golden import encoder
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Mode

FRAMES = 200


@pytest.fixture
def lengths(monkeypatch):
    """A function that encodes samples and returns the codes' lengths, (frames, channels)."""

    def measure(config, samples, aux):
        seen = []
        pack = encoder.packer.encode
        with monkeypatch.context() as patch:
            patch.setattr(encoder.packer, "encode", lambda codes: seen.append(codes) or pack(codes))
            list(encoder.encode(config, samples, aux))
        for codes in seen:
            assert (codes.bits >> codes.length == 0).all(), "a code fits its length"
        return np.concatenate([codes.length for codes in seen])

    return measure


CODERS = {
    "rice": {"modes": (Mode.RICE,)},
    "fixed-2": {"modes": (Mode.FIXED,), "fixed_bits": 2},
    "fixed-7": {"modes": (Mode.FIXED,), "fixed_bits": 7},
    "fixed-8": {"modes": (Mode.FIXED,), "fixed_bits": 8},
}


@pytest.mark.parametrize("aux_bits", [0, 1, 16])
@pytest.mark.parametrize("sample_bits", [8, 10, 16])
@pytest.mark.parametrize("coder", CODERS)
def test_codes_and_frames_stay_within_bounds(coder, sample_bits, aux_bits, signal, lengths):
    config = EncoderConfig(
        channels=7,
        sample_bits=sample_bits,
        aux_bits=aux_bits,
        packet_frames=64,
        restart_interval=2,
        **CODERS[coder],
    )
    aux = np.arange(FRAMES) % (1 << aux_bits)  # changes in every frame
    code_lengths = lengths(config, signal(config, FRAMES), aux)
    assert code_lengths.shape == (FRAMES, 7)
    assert code_lengths.max() <= config.max_code_bits <= 32
    assert code_lengths.sum(axis=1).max() <= config.max_frame_bits


def test_the_bounds_are_reached(lengths):
    """From silence, every channel leaps at once while the auxiliary word changes."""
    config = EncoderConfig(channels=7, sample_bits=12, aux_bits=16, packet_frames=300)
    samples = np.zeros((300, 7), np.int64)
    samples[299] = -2048
    aux = np.where(np.arange(300) == 299, 0xFFFF, 0)
    code_lengths = lengths(config, samples, aux)
    assert code_lengths.max() == config.max_code_bits == 12 + 12 + 3
    assert code_lengths[299].sum() == config.max_frame_bits


def test_silence_costs_one_bit_a_sample(lengths):
    config = EncoderConfig(channels=7, sample_bits=16, packet_frames=FRAMES)
    code_lengths = lengths(config, np.zeros((FRAMES, 7), np.int64), np.zeros(FRAMES, np.int64))
    assert (code_lengths[-20:] == 1).all()


def test_white_noise_costs_under_two_bits_more_than_raw(lengths):
    config = EncoderConfig(channels=7, sample_bits=16, packet_frames=FRAMES)
    random = np.random.default_rng(0)
    samples = random.integers(-(1 << 15), 1 << 15, (FRAMES, 7))
    code_lengths = lengths(config, samples, np.zeros(FRAMES, np.int64))
    assert code_lengths[50:].mean() < 18
