"""Generator against its golden model: states, windows that begin anew, frames that repeat."""

import numpy as np
import pytest

from probecodec.golden import generator as golden
from probecodec.golden.format import Family
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.hdl.generator import Generator


@pytest.mark.parametrize("idle", ["none", "random"])
@pytest.mark.parametrize(
    ("family", "hold"),
    [(Family.DENSE, 1), (Family.DENSE, 2), (Family.SPARSE, 1), (Family.SPARSE, 4)],
)
def test_equals_the_golden_model(harness, idle, family, hold):
    config = ProjectionConfig(
        channels=5, family=family, window=16, measurements=2, hold=hold, seed=99
    )
    frame, channel = np.divmod(np.arange(40 * 5), 5)
    frame %= 16
    begin = (frame == 0) & (channel == 0)
    renew = (frame % hold == 0) & (channel == 0)
    again = (frame % hold != 0) & (channel == 0)
    sent = harness.schedule(len(frame), idle)
    drive = {"take": np.zeros(sent[-1] + 2, int)}
    drive["take"][sent] = 1
    random = np.random.default_rng(0)
    for name, values in (("begin", begin), ("renew", renew), ("again", again)):
        drive[name] = random.integers(2, size=sent[-1] + 2)
        drive[name][sent] = np.where(begin & (name != "begin"), drive[name][sent], values)
    seen = harness.simulate(Generator(config), drive, ("state",))["state"]
    states = golden.run(config.start, 16 // hold * 5).reshape(-1, 5)
    np.testing.assert_array_equal(seen[sent + 1], states[frame // hold, channel])
