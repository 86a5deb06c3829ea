"""Tier 1: a component under given inputs in `amaranth.sim`, every cycle recorded.

A stream's slots are *columns*: a dict of arrays, one for each leaf of the payload's layout.
"""

from operator import attrgetter
from typing import NamedTuple

import numpy as np
from amaranth import ClockDomain, Module, ResetInserter, Shape, Signal, Value
from amaranth.lib import data
from amaranth.sim import Simulator

TAIL = 12  # idle cycles after the last slot, for the pipeline to run empty


def simulate(dut, drive, watch, reset=None):
    """Return the members ``watch`` (names) in every cycle, as arrays.

    Parameters
    ----------
    drive : dict
        Member name to its value in each cycle.
    reset : array, optional
        The reset of the component's clock domain in each cycle.
    """
    inputs = [Value.cast(attrgetter(name)(dut)) for name in drive]
    rows = [np.asarray(values).tolist() for values in drive.values()]
    outputs = [Value.cast(attrgetter(name)(dut)) for name in watch]
    if reset is not None:
        inputs.append(Signal())
        rows.append(np.asarray(reset).tolist())
        dut = ResetInserter(inputs[-1])(dut)
    m = Module()
    m.domains.sync = ClockDomain()  # a stage of logic only has none
    m.submodules.dut = dut
    seen = []

    async def bench(ctx):
        before = [None] * len(inputs)
        for row in zip(*rows, strict=True):
            for signal, old, new in zip(inputs, before, row, strict=True):
                if new != old:
                    ctx.set(signal, new)
            before = row
            _, _, *values = await ctx.tick().sample(*outputs)
            seen.append(values)

    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return dict(zip(watch, np.array(seen, np.int64).T, strict=True))


def leaves(layout, start=0):
    """Yield (name, offset, shape) of every leaf of a layout."""
    for name, field in layout:
        if isinstance(field.shape, data.Layout):
            yield from leaves(field.shape, start + field.offset)
        else:
            yield name, start + field.offset, Shape.cast(field.shape)


def pack(layout, columns):
    """Return the payloads as numbers; columns that the layout lacks are ignored."""
    return sum(
        (columns[name].astype(np.int64) & (1 << shape.width) - 1) << offset
        for name, offset, shape in leaves(layout)
    )


def unpack(layout, packed):
    """Return the columns of payloads that are numbers."""
    columns = {}
    for name, offset, shape in leaves(layout):
        values = packed >> offset & (1 << shape.width) - 1
        sign = shape.signed << (shape.width - 1)
        columns[name] = (values ^ sign) - sign
    return columns


class Packet(NamedTuple):
    """A packet of whole frames, and how it ends.

    Attributes
    ----------
    values : (frames, channels)
    restart : bool
    early : bool
        It ends with a slot that holds no sample.
    stray : int
        Samples of a broken frame before that slot.
    mode : int
    goes_on : bool
        Its frames go on from those before, though it restarts.
    """

    values: np.ndarray
    restart: bool = False
    early: bool = False
    stray: int = 0
    mode: int = 0
    goes_on: bool = False


def slots(packets):
    """Return the columns of the packets' slots, and ``whole``: is it part of a whole frame?"""
    random = np.random.default_rng(3)
    parts = []
    for packet in packets:
        frames, channels = packet.values.shape
        count = frames * channels + packet.stray + packet.early
        number = np.arange(count)
        values = random.integers(1 << 32, size=count)  # garbage where there is no whole frame
        values[: packet.values.size] = packet.values.ravel()
        end = number == count - 1
        parts.append(
            {
                "value": values,
                "channel": number % channels,
                "whole": number < packet.values.size,
                "present": ~(end & packet.early),
                "sample": ~(end & packet.early),
                "raw": packet.restart & (number < channels),
                "first": packet.restart & (number < channels),
                "fresh": packet.restart & ~packet.goes_on & (number < channels),
                "restart": np.full(count, packet.restart),
                "mode": np.full(count, packet.mode),
                "end": end,
                "short": end & packet.early,
            }
        )
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def fill(columns, parts):
    """Return one column: ``parts`` (an array for each packet) where frames are whole, else 0."""
    column = np.zeros(len(columns["whole"]), np.int64)
    column[columns["whole"]] = np.concatenate([part.ravel() for part in parts])
    return column


def schedule(count, idle, pauses=()):
    """Return the cycles of ``count`` slots; ``idle`` is none, random or bursts.

    ``pauses`` are slots with a pause before, long enough for a pipeline to run empty.
    """
    random = np.random.default_rng(4)
    gaps = {
        "none": np.zeros(count, int),
        "random": random.integers(0, 3, count),
        "bursts": random.integers(1, 20, count) * (random.random(count) < 0.05),
    }[idle]
    gaps[list(pauses)] += TAIL
    return np.arange(count) + np.cumsum(gaps)


def run(dut, columns, idle="none", **members):
    """Send slots into ``dut.i`` and return (cycle of each slot, cycle of each output, columns).

    The payload between slots is garbage. A component with a ``LEAD`` gets each slot's channel as
    ``early`` that many cycles before, with ``early_valid``. Unless ``idle`` is none, there is a
    pause behind a packet that ended early, as the gate makes it. ``members`` are more inputs: a
    value for each slot, which is there in its cycle and the next; none where it is negative.
    """
    random = np.random.default_rng(5)
    pauses = np.flatnonzero(columns["short"][:-1]) + 1
    lead = getattr(dut, "LEAD", 0)
    sent = schedule(len(columns["end"]), idle, () if idle == "none" else pauses) + lead
    cycles = sent[-1] + 1 + TAIL
    layout = dut.i.payload.shape()
    drive = {
        "i.valid": np.zeros(cycles, int),
        "i.payload": random.integers(1 << layout.size, size=cycles),
    }
    drive["i.valid"][sent] = 1
    drive["i.payload"][sent] = pack(layout, columns)
    if lead:
        drive["early"] = random.integers(1 << len(dut.early), size=cycles)
        drive["early"][sent - lead] = columns["channel"]
        drive["early_valid"] = np.zeros(cycles, int)
        drive["early_valid"][sent - lead] = 1
    for name, values in members.items():
        drive[name] = random.integers(1 << len(getattr(dut, name)), size=cycles)
        held = values >= 0
        drive[name][sent[held] + 1] = drive[name][sent[held]] = values[held]
    seen = simulate(dut, drive, ("o.valid", "o.payload"))
    out = np.flatnonzero(seen["o.valid"])
    return sent, out, unpack(dut.o.payload.shape(), seen["o.payload"][out])


def check(dut, columns, expected, idle="none", **members):
    """Assert that the component turns slots into others after exactly its ``LATENCY``.

    ``expected`` has the columns that change; garbage samples may become anything, but a code
    without a sample is empty.
    """
    assert dut.LATENCY < TAIL
    sent, out, got = run(dut, columns, idle, **members)
    np.testing.assert_array_equal(out, sent + dut.LATENCY)
    for name in got:
        if name in expected:
            counts, wanted = columns["whole"], expected[name]
        else:
            counts, wanted = slice(None), columns[name]
        np.testing.assert_array_equal(got[name][counts], wanted[counts], err_msg=name)
    for name in {"bits", "length"} & set(got):
        assert not got[name][~columns["present"]].any()


def check_coder(dut, golden, packets, idle="none"):
    """Assert that a coder gives its golden model's codes; return their lengths."""
    columns, codes = slots(packets), []
    for packet in packets:
        if packet.restart:
            golden.restart()
        codes.append(golden.encode(packet.values, packet.restart))
    expected = {
        "bits": fill(columns, [code.bits for code in codes]),
        "length": fill(columns, [code.length for code in codes]),
    }
    check(dut, columns, expected, idle)
    return expected["length"]
