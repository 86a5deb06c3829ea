"""The whole encoder and its inverse: packets, restarts, drops, errors."""

from itertools import pairwise

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.decoder import Decoder
from probecodec.golden.encoder import Encoder, encode
from probecodec.golden.format import LOSSLESS, Flag, Kind, Mode

DUAL = (Mode.RICE, Mode.FIXED)
CHANNELS = (2, 3, 31, 32, 33, 384, 1000, 4096)


@pytest.fixture
def packets(reference):
    """A function that lists a capture's packets as dicts of fields."""
    return lambda parts: list(reference.packets(b"".join(parts)))


def data_of(packets):
    return [packet for packet in packets if packet["kind"] == Kind.DATA]


def read(config, packets):
    """Decode the data packets of a stream without losses."""
    decoder = Decoder(config)
    parts = [
        decoder.payload(
            packet["payload"],
            packet["frames"],
            Mode(packet["mode"]),
            bool(packet["flags"] & Flag.RESTART),
        )
        for packet in data_of(packets)
    ]
    samples, aux = zip(*parts, strict=True)
    return np.concatenate(samples), np.concatenate(aux)


def noise(config, frames):
    random = np.random.default_rng(frames)
    half = 1 << (config.sample_bits - 1)
    samples = random.integers(-half, half, (frames, config.channels))
    return samples >> random.integers(0, config.sample_bits, config.channels)


def aux_words(config, frames):
    return np.random.default_rng(frames).integers(0, 1 << config.aux_bits, frames) // 3 * 3


def check(config, samples, packets):
    aux = aux_words(config, len(samples))
    decoded, words = read(config, packets(encode(config, samples, aux)))
    assert (decoded == samples).all()
    assert (words == aux).all()


class TestRoundTrip:
    @pytest.mark.parametrize("sample_bits", range(8, 17))
    @pytest.mark.parametrize("mode", LOSSLESS, ids=lambda mode: mode.name)
    def test_widths(self, sample_bits, mode, packets, signal):
        config = EncoderConfig(
            channels=5, sample_bits=sample_bits, modes=(mode,), packet_frames=30, aux_bits=4
        )
        check(config, signal(config, 70), packets)

    @pytest.mark.parametrize("channels", CHANNELS)
    @pytest.mark.parametrize("mode", LOSSLESS, ids=lambda mode: mode.name)
    def test_channels(self, channels, mode, packets):
        config = EncoderConfig(channels=channels, modes=(mode,), packet_frames=2, aux_bits=3)
        check(config, noise(config, 3), packets)

    @pytest.mark.parametrize("aux_bits", range(17))
    def test_aux_bits(self, aux_bits, packets):
        config = EncoderConfig(channels=4, aux_bits=aux_bits, packet_frames=7, restart_interval=2)
        check(config, noise(config, 40), packets)

    @pytest.mark.parametrize("packet_frames", [1, 2, 5, 40])
    @pytest.mark.parametrize("restart_interval", [1, 2, 7])
    def test_packet_lengths(self, packet_frames, restart_interval, packets):
        config = EncoderConfig(
            channels=3,
            packet_frames=packet_frames,
            restart_interval=restart_interval,
            aux_bits=2,
        )
        check(config, noise(config, 33), packets)


class TestRestarts:
    def flags(self, packets):
        return [bool(packet["flags"] & Flag.RESTART) for packet in data_of(packets)]

    def test_every_interval_with_a_metadata_packet_before(self, packets):
        config = EncoderConfig(channels=2, packet_frames=4, restart_interval=3)
        found = packets(encode(config, noise(config, 28)))
        assert self.flags(found) == [True, False, False, True, False, False, True]
        kinds = "".join("DM"[packet["kind"]] for packet in found)
        assert kinds == "MDDDMDDDMD"
        for metadata, data in pairwise(found):
            if metadata["kind"] == Kind.METADATA:
                same = ("mode", "flags", "frame_index", "drop_count", "parameter", "stream_id")
                assert [metadata[name] for name in same] == [data[name] for name in same]
        assert [packet["sequence"] for packet in found] == list(range(10))

    def test_interval_of_one(self, packets):
        config = EncoderConfig(channels=2, packet_frames=1, restart_interval=1)
        assert self.flags(packets(encode(config, noise(config, 5)))) == [True] * 5

    def test_a_forced_restart_starts_the_interval_anew(self, packets):
        config = EncoderConfig(channels=2, packet_frames=4, restart_interval=3)
        encoder, samples = Encoder(config), noise(config, 4)
        aux = np.zeros(4, np.int64)
        parts = [encoder.packet(samples, aux, restart=number == 1) for number in range(6)]
        assert self.flags(packets(parts)) == [True, True, False, False, True, False]

    def test_a_restart_decodes_alone(self, packets):
        config = EncoderConfig(channels=3, packet_frames=4, restart_interval=3, aux_bits=9)
        samples, aux = noise(config, 24), np.full(24, 257)
        found = data_of(packets(encode(config, samples, aux)))
        decoded, words = read(config, found[3:])
        assert (decoded == samples[12:]).all()
        assert (words == 257).all()


class TestModes:
    def test_switch_restarts_and_round_trips(self, packets):
        config = EncoderConfig(channels=3, modes=DUAL, fixed_bits=4, packet_frames=5, aux_bits=3)
        encoder, samples, aux = Encoder(config), noise(config, 35), aux_words(config, 35)
        modes = [None, None, Mode.FIXED, Mode.FIXED, None, Mode.RICE, Mode.RICE]
        parts = [
            encoder.packet(samples[at : at + 5], aux[at : at + 5], mode=mode)
            for at, mode in zip(range(0, 35, 5), modes, strict=True)
        ]
        found = packets(parts)
        data = data_of(found)
        assert [packet["mode"] for packet in data] == [1, 1, 0, 0, 0, 1, 1]
        assert [packet["flags"] for packet in data] == [1, 0, 1, 0, 0, 1, 0]
        assert [packet["parameter"] for packet in data] == [0, 0, 4, 4, 4, 0, 0]
        decoded, words = read(config, found)
        assert (decoded == samples).all()
        assert (words == aux).all()

    def test_the_first_mode_built_is_active_after_reset(self, packets):
        config = EncoderConfig(channels=2, modes=DUAL[::-1])
        assert data_of(packets(encode(config, noise(config, 1))))[0]["mode"] == Mode.FIXED


class TestDrops:
    def test_indices_counts_and_flags(self, packets):
        config = EncoderConfig(channels=2, packet_frames=3, restart_interval=9)
        dropped = np.array([letter == "x" for letter in "xx....xxx.x......."])
        samples = noise(config, len(dropped))
        found = packets(encode(config, samples, dropped=dropped))
        fields = ("frame_index", "frames", "drop_count", "flags")
        assert [tuple(packet[name] for name in fields) for packet in data_of(found)] == [
            (2, 3, 2, Flag.RESTART | Flag.OVERRUN),
            (5, 1, 2, 0),
            (9, 1, 5, Flag.OVERRUN),
            (11, 3, 6, Flag.OVERRUN),
            (14, 3, 6, 0),
            (17, 1, 6, 0),
        ]
        decoded, _ = read(config, found)
        assert (decoded == samples[~dropped]).all()

    def test_cause(self, packets):
        encoder = Encoder(EncoderConfig(channels=2, restart_interval=9))
        samples, aux = np.zeros((1, 2), np.int64), np.zeros(1, np.int64)
        both = Flag.OVERRUN | Flag.MISFRAME
        parts = [
            encoder.packet(samples, aux),
            encoder.packet(samples, aux, dropped=1, cause=Flag.MISFRAME, restart=True),
            encoder.packet(samples, aux, dropped=2, cause=both),
        ]
        flags = [packet["flags"] for packet in data_of(packets(parts))]
        assert flags == [Flag.RESTART, Flag.RESTART | Flag.MISFRAME, both]

    def test_the_count_wraps_and_the_index_does_not(self, packets):
        encoder = Encoder(EncoderConfig(channels=2))
        samples, aux = np.zeros((1, 2), np.int64), np.zeros(1, np.int64)
        found = packets([encoder.packet(samples, aux, dropped=2**31) for _ in range(3)])
        assert [packet["drop_count"] for packet in data_of(found)] == [2**31, 0, 2**31]
        assert data_of(found)[-1]["frame_index"] == 3 * 2**31 + 2

    def test_everything_dropped(self):
        config = EncoderConfig(channels=2)
        assert list(encode(config, noise(config, 4), dropped=np.ones(4, bool))) == []

    def test_a_restart_follows_a_packet_of_no_frames(self, reference):
        config = EncoderConfig(channels=4, aux_bits=2, packet_frames=2, restart_interval=2)
        encoder, x, aux = Encoder(config), np.arange(8).reshape(2, 4), np.array([3, 3])
        parts = [encoder.packet(x[:n], aux[:n]) for n in (2, 2, 0, 2)]
        expected = {(0, 4): ([0, 1, 2, 3], 3), (0, 5): ([4, 5, 6, 7], 3)}
        assert reference.decode(parts[2] + parts[3]) == expected
        without = reference.decode(parts[0] + parts[1] + parts[3])
        assert {key: without[key] for key in expected} == expected

    def test_a_mode_that_is_not_built(self):
        encoder = Encoder(EncoderConfig(channels=2))
        nothing = np.zeros((0, 2), np.int64), np.zeros(0, np.int64)
        with pytest.raises(ValueError, match="is not built"):
            encoder.packet(*nothing, mode=Mode.FIXED)

    @pytest.mark.parametrize(
        ("name", "values", "complaint"),
        [
            ("dropped", np.array([True]), "dropped has shape"),
            ("dropped", np.array([0, 1, 0, 0]), "dropped must be of type bool"),
            ("aux", np.zeros(4), "aux must be of type integer"),
            ("samples", np.zeros((4, 2)), "samples must be of type integer"),
        ],
    )
    def test_arrays_of_the_wrong_kind(self, name, values, complaint):
        arrays = {"samples": np.zeros((4, 2), np.int16)} | {name: values}
        with pytest.raises(ValueError, match=complaint):
            list(encode(EncoderConfig(channels=2), **arrays))


def test_an_empty_recording_has_no_packets():
    assert list(encode(EncoderConfig(channels=2), np.empty((0, 2), np.int16))) == []


def test_a_packet_of_no_frames_round_trips(packets):
    config = EncoderConfig(channels=2, restart_interval=9)
    encoder, samples, aux = Encoder(config), noise(config, 4), np.zeros(4, np.int64)
    parts = [encoder.packet(samples[at:to], aux[at:to]) for at, to in ((0, 2), (2, 2), (2, 4))]
    found = packets(parts)
    assert [packet["frames"] for packet in data_of(found)] == [2, 0, 2]
    decoded, _ = read(config, found)
    assert (decoded == samples).all()


@pytest.mark.parametrize("aux_bits", [0, 5])
def test_payload_bits_are_counted_by_channel(aux_bits, packets):
    config = EncoderConfig(channels=5, packet_frames=100, aux_bits=aux_bits)
    encoder = Encoder(config)
    samples = noise(config, 60)
    (packet,) = data_of(packets(encoder.packets(samples, aux_words(config, 60))))
    bits = encoder.channel_bits
    assert 0 <= 8 * len(packet["payload"]) - bits.sum() < 32
    assert bits.shape == (5,)
    assert (bits >= 10 + 59).all(), "a raw frame, then a bit a sample at least"


def test_any_integer_type_of_samples_gives_the_same_bytes():
    config = EncoderConfig(channels=3, sample_bits=16)
    samples = noise(config, 9)
    expected = b"".join(encode(config, samples))
    for dtype in (np.int16, np.int32, ">i2"):
        assert b"".join(encode(config, samples.astype(dtype))) == expected


def test_codes_that_run_past_the_payload_are_refused(packets):
    config = EncoderConfig(channels=3, sample_bits=8)
    (packet,) = data_of(packets(encode(config, noise(config, 6))))
    with pytest.raises(ValueError, match="the codes run past the payload in frame"):
        Decoder(config).payload(packet["payload"], 99, Mode.RICE, True)


def test_a_symbol_wider_than_a_sample_is_refused(reference):
    """W = 8: eight escapes raise the mean, so that class 64 means 256 to 511."""
    config = EncoderConfig(channels=2, sample_bits=8, modes=(Mode.HUFFMAN,))
    escape, far = "0" * 12 + "1" * 8, "0" * 11 + "1" + "0" * 8
    bits = "0" * 16 + 2 * 8 * escape + far + far
    payload = int(bits.ljust(-(-len(bits) // 32) * 32, "0"), 2).to_bytes(-(-len(bits) // 32) * 4)
    assert len(Decoder(config).payload(payload, 9, Mode.HUFFMAN, True)[0]) == 9
    with pytest.raises(ValueError, match="a symbol is wider than a sample in frame 9"):
        Decoder(config).payload(payload, 10, Mode.HUFFMAN, True)
    packet = {
        "channels_minus_1": 1, "sample_bits_minus_1": 7, "aux_bits": 0, "mode": Mode.HUFFMAN,
        "order": 0, "flags": Flag.RESTART, "payload": payload, "frame_index": 0,
    }  # fmt: skip
    assert len(reference.Stream().read_payload(packet | {"frames": 9})) == 9
    with pytest.raises(ValueError, match="wider than a sample"):
        reference.Stream().read_payload(packet | {"frames": 10})


@pytest.mark.parametrize(
    ("samples", "aux", "message"),
    [
        (np.zeros(6, int), None, r"samples have shape \(6,\), not \(frames, 3\)"),
        (np.zeros((3, 6), int), None, r"samples have shape \(3, 6\), not \(frames, 3\)"),
        (np.zeros((4, 3), int), np.zeros(3, int), r"aux has shape \(3,\), not \(4,\)"),
        (np.eye(4, 3, dtype=int) * 512, None, "frame 0, channel 0: 512 does not fit a 10-bit"),
        (np.eye(4, 3, 1, dtype=int) * -513, None, "frame 0, channel 1: -513 does not fit a 10-bit"),
        (np.eye(4, 3, -3, dtype=int) * 512, None, "frame 3, channel 0: 512 does not fit a 10-bit"),
        (np.zeros((4, 3), int), np.array([0, 3, 4, 9]), "frame 2: 4 does not fit a 2-bit aux word"),
        (np.zeros((4, 3), int), np.array([0, -1, 0, 0]), "frame 1: -1 does not fit a 2-bit aux"),
    ],
    ids=["1-D", "transposed", "aux length", "high", "low", "later packet", "aux high", "aux low"],
)
def test_unfit_input_is_named(samples, aux, message):
    config = EncoderConfig(channels=3, aux_bits=2, packet_frames=2)
    with pytest.raises(ValueError, match=message):
        list(encode(config, samples, aux))
