"""Order of the channels: slots by hand, neighbours against a search of another make."""

import numpy as np
import pytest

from probecodec.golden import order
from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.decoder import Decoder
from probecodec.golden.encoder import encode
from probecodec.golden.format import LOSSLESS, Flag, Kind, Mode, Order

SHAPES = [
    (Order.SEQUENTIAL, 2),
    (Order.SEQUENTIAL, 7),
    (Order.NP1, 24),
    (Order.NP1, 48),
    (Order.NP1, 384),
    (Order.NP2, 32),
    (Order.NP2, 96),
    (Order.NP2, 384),
]
for_all = pytest.mark.parametrize(("kind", "channels"), SHAPES)


def config_of(kind, channels, **others):
    return EncoderConfig(channels=channels, order=kind, **others)


def near(kind, channel, channels=384):
    """The neighbours of a channel, as channels."""
    config = config_of(kind, channels)
    slots = order.channels(config)
    return slots[order.neighbours(config)[slots.tolist().index(channel)]].tolist()


def test_np1_by_hand():
    slots = order.channels(config_of(Order.NP1, 384)).tolist()
    assert slots[:8] == [0, 1, 24, 25, 48, 49, 72, 73]
    assert slots[30:36] == [360, 361, 2, 3, 26, 27]
    assert slots[64:68] == [4, 5, 28, 29]
    assert slots[-4:] == [358, 359, 382, 383]


def test_np2_by_hand():
    slots = order.channels(config_of(Order.NP2, 384)).tolist()
    assert slots[:8] == [0, 1, 32, 33, 64, 65, 96, 97]
    assert slots[22:28] == [352, 353, 2, 3, 34, 35]
    assert slots[48:52] == [4, 5, 36, 37]
    assert slots[-4:] == [350, 351, 382, 383]


def test_sequential():
    config = config_of(Order.SEQUENTIAL, 5)
    assert order.channels(config).tolist() == [0, 1, 2, 3, 4]
    assert order.neighbours(config).tolist() == [
        [5, 5, 5],  # none
        [0, 5, 5],
        [1, 0, 5],
        [2, 1, 0],
        [3, 2, 1],
    ]


@pytest.mark.parametrize(
    ("kind", "channel", "expected"),
    [
        # NP1: sites at x = 43, 11, 59, 27 by turns, 20 micrometres up for every two.
        (Order.NP1, 0, [2, 3, 1]),  # all later in the frame: 25.6, 25.6, 32 away
        (Order.NP1, 3, [1, 0, 2]),  # 0 and 1 at 25.6, 2 at 32; 5 is as near as 1 but later
        (Order.NP1, 6, [4, 2, 3]),  # 25.6, 40, 51.2; 7 and 5 are 32 + 60 and 52 off
        (Order.NP1, 24, [23, 22, 26]),  # slot 2: all are later
        # NP2: two columns 32 apart, 15 up for every two.
        (Order.NP2, 0, [2, 4, 1]),  # 15, 30, 32 away, all later
        (Order.NP2, 3, [1, 2, 0]),  # 15, 32, 35.3
    ],
)
def test_neighbours_by_hand(kind, channel, expected):
    assert near(kind, channel) == expected


@for_all
def test_slots_are_a_permutation(kind, channels):
    assert sorted(order.channels(config_of(kind, channels))) == list(range(channels))


@for_all
def test_slots_as_the_reference_decoder_has_them(kind, channels, reference):
    expected = reference.channel_of_slots(kind, channels)
    assert order.channels(config_of(kind, channels)).tolist() == expected


@for_all
def test_neighbours_as_the_reference_decoder_has_them(kind, channels, reference):
    found = order.neighbours(config_of(kind, channels)).tolist()
    expected = reference.neighbours_of_slots(kind, channels)
    assert found == [[channels if n is None else n for n in row] for row in expected]


@for_all
def test_neighbours_are_other_slots_and_none_twice(kind, channels):
    found = order.neighbours(config_of(kind, channels))
    for slot, row in enumerate(found.tolist()):
        there = [n for n in row if n != channels]
        assert slot not in there
        assert len(set(there)) == len(there)
        assert all(0 <= n < channels for n in there)
        assert row[: len(there)] == there, "none comes last"
        assert kind == Order.SEQUENTIAL or len(there) == 3


@for_all
@pytest.mark.parametrize("mode", LOSSLESS, ids=lambda mode: mode.name)
def test_samples_come_back_in_channel_order(kind, channels, mode, reference):
    config = config_of(kind, channels, modes=(mode,), packet_frames=3, restart_interval=2)
    samples = np.random.default_rng(0).normal(0, 30, (7, channels)).astype(np.int64)
    samples[0] = np.arange(channels)
    packets = list(reference.packets(b"".join(encode(config, samples))))
    assert {packet["order"] for packet in packets} == {kind}
    decoder = Decoder(config)
    parts = [
        decoder.payload(p["payload"], p["frames"], mode, bool(p["flags"] & Flag.RESTART))[0]
        for p in packets
        if p["kind"] == Kind.DATA
    ]
    assert (np.concatenate(parts) == samples).all()


@pytest.mark.parametrize("mode", [Mode.FIXED, Mode.RICE, Mode.HUFFMAN], ids=lambda mode: mode.name)
def test_an_order_is_a_permutation_of_the_input(mode, reference):
    """Where nothing is predicted from neighbours."""
    config = config_of(Order.NP1, 48, modes=(mode,), aux_bits=3)
    plain = config_of(Order.SEQUENTIAL, 48, modes=(mode,), aux_bits=3)
    samples = np.random.default_rng(0).normal(0, 9, (20, 48)).astype(np.int64)
    slots = [0, 1, 24, 25, 2, 3, 26, 27]
    slots += [channel + 4 * n for n in range(1, 6) for channel in slots[:8]]
    aux = np.arange(20) % 8
    payloads = [
        [packet["payload"] for packet in reference.packets(b"".join(capture))][1]
        for capture in (encode(config, samples, aux), encode(plain, samples[:, slots], aux))
    ]
    assert payloads[0] == payloads[1]


@pytest.mark.parametrize(
    ("kind", "channels", "period"),
    [(Order.NP1, 23, 24), (Order.NP1, 36, 24), (Order.NP1, 32, 24), (Order.NP2, 24, 32),
     (Order.NP2, 48, 32), (Order.NP2, 385, 32)],
)  # fmt: skip
def test_wrong_channel_counts_are_refused(kind, channels, period):
    with pytest.raises(ConfigError) as error:
        config_of(kind, channels)
    assert str(error.value) == (
        f"order {kind.name.lower()} needs a multiple of {period} channels, not {channels}; "
        "use another order"
    )


@pytest.mark.parametrize(
    "value", [3, -1, 0, 1, 1.0, True, "NP1", None, [1], [Order.NP1], (Order.NP1,)], ids=repr
)
def test_other_orders_are_refused(value):
    with pytest.raises(ConfigError) as error:
        EncoderConfig(channels=24, order=value)
    assert str(error.value) == f"order must be an Order, not {value!r}"
