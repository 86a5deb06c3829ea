"""Auxiliary lane against its golden model."""

import numpy as np
import pytest

from probecodec.golden import auxiliary as golden
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Mode
from probecodec.golden.packer import Codes
from probecodec.golden.projection_config import ProjectionConfig
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


@pytest.mark.parametrize("idle", ["none", "random", "bursts"])
@pytest.mark.parametrize("aux_bits", [1, 5])
def test_empty_codes(harness, aux_bits, idle):
    """In mode PROJECTION most codes are empty: the word's bits come all the same, on their own.

    Of a restart the first frame sends the word, not that of the first measurements.
    """
    channels, random = aux_bits + 1, np.random.default_rng(aux_bits)
    config = EncoderConfig(
        channels=channels,
        aux_bits=aux_bits,
        modes=(Mode.PROJECTION, Mode.HUFFMAN),
        projection=ProjectionConfig(window=16, measurements=2),
    )
    frames = np.zeros((16, channels), np.int64)
    packets = [
        harness.Packet(frames, restart=True),
        harness.Packet(frames[:9], early=True, stray=1),
        harness.Packet(frames, restart=True),
        harness.Packet(frames[:3], restart=True, early=True),
        harness.Packet(frames),
    ]
    columns = harness.slots(packets)
    count = len(columns["end"])
    frame = np.zeros(count, int)
    frame[columns["whole"]] = np.concatenate(
        [np.arange(packet.values.size) // channels for packet in packets]
    )
    given = columns["present"] & columns["whole"] & (frame >= 14)
    columns["raw"] = given & columns["restart"] & (frame == 14)
    columns["present"] = given
    columns["length"] = random.integers(1, 32, count) * given
    columns["bits"] = random.integers(1 << 31, size=count) & (1 << columns["length"]) - 1
    changes = random.random(count) < 0.4
    words = np.cumsum(changes) % (1 << aux_bits)  # of each slot; that of channel 0 counts

    expected = {name: columns[name].copy() for name in ("bits", "length")}
    place = before = 0
    for packet in packets:
        slots = np.arange(place, place + packet.values.size).reshape(packet.values.shape)
        aux = words[slots[:, 0]]
        codes = Codes(columns["bits"][slots], columns["length"][slots])
        codes = golden.encode(codes, aux, before, config, packet.restart)
        expected["bits"][slots], expected["length"][slots] = codes
        place += packet.values.size + packet.stray + packet.early
        before = aux[-1]
    word = np.where(columns["sample"] & (columns["channel"] == 0), words, -1)
    sent, out, got = harness.run(Auxiliary(config), columns, idle, word=word)
    np.testing.assert_array_equal(out, sent + Auxiliary.LATENCY)
    whole = columns["whole"]
    for name in ("bits", "length"):
        np.testing.assert_array_equal(got[name][whole], expected[name][whole], err_msg=name)
    np.testing.assert_array_equal(got["present"][whole], expected["length"][whole] > 0)
    end = ~columns["sample"]
    assert not got["length"][end].any() and not got["present"][end].any()
    for name in ("channel", "sample", "first", "raw", "mode", "end"):
        np.testing.assert_array_equal(got[name], columns[name], err_msg=name)
    alone = whole & ~given & (expected["length"] > 0)
    assert alone.sum() > len(frames) and set(expected["length"][alone]) == {1}
