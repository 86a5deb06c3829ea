"""EncoderConfig: ranges and their messages, defaults, derived sizes, presets."""

import dataclasses

import pytest

from probecodec.golden.config import PRESETS, ConfigError, EncoderConfig
from probecodec.golden.format import Mode

RICE, FIXED = Mode.RICE, Mode.FIXED
DUAL = (RICE, FIXED)


@pytest.mark.parametrize(
    ("field", "low", "high"),
    [
        ("channels", 2, 4096),
        ("sample_bits", 8, 16),
        ("aux_bits", 0, 16),
        ("fixed_bits", 2, 10),
        ("packet_frames", 1, 65535),
        ("restart_interval", 1, 65535),
        ("stream_id", 0, 255),
    ],
)
class TestWholeNumbers:
    def test_ends_are_accepted(self, field, low, high):
        # Two channels of 8 bits in 8 bits: the only coding of which 65535 frames fit a packet.
        narrow = {"channels": 2, "sample_bits": 8, "modes": (FIXED,), "fixed_bits": 8}
        others = narrow if field == "packet_frames" else {}
        for value in (low, high):
            assert getattr(EncoderConfig(**{**others, field: value}), field) == value

    @pytest.mark.parametrize("where", ["below", "above", "fraction", "text"])
    def test_others_are_refused_with_field_and_range(self, field, low, high, where):
        value = {"below": low - 1 or -1, "above": high + 1, "fraction": 2.5, "text": "8"}[where]
        with pytest.raises(ConfigError) as error:
            EncoderConfig(**{field: value})
        expected = f"{field} must be a whole number from {low} to {high}, not {value!r}"
        assert str(error.value) == expected


@pytest.mark.parametrize("rate", [0.0, -1.0, 1e-4, 1.1e9, float("nan"), float("inf")])
def test_rate_is_refused(rate):
    with pytest.raises(ConfigError, match=r"rate_hz must be from 0\.001 to 1e9 Hz, not "):
        EncoderConfig(rate_hz=rate)


@pytest.mark.parametrize("lsb", [-0.1, 4295.0, float("nan"), float("inf")])
def test_lsb_is_refused(lsb):
    with pytest.raises(ConfigError, match="lsb_uv must be from 0 to 4294 microvolts, not "):
        EncoderConfig(lsb_uv=lsb)


@pytest.mark.parametrize("probe", ["Sonde für Ratten", "seventeen letters"])
def test_probe_is_refused(probe):
    with pytest.raises(ConfigError, match="probe must be at most 16 ASCII characters, not "):
        EncoderConfig(probe=probe)


@pytest.mark.parametrize(
    "modes", [(), (RICE, RICE), (FIXED, RICE, FIXED), (7,), ("RICE",), RICE, [RICE]], ids=str
)
def test_modes_are_refused(modes):
    with pytest.raises(ConfigError, match="modes must be a tuple of Mode, at least one and none"):
        EncoderConfig(modes=modes)


def test_auxiliary_word_too_wide_for_the_channels():
    with pytest.raises(ConfigError) as error:
        EncoderConfig(channels=2, sample_bits=16, aux_bits=16)
    assert str(error.value) == (
        "an auxiliary word of 16 bits on 2 channels makes codes of 44 bits, over 32; "
        "use fewer auxiliary bits"
    )
    assert EncoderConfig(channels=2, sample_bits=16, aux_bits=4).max_code_bits == 32


def test_packet_too_long_says_what_fits():
    with pytest.raises(ConfigError) as error:
        EncoderConfig(channels=4096, packet_frames=24)
    assert str(error.value) == (
        "packet_frames = 24 may fill more than 65535 words; use at most 23 frames"
    )
    assert EncoderConfig(channels=4096, packet_frames=23).packet_frames == 23


def test_unknown_preset():
    expected = "no preset is named 'huge'; there are fixed, tiny, small, adaptive, dual"
    with pytest.raises(ConfigError, match=expected):
        EncoderConfig.preset("huge")


def test_a_config_is_frozen_and_hashable():
    config = EncoderConfig()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.channels = 3
    assert hash(config) == hash(EncoderConfig())


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"fixed_bits": 6, "packet_frames": 170, "restart_interval": 44, "fifo_words": 512}),
        ({"channels": 2}, {"packet_frames": 7500, "restart_interval": 1, "fifo_words": 64}),
        ({"channels": 4096}, {"packet_frames": 16, "restart_interval": 468, "fifo_words": 4096}),
        ({"sample_bits": 8}, {"fixed_bits": 5}),
        ({"sample_bits": 16}, {"fixed_bits": 9}),
        ({"channels": 16, "packet_frames": 5000}, {"restart_interval": 1}),
        ({"channels": 2, "packet_frames": 8000}, {"restart_interval": 1}),
        ({"channels": 90}, {"fifo_words": 128}),  # one frame is 62 words; 62 + 15 + 32
        ({"fifo_words": 300}, {"fifo_words": 300}),
    ],
    ids=str,
)
def test_defaults(fields, expected):
    config = EncoderConfig(**fields)
    assert {name: getattr(config, name) for name in expected} == expected


@pytest.mark.parametrize("sample_bits", range(8, 17))
@pytest.mark.parametrize("channels", [2, 3, 31, 32, 33, 384, 1000, 4096])
def test_defaults_are_always_valid(channels, sample_bits):
    config = EncoderConfig(channels=channels, sample_bits=sample_bits, modes=DUAL)
    assert config.fifo_words >= 1.25 * config.max_frame_words - 1


@pytest.mark.parametrize(
    ("fields", "code_bits", "frame_bits"),
    [
        ({"modes": (RICE,)}, 22, 384 * 22),
        ({"modes": (RICE,), "sample_bits": 16}, 28, 384 * 28),
        ({"modes": (FIXED,), "fixed_bits": 6}, 16, 384 * 16),
        ({"modes": (FIXED,), "fixed_bits": 10}, 10, 384 * 10),
        ({"modes": DUAL}, 22, 384 * 22),
        ({"modes": (Mode.HUFFMAN,)}, 22, 384 * 22),
        ({"modes": (Mode.ADAPTIVE,), "sample_bits": 16}, 28, 384 * 28),
        ({"modes": (Mode.ADAPTIVE, FIXED), "fixed_bits": 10}, 22, 384 * 22),
        ({"modes": (FIXED,), "sample_bits": 16, "fixed_bits": 15}, 31, 384 * 31),
        ({"aux_bits": 16}, 23, 384 * 22 + 17),
        ({"aux_bits": 16, "channels": 4}, 22 + 6, 4 * 22 + 17),
        ({"aux_bits": 1, "channels": 2}, 23, 2 * 22 + 2),
    ],
    ids=str,
)
def test_longest_code_and_frame(fields, code_bits, frame_bits):
    config = EncoderConfig(**fields)
    assert config.max_code_bits == code_bits
    assert config.max_frame_bits == frame_bits
    assert 32 * (config.max_frame_words - 1) < frame_bits <= 32 * config.max_frame_words


def test_parameter_of_a_mode():
    config = EncoderConfig(modes=tuple(Mode), fixed_bits=7)
    assert [config.parameter(mode) for mode in Mode] == [7, 0, 0, 0, 0]


@pytest.mark.parametrize("name", PRESETS)
def test_a_changed_preset_chooses_its_defaults_anew(name):
    config = EncoderConfig.preset(name, channels=32, sample_bits=16)
    assert config.modes == PRESETS[name].modes
    own = {"projection": PRESETS[name].projection}
    fresh = EncoderConfig(channels=32, sample_bits=16, modes=config.modes, **own)
    assert config == fresh
    assert EncoderConfig.preset(name) == PRESETS[name]
