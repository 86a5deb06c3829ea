"""Activity of a small core, against what is known of its counters and of its stream."""

from dataclasses import replace

import numpy as np
import pytest

from probecodec.estimate import activity, driven, saif
from probecodec.estimate.structure import find_memories, find_registers
from probecodec.golden.config import EncoderConfig
from probecodec.golden.errors import ConfigError

CHANNELS, RATE = 32, 25e3
ONE_A_CLOCK = CHANNELS * RATE
CONFIG = EncoderConfig.preset(
    "tiny", channels=CHANNELS, sample_bits=8, aux_bits=16, packet_frames=64, rate_hz=RATE
)
NOISY = np.random.default_rng(5).integers(-9, 10, (300, CHANNELS)).astype(np.int16)
AUX = np.arange(300, dtype=np.uint16)


@pytest.fixture(scope="module", autouse=True)
def nothing_kept(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setattr("probecodec.estimate.cache.user_cache_path", lambda _: folder)
        yield


@pytest.fixture(scope="module")
def noisy():
    return activity.measure(CONFIG, NOISY, ONE_A_CLOCK, AUX)


def toggles(result, stage, name):
    nets = saif.read(result.folder / "activity.saif.gz").nets
    return [n.toggles for n in nets if n.path.endswith(f"/{stage}") and n.name.startswith(name)]


def test_the_channel_counter_counts(noisy):
    """Bit k of a counter modulo 2^n changes every 2^k samples."""
    found = toggles(noisy, "gate", "channel[")
    assert noisy.samples == noisy.cycles == NOISY.size
    expected = [NOISY.size / 2**bit for bit in range(5)]
    assert found[:5] == pytest.approx(expected, abs=3)


def test_pins_do_what_they_are_fed(noisy):
    """Changes of the sample's pins are those of the recording; a frame's first sample shows."""
    bits = (NOISY.ravel()[:, None] >> np.arange(8)) & 1
    changes = np.abs(np.diff(bits, axis=0)).sum()
    cycles = noisy.cycles
    assert noisy.pins["sample_value"] == pytest.approx(changes / cycles, rel=0.03)
    assert noisy.pins["sample_first"] == pytest.approx(2 / CHANNELS, rel=0.03)
    assert noisy.pins["clk"] == pytest.approx(2, rel=0.001)
    counted = sum(int(n).bit_count() for n in AUX[1:] ^ AUX[:-1])  # a word changes once a frame
    assert noisy.pins["sample_aux"] == pytest.approx(counted / cycles, rel=0.05)
    assert noisy.widths["sample_value"] == 8 and "link_data" in noisy.outputs
    assert "sample_value" not in noisy.outputs


def test_memories_are_accessed_once_a_sample(noisy):
    previous = next(m for m in noisy.memories if m.stage == "delta")
    assert (previous.words, previous.bits) == (CHANNELS, 8)
    assert previous.writes == pytest.approx(1, rel=0.03)
    fifo = next(m for m in noisy.memories if m.stage == "fifo")
    words = noisy.bits_per_sample * noisy.samples / 32  # a few more with the packets' headers
    assert 0.9 * words < fifo.writes * noisy.cycles < 1.1 * words
    assert fifo.reads == pytest.approx(fifo.writes, rel=0.03)


def test_the_stream_is_as_long_as_the_recording_is_noisy(noisy):
    probability = 1 / 19  # of each difference's parts: no coder goes below the signal's entropy
    assert np.log2(1 / probability) < noisy.bits_per_sample < 8


def test_all_stages_are_there(noisy):
    assert {"encoder", "gate", "pipeline", "delta", "fifo", "framer"} <= set(noisy.stages)
    whole = noisy.whole
    assert whole.register_bits == sum(s.register_bits for s in noisy.stages.values()) > 300
    assert whole.register_bits < whole.net_bits / 2
    assert (
        noisy.stages["registers"].net_rate < 1e-3
    )  # nobody writes them: not even the clock counts
    assert 0 < whole.net_rate < 0.5 and 0 < whole.register_rate < 0.5
    assert noisy.stage("gate") == noisy.stages["gate"] and noisy.stage("total") == whole


def test_silence_is_much_quieter(noisy):
    silent = activity.measure(CONFIG, np.zeros_like(NOISY), ONE_A_CLOCK, AUX)
    assert silent.whole.register_rate < 0.5 * noisy.whole.register_rate
    assert silent.bits_per_sample < 0.5 * noisy.bits_per_sample
    assert silent.stages["delta"].register_rate < 0.5 * (noisy.stages["delta"].register_rate)


def test_a_fast_clock_idles(noisy):
    """At four cycles a sample the data path changes as often a sample, so a quarter a cycle."""
    idle = activity.measure(CONFIG, NOISY, 4 * ONE_A_CLOCK, AUX)
    assert idle.cycles == pytest.approx(4 * NOISY.size, abs=4)
    assert idle.bits_per_sample == noisy.bits_per_sample
    assert idle.pins["sample_value"] == pytest.approx(noisy.pins["sample_value"] / 4, rel=0.05)
    ratio = idle.stages["delta"].register_rate
    ratio /= noisy.stages["delta"].register_rate
    assert 0.2 < ratio < 0.6


def test_the_same_again_is_not_simulated(noisy, monkeypatch):
    monkeypatch.setattr(driven.bulk, "run", lambda *_, **__: pytest.fail("simulated again"))
    assert activity.measure(CONFIG, NOISY.copy(), ONE_A_CLOCK, AUX.copy()) == noisy


def test_what_decides_is_in_the_digest(monkeypatch):
    keys = set()

    def kept(parts, make):
        keys.add(tuple(parts))
        raise InterruptedError

    monkeypatch.setattr(driven, "kept", kept)
    monkeypatch.setattr(driven.bulk, "build", lambda config, *_: driven.Path("/program/x"))
    other, silent = NOISY.copy(), np.zeros_like(AUX)
    other[7, 3] ^= 1
    half = EncoderConfig.preset("tiny", channels=CHANNELS // 2, sample_bits=8, rate_hz=2 * RATE)
    first = (CONFIG, NOISY, ONE_A_CLOCK, AUX)
    others = [
        (CONFIG, other, ONE_A_CLOCK, AUX),
        (half, NOISY.reshape(-1, CHANNELS // 2), ONE_A_CLOCK, AUX),  # the same bytes
        (CONFIG, NOISY, 2 * ONE_A_CLOCK, AUX),
        (CONFIG, NOISY, ONE_A_CLOCK, silent),
        (CONFIG, NOISY, ONE_A_CLOCK, None),
        (replace(CONFIG, stream_id=3), NOISY, ONE_A_CLOCK, AUX),  # not in the Verilog
    ]
    for case in (first, *others, first):
        with pytest.raises(InterruptedError):
            activity.measure(*case)
    assert len(keys) == 1 + len(others)


def test_a_clock_that_is_too_slow():
    with pytest.raises(ConfigError, match=r"use a clock of at least 0\.8 MHz"):
        activity.measure(CONFIG, NOISY, 0.7e6)


def test_a_recording_that_does_not_fit():
    with pytest.raises(ConfigError, match="no frame"):
        activity.measure(CONFIG, NOISY[:0], ONE_A_CLOCK)
    with pytest.raises(ConfigError, match="the recording has 31 channels, the core 32"):
        activity.measure(CONFIG, NOISY[:, 1:], ONE_A_CLOCK)


VERILOG = r"""
module probecodec_encoder(clk);
  reg [3:0] count = 4'h0;
  assign \$2  = count <= 4'h5;
  always @(posedge clk)
    count <= \$1 ;
  always @* begin
    if (\initial ) begin end
    \$3  = count;
  end
endmodule
module \probecodec_encoder.pipeline.x (clk);
  reg [11:0] sums [95:0];
  reg [7:0] \some$table [15:0];
  always @(posedge clk) begin
    if (write__en)
      sums[a[3:0]] <= b;
  end
  reg [11:0] _0_;
  always @(posedge clk) begin
    _0_ <= sums[c[3:0]];
  end
  always @(posedge clk) begin
    if (\write$5 [2])
      \some$table [a] <= b;
  end
  reg [7:0] _1_;
  always @(posedge clk) begin
    if (\read$9 ) begin
      _1_ <= \some$table [d];
    end
  end
  always @(posedge clk)
    \o__payload$7  <= \$4 ;
endmodule
"""


def test_registers_and_memories_of_verilog():
    assert find_registers(VERILOG) == {"": {"count"}, "pipeline.x": {"o__payload$7"}}
    assert find_memories(VERILOG) == [
        ("pipeline.x", "sums", 96, 12, ["1"], ["write__en"]),
        ("pipeline.x", "some$table", 16, 8, ["read$9"], ["write$5[2]"]),
    ]
