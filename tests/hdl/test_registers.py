"""Registers against their map: reset values, access, latency, events."""

import numpy as np
import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Family, Mode
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.golden.registers import ADDRESS_BITS, load, register_map
from probecodec.hdl.layout import load_layout
from probecodec.hdl.registers import Registers

CONFIG = EncoderConfig(
    channels=32, modes=(Mode.RICE, Mode.FIXED), restart_interval=0x123, stream_id=0x45
)
MAP = register_map(CONFIG)
ALL_ONES = 0xFFFF_FFFF
OUTPUTS = ("rdata", "enable", "mode", "restart_interval", "stream_id")


def address(name):
    return MAP[name].address


def reset_value(name):
    return sum(field.reset << field.low for field in MAP[name].fields.values())


def bus(harness, cycles, config=CONFIG, watch=OUTPUTS, **members):
    """Run bus cycles, each an address to read or (address, data) to write; return members seen."""
    accesses = [(cycle, None) if isinstance(cycle, int) else cycle for cycle in cycles]
    accesses.append((0, None))
    drive = {
        "address": [address for address, _ in accesses],
        "write": [int(data is not None) for _, data in accesses],
        "wdata": [ALL_ONES if data is None else data for _, data in accesses],
    }
    drive |= {name: [*values, 0] for name, values in members.items()}
    seen = harness.simulate(Registers(config), drive, watch)
    return {name: values[1:].tolist() for name, values in seen.items()}


def test_reset_values(harness):
    names = list(MAP)
    assert bus(harness, [address(name) for name in names])["rdata"] == [
        reset_value(name) for name in names
    ]


def test_reset_values_of_the_controls(harness):
    seen = bus(harness, [0])
    assert seen["enable"] == [1]
    assert seen["mode"] == [0]
    assert seen["restart_interval"] == [0x123]
    assert seen["stream_id"] == [0x45]


def test_read_latency_is_one_cycle_and_depends_on_the_address_alone(harness):
    sequence = np.random.default_rng(13).integers(1 << ADDRESS_BITS, size=60).tolist()
    values = {MAP[name].address: reset_value(name) for name in MAP}
    assert bus(harness, sequence)["rdata"] == [values.get(number, 0) for number in sequence]


def test_unmapped_addresses_read_zero_and_take_no_writes(harness):
    free = set(range(1 << ADDRESS_BITS)) - {register.address for register in MAP.values()}
    assert free
    mapped = [address(name) for name in MAP]
    for number in free:
        seen = bus(harness, [(number, ALL_ONES), number, *mapped])
        assert seen["rdata"] == [0, 0, *(reset_value(name) for name in MAP)]


@pytest.mark.parametrize("name", [name for name in MAP if MAP[name].access == "rw"])
def test_writable(harness, name):
    """Every writable bit, alone; bits without a field stay 0; other registers stay as they are."""
    if name == "mode":
        values = [mode.value for mode in CONFIG.modes]
    else:
        values = [0, ALL_ONES, *(1 << n for n in range(32)), 0x5A5A_5A5A]
    mask = sum((1 << field.bits) - 1 << field.low for field in MAP[name].fields.values())
    others = [address(other) for other in MAP if other != name]
    cycles = [
        cycle for value in values for cycle in ((address(name), value), address(name), *others)
    ]
    rdata = bus(harness, cycles)["rdata"]
    step = 2 + len(others)
    assert rdata[1::step] == [value & mask for value in values]
    for n in range(2, step):
        assert set(rdata[n::step]) == {reset_value([o for o in MAP if o != name][n - 2])}


def test_a_write_shows_in_the_next_cycle(harness):
    number = address("stream_id")
    seen = bus(harness, [(number, 7), number, (number, 0x1FF), number])
    assert seen["stream_id"] == [7, 7, 0xFF, 0xFF]
    assert seen["rdata"] == [7, 7, 0xFF, 0xFF]


@pytest.mark.parametrize("name", [name for name in MAP if MAP[name].access == "ro"])
def test_read_only(harness, name):
    seen = bus(harness, [(address(name), 0), (address(name), ALL_ONES), address(name)])
    assert seen["rdata"] == [reset_value(name)] * 3


@pytest.mark.parametrize("modes", [(Mode.RICE,), (Mode.FIXED,), (Mode.FIXED, Mode.RICE)])
def test_a_mode_that_is_not_built_is_ignored(harness, modes):
    config = EncoderConfig(channels=32, modes=modes)
    values = [*range(16), 1 << 4 | 1]
    cycles = [cycle for value in values for cycle in ((address("mode"), value), address("mode"))]
    seen = bus(harness, cycles, config)
    mode, expected = modes[0], []
    for value in values:
        mode = value & 15 if value & 15 in modes else mode
        expected.append(mode)
    assert seen["rdata"][1::2] == expected
    assert seen["mode"][1::2] == [modes.index(mode) for mode in expected]


@pytest.mark.parametrize("event", ["overrun", "misframe"])
def test_an_event_stays_until_cleared(harness, event):
    status, bit = address("status"), 1 << MAP["status"].fields[event].low
    happens = [0, 1, 0, 0, 0, 0, 0, 1, 0, 0]
    cycles = [
        status,
        status,  # it happens
        status,
        (status, ALL_ONES & ~bit),
        status,
        (status, bit),
        status,
        (status, bit),  # it happens again just as it is cleared: the event wins
        status,
        (address("control"), bit),
    ]
    seen = bus(harness, cycles, **{event: happens})
    assert seen["rdata"][:9] == [0, bit, bit, bit, bit, 0, 0, bit, bit]


def test_live_status(harness):
    status, idle = address("status"), 1 << MAP["status"].fields["idle"].low
    seen = bus(harness, [status, status, (status, idle), status, status], idle=[1, 0, 1, 0, 0])
    assert seen["rdata"] == [idle, 0, idle, 0, 0]


def test_dropped(harness):
    dropped = address("dropped")
    counts = [5, 6, ALL_ONES, 0]
    seen = bus(harness, [dropped, dropped, (dropped, 1), dropped], drop_count=counts)
    assert seen["rdata"] == [*counts[1:], 0]


def loaded(measurements, coefficient_bits):
    """Return a configuration with coefficients, the two ends of their range among them."""
    random, half = np.random.default_rng(measurements), 1 << coefficient_bits - 1
    rows = random.integers(-half, half, (measurements, 16))
    rows[0, :2] = -half, half - 1
    rows = np.tril(np.triu(rows), 16 - measurements)
    projection = ProjectionConfig(
        family=Family.LOADED,
        window=16,
        measurements=measurements,
        coefficients=tuple(map(tuple, rows.tolist())),
        coefficient_bits=coefficient_bits,
    )
    modes = Mode.HUFFMAN, Mode.PROJECTION
    return EncoderConfig(channels=32, modes=modes, projection=projection)


LOADS = ("load", "load_valid", "matrix", "rdata")


@pytest.mark.parametrize(("measurements", "coefficient_bits"), [(1, 8), (3, 2), (8, 12)])
def test_coefficients_are_loaded(harness, measurements, coefficient_bits):
    """Each write shows once, in the next cycle; reads and other writes show nothing."""
    config = loaded(measurements, coefficient_bits)
    matrix, registers = config.projection, register_map(config)
    writes = load(matrix)
    cycles, is_load = [], []
    for number, write in enumerate(writes):
        cycles.append(write)
        is_load.append(write[0] == registers["coefficient"].address)
        if number % 5 == 0:
            cycles += [write[0], (registers["stream_id"].address, write[1])]
            is_load += [False, False]
    seen = bus(harness, cycles, config, LOADS)
    assert seen["load_valid"] == is_load
    shown = harness.unpack(load_layout(config), np.array(seen["load"])[is_load])
    got = np.full((measurements, 16), 1 << 16)
    got[shown["index"], shown["frame"]] = shown["value"]
    np.testing.assert_array_equal(got, matrix.coefficients)
    assert len(shown["value"]) == got.size
    assert seen["matrix"][-1] == matrix.seed
    assert not any(seen["matrix"][: cycles.index(writes[-1])])


def test_the_register_of_the_digest(harness):
    """0 after reset: no coefficients are known. The coefficients themselves cannot be read."""
    config = loaded(2, 8)
    registers = register_map(config)
    matrix, coefficient = registers["matrix"].address, registers["coefficient"].address
    values = [ALL_ONES, 0, 0x1234_5678, *(1 << n for n in range(32))]
    cycles = [matrix, coefficient, (coefficient, ALL_ONES), coefficient, matrix]
    cycles += [cycle for value in values for cycle in ((matrix, value), matrix)]
    seen = bus(harness, cycles, config, LOADS)
    assert seen["rdata"][:5] == [0] * 5
    assert seen["rdata"][6::2] == values
    assert seen["matrix"] == [0] * 5 + [value for value in values for _ in range(2)]
    assert sum(seen["load_valid"]) == 1
    others = [(r.address, n) for n, r in registers.items() if n not in ("matrix", "coefficient")]
    seen = bus(harness, [(matrix, ALL_ONES), *(number for number, _ in others)], config)
    resets = [
        sum(field.reset << field.low for field in registers[name].fields.values())
        for _, name in others
    ]
    assert seen["rdata"][1:] == resets
