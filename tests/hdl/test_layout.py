"""Payloads: neighbours agree on every field, which `wiring.connect` does not check."""

from itertools import pairwise

import pytest
from amaranth.hdl import Fragment, signed
from amaranth.lib import wiring

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Family, Mode
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.hdl import layout
from probecodec.hdl.auxiliary import Auxiliary
from probecodec.hdl.delta import Delta
from probecodec.hdl.encoder import Encoder
from probecodec.hdl.fixed import Fixed
from probecodec.hdl.framer import Framer
from probecodec.hdl.gate import Gate
from probecodec.hdl.highpass import Highpass
from probecodec.hdl.huffman import Huffman
from probecodec.hdl.packer import Packer
from probecodec.hdl.projection import Projection
from probecodec.hdl.rice import Rice
from probecodec.hdl.zigzag import Zigzag

CHAIN = (Gate, Delta, Zigzag, Rice, Fixed, Auxiliary, Packer, Framer)
CONFIGS = [
    EncoderConfig(channels=33, sample_bits=9, aux_bits=3, modes=(Mode.FIXED, Mode.RICE)),
    EncoderConfig(channels=384, sample_bits=16, aux_bits=1),
]
PROJECTED = [
    EncoderConfig(channels=33, sample_bits=9, aux_bits=3, modes=(Mode.PROJECTION,)),
    EncoderConfig(
        channels=33,
        sample_bits=16,
        aux_bits=1,
        modes=(Mode.RICE, Mode.PROJECTION, Mode.ADAPTIVE),
        projection=ProjectionConfig(sample_bits=16, window=16, family=Family.LOADED, row_sum=99),
    ),
    EncoderConfig(
        channels=33,
        sample_bits=16,
        aux_bits=2,
        modes=(Mode.HUFFMAN, Mode.PROJECTION),
        projection=ProjectionConfig(sample_bits=16, window=16, shift=9),
    ),
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


@pytest.mark.parametrize("config", PROJECTED)
def test_neighbours_of_mode_projection_agree(config):
    chain = (Highpass, Projection, None, Zigzag, Huffman, Auxiliary, Packer, Framer)
    stages = [stage and stage(config) for stage in chain]
    for before, after in pairwise(stages):
        if before and after:  # measurements and residuals come to one width in between
            assert before.o.payload.shape() == after.i.payload.shape()
    for stage in filter(None, stages):
        Fragment.get(stage, None)
    matrix, value = config.projection, stages[1].o.payload.shape()["value"].shape
    assert value == signed(matrix.code_bits)
    assert stages[0].o.payload.shape()["value"].shape == signed(config.sample_bits + 1)
    widest = max(matrix.code_bits, config.sample_bits if len(config.modes) > 1 else 0)
    assert stages[3].i.payload.shape()["value"].shape == signed(widest)


def test_tags_of_mode_projection_are_only_there_where_it_is():
    names = set(layout.tag(CONFIGS[0]).members)
    assert set(layout.tag(PROJECTED[0]).members) - names == {"sample", "first", "fresh"}


@pytest.mark.parametrize("config", [*CONFIGS, *PROJECTED])
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
