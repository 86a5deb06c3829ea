"""Neighbours of each slot: what `probecodec.golden.order` names, as they stood last."""

import numpy as np
import pytest

from probecodec.golden import order
from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import LMS_NEIGHBOUR_LAGS, LMS_NEIGHBOURS, Mode, Order
from probecodec.hdl.order import Neighbours

OUTPUTS = [f"nearest_{n}" for n in range(LMS_NEIGHBOURS)]
OUTPUTS += [f"before_{n}" for n in range(LMS_NEIGHBOUR_LAGS)]
SHAPES = [(Order.SEQUENTIAL, channels) for channels in (9, 31, 32)]
SHAPES += [(Order.NP1, 24), (Order.NP1, 48), (Order.NP2, 32), (Order.NP2, 64), (Order.NP1, 384)]


def expected(config, latest, before, frame):
    """Return what stands at ``OUTPUTS`` for every slot of ``frame``: (slots, outputs), floats.

    Not a number where anything may: a neighbour whose latest slot came before all frames.
    """
    near = order.neighbours(config)
    slots = np.arange(config.channels)[:, np.newaxis]
    of_frame = np.where(near < slots, frame, frame - 1)

    def stood(values):
        found = values[of_frame, np.minimum(near, config.channels - 1)]
        return np.where(near == config.channels, 0, np.where(of_frame < 0, np.nan, found))

    return np.hstack([stood(latest), stood(before)[:, :LMS_NEIGHBOUR_LAGS]])


@pytest.mark.parametrize("idle", ["none", "random", "bursts"])
@pytest.mark.parametrize(
    ("kind", "channels"), SHAPES, ids=[f"{k.name.lower()}-{c}ch" for k, c in SHAPES]
)
def test_equals_the_golden_model(harness, kind, channels, idle):
    """Frames back to back and with pauses; zeros in a frame that is raw; a frame broken off."""
    config = EncoderConfig(channels=channels, sample_bits=9, order=kind, modes=(Mode.ADAPTIVE,))
    dut, random = Neighbours(config), np.random.default_rng(channels)
    frames, broken = 7, 3
    latest, before = random.integers(-256, 256, (2, frames, channels))
    latest[[0, 4]] = before[[0, 4]] = 0  # first frames of a restart
    # After frame 3, half a frame that counts for nothing: then a restart, as the gate makes it.
    slot = np.concatenate([np.arange(channels)] * (broken + 1) + [np.arange(channels // 2)])
    slot = np.concatenate([slot, *[np.arange(channels)] * (frames - broken - 1)])
    stray = np.zeros(len(slot), bool)
    stray[(broken + 1) * channels :][: channels // 2] = True
    sent = harness.schedule(len(slot), idle) + 1
    cycles = int(sent[-1]) + 1 + harness.TAIL
    drive = {
        "valid": np.zeros(cycles, int),
        "channel": random.integers(channels, size=cycles),
        "next_channel": random.integers(channels, size=cycles),
        "latest": random.integers(-256, 256, cycles),
        "before": random.integers(-256, 256, cycles),
    }
    drive["valid"][sent] = 1
    drive["channel"][sent] = slot
    drive["next_channel"][sent - 1] = slot
    drive["latest"][sent[~stray]] = latest.ravel()
    drive["before"][sent[~stray]] = before.ravel()
    seen = harness.simulate(dut, drive, OUTPUTS)
    got = np.stack([seen[name] for name in OUTPUTS], axis=1)[sent[~stray] + dut.latency(config)]
    got = got.reshape(frames, channels, len(OUTPUTS))
    for frame in range(frames):
        if frame == broken + 1:
            continue  # nothing is predicted in the first frame of a restart
        wanted = expected(config, latest, before, frame)
        known = ~np.isnan(wanted)
        assert known.all() or frame == 0
        np.testing.assert_array_equal(got[frame][known], wanted[known], err_msg=f"frame {frame}")


@pytest.mark.parametrize(("kind", "channels"), [(Order.NP1, 384), (Order.NP2, 384)])
def test_a_neighbour_is_another_slot(kind, channels):
    """So no memory is read and written at one address in one cycle, as Yosys is told."""
    config = EncoderConfig(channels=channels, order=kind, modes=(Mode.ADAPTIVE,))
    assert Neighbours.latency(config) > 0
    assert (order.neighbours(config) != np.arange(channels)[:, np.newaxis]).all()
    assert order.neighbours(config).max() < channels
