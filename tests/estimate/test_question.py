"""A clock must take the samples that come."""

import pytest

from probecodec.estimate.question import check_clock, idle_share, sample_rate
from probecodec.golden.config import EncoderConfig
from probecodec.golden.errors import ConfigError

CONFIG = EncoderConfig.preset("tiny", channels=384, sample_bits=12, rate_hz=30_000)


def test_sentence():
    with pytest.raises(ConfigError) as caught:
        check_clock(CONFIG, 10e6)
    assert str(caught.value) == (
        "384 channels at 30,000 Hz are 11.52 million samples a second, and a clock of 10 MHz takes "
        "one in each cycle; use a clock of at least 11.52 MHz, or at most 333 channels"
    )


def test_no_core_has_so_few_channels():
    with pytest.raises(ConfigError) as caught:
        check_clock(CONFIG, 60e3)
    assert str(caught.value).endswith("use a clock of at least 11.52 MHz")


@pytest.mark.parametrize(("channels", "rate"), [(384, 30e3), (1023, 30000.3), (7, 12345.67891)])
def test_what_the_sentence_says_is_enough(channels, rate):
    config = EncoderConfig.preset("tiny", channels=channels, rate_hz=rate)
    check_clock(config, channels * rate)
    slow = 0.9 * channels * rate
    with pytest.raises(ConfigError) as caught:
        check_clock(config, slow)
    words = str(caught.value).split()
    hertz = float(words[words.index("least") + 1]) * 1e6
    check_clock(config, hertz)
    assert hertz == pytest.approx(channels * rate, rel=1e-5)
    if "most" in words:
        fewer = EncoderConfig.preset(
            "tiny", channels=int(words[words.index("most") + 1].replace(",", "")), rate_hz=rate
        )
        check_clock(fewer, slow)
        assert (fewer.channels + 1) * rate > slow


def test_idle_share():
    assert sample_rate(CONFIG) == 11.52e6
    assert idle_share(CONFIG, 23.04e6) == pytest.approx(0.5)
    assert idle_share(CONFIG, 11.52e6) == 0
