"""Rhd: against a chip written from the datasheet, which checks timing, set-up and commands."""

from typing import NamedTuple

import numpy as np
import pytest
from amaranth.hdl import Fragment
from amaranth.sim import Simulator

from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.format import Order
from probecodec.hdl.inputs.rhd import Rhd
from probecodec.sim.models.rhd import ClockedRhd, RhdError, RhdModel

SLOW = {"clock_hz": 12e6, "frame_cycles": 1230}  # 9.8 kHz: few rounds until the reference is up


def config(channels, **changes):
    return EncoderConfig(channels=channels, sample_bits=16, **changes)


def recording(frames, channels):
    """Random samples with the extremes."""
    values = np.random.default_rng(channels).integers(-(1 << 15), 1 << 15, (frames, channels))
    values[0, [0, -1]] = -(1 << 15), (1 << 15) - 1
    return values


def split(values, per_chip, **how):
    """Return a model for every chip of a recording."""
    parts = np.split(values, values.shape[1] // per_chip, axis=1)
    return [RhdModel(part, double_rate=per_chip == 64, **how) for part in parts]


class Played(NamedTuple):
    """Samples; ``present`` in each cycle; the cycles in which the chips were selected."""

    samples: object
    present: list
    selected: list


def play(watch, dut, chips, *, samples, clock_hz, delay_ns=15.0, extra=0, tune=None, aux=None):
    """Run until ``samples`` have come, and ``extra`` cycles passed.

    ``chips`` are models, with a cable of their own or without, or levels that MISO is stuck at;
    ``aux`` gives the pins in each cycle.
    """
    period = 1e9 / clock_hz
    lines = []
    for chip in chips:
        if isinstance(chip, RhdModel):
            chip = ClockedRhd(chip, period_ns=period, delay_ns=delay_ns)
        stuck = not isinstance(chip, ClockedRhd)
        lines.append((lambda *pins, level=chip: level) if stuck else chip.step)
    seen, present, selected = watch(dut), [], []

    async def bench(ctx):
        left, was = extra + 1, 1
        if tune is not None:
            ctx.set(dut.miso_delay, tune)
        while left:
            cs_n, sclk, mosi, known = await seen.cycle(
                ctx, dut.cs_n, dut.sclk, dut.mosi, dut.present
            )
            levels = [step(cs_n, sclk, mosi) for step in lines]
            ctx.set(dut.miso, sum(level << n for n, level in enumerate(levels)))
            present.append(known)
            if was and not cs_n:
                selected.append(len(present) - 1)
            was = cs_n
            if aux is not None:
                ctx.set(dut.aux, int(aux[len(present)]))
            left -= seen.count >= samples

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return Played(seen.samples, present, selected)


CASES = [  # chips, channels of each, clock, frame cycles, half period, miso delay, delay in ns
    (1, 32, 12e6, 1225, 1, 1, 15.0),
    (3, 32, 12e6, 1301, 1, 0, 15.0),
    (2, 64, 12e6, 1240, 1, 0, 15.0),
    (1, 64, 42e6, 1400, 1, 1, 30.0),  # exactly 30 kHz
    (16, 64, 12e6, 1225, 1, 7, 600.0),  # as many values as there can be, as fast and as late
    (2, 32, 12e6, 2700, 2, 3, 300.0),
]


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c[0]}x{c[1]}ch-{c[2] / 1e6:g}MHz-{c[3]}")
def test_every_sample_of_every_chip(watch, case):
    """Chip after chip, amplifier after amplifier; the model checks all else that it can."""
    count, per_chip, clock, cycles, half, delay, ns = case
    channels = count * per_chip
    values = recording(3, channels)
    chips = split(values, per_chip)
    shape = {"frame_cycles": cycles, "clock_hz": clock, "half_period": half, "miso_delay": delay}
    dut = Rhd(config(channels), chips=count, double_rate=per_chip == 64, **shape)
    got = play(watch, dut, chips, samples=2 * channels, clock_hz=clock, delay_ns=ns, extra=cycles)
    frames = got.samples.frames(channels)
    np.testing.assert_array_equal(frames[:2], values[:2])
    assert set(np.diff(got.samples.cycle[got.samples.first])) == {cycles}
    assert set(np.diff(got.samples.cycle[:channels])) == {1}
    # 35 commands a frame, evenly; and the chips are known in the second frame.
    starts = np.array(got.selected)
    assert set(starts[35:] - starts[:-35]) == {cycles}
    assert set(np.diff(starts)) <= {cycles // 35, -(-cycles // 35)}
    assert got.present[-1] == (1 << count) - 1


def test_commands_in_the_datasheets_order(watch):
    """Dummies, registers 0 to 17, 100 us, calibration, 9 dummies, and the loop of 35."""
    chip = RhdModel(recording(2, 32))
    dut = Rhd(config(32), chips=1, **SLOW)
    play(watch, dut, [chip], samples=32, clock_hz=12e6)
    commands = chip.commands
    calibrate = commands.index(0x5500)
    assert commands.count(0x5500) == 1
    before, after = commands[:calibrate], commands[calibrate + 1 :]
    assert [command >> 14 for command in before[:3]] == [3, 3, 2]
    writes = [command for command in before if command >> 14 == 2]
    assert [command >> 8 & 63 for command in writes] == list(range(18)) * 2
    assert all(command >> 14 == 3 for command in after[:9])
    loop = after[34:]
    assert loop[:32] == [channel << 8 for channel in range(32)]
    assert all(command >> 14 == 3 for command in loop[32:35])
    registers = chip.registers
    assert registers[0] == 0xDE  # datasheet: reference bandwidth 3, comparator 3 and 2, vref on
    assert registers[1] & 0x3F == 4 and registers[2] == 18  # 9.8 kHz × 35 = 341 kS/s
    assert registers[4] & 0x70 == 0x40  # two's complement, no absolute value, no DSP high-pass
    assert [registers[n] for n in range(14, 18)] == [0xFF] * 4


def test_a_missing_chip_shows(watch):
    """MISO low, high, or a chip of the other kind: not present; the others are not disturbed."""
    values = recording(3, 32)
    chips = [0, RhdModel(values), 1]
    dut = Rhd(config(96), chips=3, **SLOW)
    got = play(watch, dut, chips, samples=192, clock_hz=12e6, extra=1000)
    assert got.present[-1] == 0b010
    frames = got.samples.frames(96)[:2]
    np.testing.assert_array_equal(frames[:, 32:64], values[:2])
    assert (frames[:, :32] == 0).all() and (frames[:, 64:] == -1).all()


@pytest.mark.parametrize("double", [False, True], ids=["rhd2132", "rhd2164"])
def test_every_read_counts(watch, double):
    """Each chip but the last answers wrongly to one of them."""
    wrong = [(40, (0, 73)), (41, (0, 0)), (63, (4, 1))]
    if double:
        wrong = [(59, (0x3A, 0x35)), (59, (0x35, 0x35)), (40, (73, 0)), (63, (1, 4)), (63, (4, 1))]
    per_chip = 64 if double else 32
    chips = [RhdModel(recording(1, per_chip), double_rate=double) for _ in [*wrong, None]]
    for chip, (register, answers) in zip(chips, wrong, strict=False):
        chip.rom[register] = answers
    count = len(chips) * per_chip
    how = SLOW | {"chips": len(chips), "double_rate": double, "miso_delay": 1 - double}
    got = play(watch, Rhd(config(count), **how), chips, samples=count, clock_hz=12e6, extra=2000)
    assert got.present[-1] == 1 << len(wrong)
    assert set(got.present) == {0, 1 << len(wrong)}


def test_a_chip_of_the_other_kind_shows(watch):
    dut = Rhd(config(32), chips=1, **SLOW)
    got = play(
        watch, dut, [RhdModel(recording(2, 64), double_rate=True)], samples=64, clock_hz=12e6
    )
    assert not any(got.present)


def test_a_chip_that_goes_shows(watch):
    chip = RhdModel(recording(2, 32))
    answers = chip.pins

    def pins(now, *levels):
        answers(now, *levels)
        if len(chip.commands) >= 35 * 5 + 10:
            chip.miso = 0

    chip.pins = pins
    got = play(
        watch, Rhd(config(32), chips=1, **SLOW), [chip], samples=96, clock_hz=12e6, extra=900
    )
    assert 1 in got.present and got.present[-1] == 0


@pytest.mark.parametrize("delay", [0, 1, 4, 7])
@pytest.mark.parametrize("double", [False, True], ids=["rhd2132", "rhd2164"])
def test_cable_delay(watch, double, delay):
    """Chips whose bit is on the line when it is read are read right; all others show.

    A bit is there for two clock cycles: a period of SCLK, or half of one that is longer.
    """
    per_chip, period = (64 if double else 32), 1e9 / 12e6
    values = recording(2, per_chip)
    cables = [0.4, 1.3, 2.5, 3.6, 4.5, 5.6, 6.5, 7.7, 8.7]
    models = [RhdModel(values, double_rate=double) for _ in cables]
    chips = [
        ClockedRhd(model, period_ns=period, delay_ns=cable * period)
        for model, cable in zip(models, cables, strict=True)
    ]
    shape = {"half_period": 2, "frame_cycles": 2400} if double else {"frame_cycles": 1230}
    count = len(cables) * per_chip
    how = {"chips": len(cables), "double_rate": double, "clock_hz": 12e6, "miso_delay": None}
    dut = Rhd(config(count), **how, **shape)
    extra = shape["frame_cycles"] // 5
    got = play(watch, dut, chips, samples=count, clock_hz=12e6, tune=delay, extra=extra)
    early = 0 if double else 1
    fitting = [delay - early < cable < delay - early + 2 for cable in cables]
    assert any(fitting) and not all(fitting)
    frame = got.samples.frames(count)[0].reshape(-1, per_chip)
    for n, fits in enumerate(fitting):
        assert np.array_equal(frame[n], values[0]) == fits
        assert got.present[-1] >> n & 1 == fits


def test_aux_is_read_as_the_first_conversion_begins(watch):
    values = recording(3, 32)
    cycles = 8 * SLOW["frame_cycles"]
    aux = np.arange(cycles) // 7 % 256
    dut = Rhd(config(32, aux_bits=8), chips=1, **SLOW)
    got = play(watch, dut, split(values, 32), samples=96, clock_hz=12e6, aux=aux)
    words = got.samples.aux[got.samples.first]
    starts = np.array(got.selected[3 * 35 :: 35][: len(words)])  # of conversion 0
    assert len(words) == 3
    for word, start in zip(words, starts, strict=True):
        assert word in {aux[start - 3], aux[start - 2], aux[start - 1]}
    # It changes often, but not while its frame is given out.
    np.testing.assert_array_equal(got.samples.aux, np.repeat(words, 32))


def test_the_model_finds_faults():
    """What the other tests rely on."""

    def word(chip, command, *, start=0.0, half=50.0, bits=16):
        now = start
        chip.pins(now, 0, 0, command >> 15)
        for n in range(bits):
            now += half
            chip.pins(now, 0, 1, command >> (15 - n) & 1)
            now += half
            chip.pins(now, 0, 0, command >> max(0, 14 - n) & 1)
        now += half
        chip.pins(now, 1, 0, 0)
        return now

    def chip():
        return RhdModel(np.zeros((1, 32), int))

    with pytest.raises(RhdError, match="SCLK"):
        word(chip(), 0xC000, half=20.0)
    with pytest.raises(RhdError, match="15 bits"):
        word(chip(), 0xC000, bits=15)
    with pytest.raises(RhdError, match="CS high"):
        used = chip()
        word(used, 0xC000, start=word(used, 0xC000) + 150)
    with pytest.raises(RhdError, match="not calibrated"):
        word(chip(), 0x0000)
    with pytest.raises(RhdError, match="reference is off"):
        word(chip(), 0x5500)
    with pytest.raises(RhdError, match="reference on"):
        used = chip()
        word(used, 0x5500, start=word(used, 0x80DE) + 90_000)
    with pytest.raises(RhdError, match="9 dummy"):
        used = chip()
        now = word(used, 0x5500, start=word(used, 0x80DE) + 110_000)
        word(used, 0x8100, start=now + 200)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sample_bits": 12}, "16 bits, not 12"),
        ({"channels": 64}, "1 chips have 32 channels, not 64"),
        ({"order": Order.NP1, "channels": 48}, "order np1"),
        ({"chips": 0}, "chips must be"),
        ({"chips": 33, "channels": 1056}, "from 1 to 32"),
        ({"chips": 17, "channels": 1088, "double_rate": True}, "from 1 to 16"),
        ({"miso_delay": 8}, "miso_delay must be"),
        ({"miso_delay": -1}, "miso_delay must be"),
        ({"clock_hz": 50e6, "frame_cycles": 5000}, "half_period = 1 at 50 MHz .* 24 MHz; use 2"),
        ({"half_period": 0}, "use 1"),
        ({"half_period": "2"}, "half_period must be a whole number, not '2'"),
        ({"half_period": True}, "half_period must be a whole number, not True"),
        ({"chips": True}, "chips must be a whole number from 1 to 32, not True"),
        ({"miso_delay": True}, "miso_delay must be"),
        ({"clock_hz": 36e6, "frame_cycles": 1364}, "at least 1365, at most 26,374 frames"),
        ({"clock_hz": 48e6, "frame_cycles": 1590}, "at least 1599"),
        ({"half_period": 3, "frame_cycles": 2000}, "or a smaller half_period"),
    ],
    ids=str,
)
def test_what_the_chips_cannot_do(changes, message):
    fields = {k: v for k, v in changes.items() if k in ("channels", "sample_bits", "order")}
    how = {k: v for k, v in changes.items() if k not in fields}
    given = EncoderConfig(**{"channels": 32, "sample_bits": 16} | fields)
    with pytest.raises(ConfigError, match=message):
        Rhd(given, **{"chips": 1} | SLOW | how)


@pytest.mark.parametrize(("clock", "cycles"), [(48e6, 1600), (36e6, 1365), (42e6, 1400)])
def test_what_the_chips_can_do(clock, cycles):
    dut = Rhd(config(32), chips=1, clock_hz=clock, frame_cycles=cycles)
    assert Fragment.get(dut, None)
