"""Expansion: no code and no frame is longer than the configuration says, whatever the signal."""

import numpy as np
import pytest

from probecodec.golden import delta, encoder, zigzag
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Mode
from probecodec.golden.huffman import Huffman
from probecodec.golden.lms import Lms

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
    "huffman": {"modes": (Mode.HUFFMAN,)},
    "adaptive": {"modes": (Mode.ADAPTIVE,)},
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


for_sums = pytest.mark.parametrize(
    "mode", [Mode.RICE, Mode.HUFFMAN, Mode.ADAPTIVE], ids=lambda mode: mode.name
)


@for_sums
def test_the_bounds_are_reached(mode, lengths):
    """From silence, every channel leaps at once while the auxiliary word changes."""
    config = EncoderConfig(
        channels=7, sample_bits=12, aux_bits=16, packet_frames=300, modes=(mode,)
    )
    samples = np.zeros((300, 7), np.int64)
    samples[299] = -2048
    aux = np.where(np.arange(300) == 299, 0xFFFF, 0)
    code_lengths = lengths(config, samples, aux)
    assert code_lengths.max() == config.max_code_bits == 12 + 12 + 3
    assert code_lengths[299].sum() == config.max_frame_bits


@for_sums
def test_silence_costs_one_bit_a_sample(mode, lengths):
    """Also where it follows a leap: the mean is down again within 400 frames."""
    config = EncoderConfig(channels=7, sample_bits=16, packet_frames=500, modes=(mode,))
    samples = np.zeros((500, 7), np.int64)
    samples[0] = -32768
    code_lengths = lengths(config, samples, np.zeros(500, np.int64))
    assert (code_lengths[-20:] == 1).all()


@for_sums
@pytest.mark.parametrize("sample_bits", [8, 10, 16])
def test_white_noise_costs_little_more_than_raw(mode, sample_bits, lengths):
    config = EncoderConfig(channels=7, sample_bits=sample_bits, packet_frames=1500, modes=(mode,))
    random = np.random.default_rng(0)
    half = 1 << sample_bits - 1
    samples = random.integers(-half, half, (1500, 7))
    code_lengths = lengths(config, samples, np.zeros(1500, np.int64))
    assert code_lengths[300:].mean() < sample_bits + (2 if mode == Mode.RICE else 1)


@pytest.mark.parametrize("mode", [Mode.HUFFMAN, Mode.ADAPTIVE], ids=lambda mode: mode.name)
@pytest.mark.parametrize("sample_bits", [8, 11, 16])
def test_the_worst_symbol_at_every_step(mode, sample_bits, lengths):
    """Greedy search: the longest code, the largest or smallest of its symbols; or silence first."""
    config = EncoderConfig(channels=4, sample_bits=sample_bits, packet_frames=150, modes=(mode,))
    edges = [1 << n for n in range(sample_bits + 1)]
    choice = np.unique([[edge - 1, min(edge, edges[-1] - 1)] for edge in edges])
    trial = Huffman(EncoderConfig(channels=len(choice), sample_bits=sample_bits))
    coder, symbols = Huffman(config), np.zeros((FRAMES, 4), np.int64)
    for frame in range(1, FRAMES):
        for channel in range(4):
            if frame < 100 and channel > 1:
                continue
            trial.sums[:] = coder.sums[channel]
            length = trial.encode(choice[np.newaxis], restart=False).length[0]
            longest = choice[length == length.max()]
            symbols[frame, channel] = longest[-1 if channel % 2 else 0]
        coder.encode(symbols[frame : frame + 1], restart=False)
    residuals = zigzag.decode(symbols)
    if mode == Mode.ADAPTIVE:
        residuals = Lms(config).decode(residuals)  # whatever symbols: samples that have them exist
    samples = delta.decode(residuals, np.zeros(4, np.int64), sample_bits)
    code_lengths = lengths(config, samples, np.zeros(FRAMES, np.int64))
    assert code_lengths.max() == 12 + sample_bits == config.max_code_bits
    assert code_lengths[100:].mean() > sample_bits, "the search finds long codes"


@pytest.mark.parametrize("base", [0, 4096])
@pytest.mark.parametrize("age", [0, 15], ids=["just restarted", "later"])
def test_every_symbol_in_every_state(age, base):
    """W = 8: all sums of 13 bits, which none exceeds; only an escape takes 12 + W bits."""
    coder = Huffman(EncoderConfig(channels=4096, sample_bits=8))
    sums = base + np.arange(4096)
    step = np.maximum(np.log2(np.maximum(sums, 1) / 32).astype(int) - 3, 0)
    for symbol in range(256):
        coder.sums[:], coder.age = sums, age
        length = coder.encode(np.full((1, 4096), symbol), restart=False).length[0]
        assert coder.sums.max() < 1 << 13
        assert (coder.sums[sums >= 5] >= (5 if age else 4)).all()
        rising = (sums < 32) & (symbol > 0)
        assert (coder.sums[rising] > sums[rising]).all(), "no sum is too small to rise"
        escaped = symbol >= 128 * 2**step
        assert (length[escaped] == 20).all()
        assert (length[~escaped] <= 19).all()
