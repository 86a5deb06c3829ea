"""Auxiliary lane against its golden model."""

import numpy as np
import pytest

from probecodec.golden import auxiliary as golden
from probecodec.golden.config import EncoderConfig
from probecodec.golden.packer import Codes
from probecodec.hdl.auxiliary import Auxiliary


def check(harness, config, packets, words, idle="none"):
    """Check the lane; ``words`` has an array for each packet. The word is garbage between uses."""
    random = np.random.default_rng(7)
    columns = harness.slots(packets)
    count = len(columns["end"])
    columns["length"] = random.integers(1, 32, count) * columns["present"]
    columns["bits"] = random.integers(1 << 31, size=count) & (1 << columns["length"]) - 1
    expected, start, before = [], 0, 0
    for packet, aux in zip(packets, words, strict=True):
        frames = np.arange(start, start + packet.values.size).reshape(packet.values.shape)
        codes = Codes(columns["bits"][frames], columns["length"][frames])
        expected.append(golden.encode(codes, aux, before, config, packet.restart))
        start += packet.values.size + packet.stray + packet.early
        before = aux[-1] if len(aux) else before
    first = columns["present"] & (columns["channel"] == 0)
    word = np.full(count, -1)
    word[first] = random.integers(1 << config.aux_bits, size=first.sum())
    word[first & columns["whole"]] = np.concatenate(words)
    sent = {
        "bits": harness.fill(columns, [codes.bits for codes in expected]),
        "length": harness.fill(columns, [codes.length for codes in expected]),
    }
    harness.check(Auxiliary(config), columns, sent, idle, word=word)


def test_equals_the_golden_model(harness, packets, shape):
    bits, channels, idle = shape
    aux_bits = 24 - bits
    channels = channels or aux_bits + 1
    config = EncoderConfig(channels=channels, sample_bits=bits, aux_bits=aux_bits)
    sent = packets(bits, channels)
    random = np.random.default_rng(bits)
    words = [random.integers(1 << aux_bits, size=len(packet.values)) for packet in sent]
    for word in words[1::2]:
        word[1:] = word[:1]  # also frames without a change
    check(harness, config, sent, words, idle)


@pytest.mark.parametrize("aux_bits", range(1, 17))
def test_every_width(harness, aux_bits):
    config = EncoderConfig(channels=aux_bits + 1, aux_bits=aux_bits)
    frames = np.zeros((8, aux_bits + 1), np.int64)
    top = (1 << aux_bits) - 1
    words = [
        np.array([0, 0, top, top, 0, 1, 1 << (aux_bits - 1), 0]),
        np.array([0, top, top, top, 0, 0, 0, 1]),
        np.array([1, 1, 1, 0, 1, 0, 1, 1]),
    ]
    sent = [
        harness.Packet(frames, restart=True),
        harness.Packet(frames),
        harness.Packet(frames, restart=True),
    ]
    check(harness, config, sent, words)
