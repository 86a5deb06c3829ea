"""Payloads: neighbours agree on every field, which `wiring.connect` does not check."""

from itertools import pairwise

import pytest
from amaranth.hdl import Fragment
from amaranth.lib import wiring

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Mode
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.hdl.auxiliary import Auxiliary
from probecodec.hdl.delta import Delta
from probecodec.hdl.encoder import Encoder
from probecodec.hdl.fixed import Fixed
from probecodec.hdl.framer import Framer
from probecodec.hdl.gate import Gate
from probecodec.hdl.highpass import Highpass
from probecodec.hdl.packer import Packer
from probecodec.hdl.projection import Projection
from probecodec.hdl.rice import Rice
from probecodec.hdl.zigzag import Zigzag

CHAIN = (Gate, Delta, Zigzag, Rice, Fixed, Auxiliary, Packer, Framer)
CONFIGS = [
    EncoderConfig(channels=33, sample_bits=9, aux_bits=3, modes=(Mode.FIXED, Mode.RICE)),
    EncoderConfig(channels=384, sample_bits=16, aux_bits=1),
]


@pytest.mark.parametrize("config", CONFIGS)
@pytest.mark.parametrize("left_out", [Rice, Fixed])
def test_neighbours_agree(config, left_out):
    stages = [stage(config) for stage in CHAIN if stage is not left_out]
    for stage in stages:
        Fragment.get(stage, None)  # so that Amaranth does not miss its use
    for before, after in pairwise(stages):
        assert before.o.payload.shape() == after.i.payload.shape()
        assert before.signature.members["o"].signature.always_ready


def test_high_pass_and_projection_agree():
    config = ProjectionConfig(channels=33, sample_bits=9)
    stages = Highpass(config), Projection(config)
    for stage in stages:
        Fragment.get(stage, None)
        assert stage.signature.members["o"].signature.always_ready
    assert stages[0].o.payload.shape() == stages[1].i.payload.shape()


@pytest.mark.parametrize("config", CONFIGS)
def test_connections_agree(config, monkeypatch):
    connected = []

    def connect(m, source, target):
        assert source.payload.shape() == target.payload.shape()
        connected.append(target)
        real(m, source, target)

    real = wiring.connect
    monkeypatch.setattr(wiring, "connect", connect)
    Fragment.get(Encoder(config), None)
    assert len(connected) >= 3
