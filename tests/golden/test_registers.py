"""Register map: no two registers or fields share bits, and the writes that load coefficients."""

import itertools

import pytest

from probecodec.golden.config import EncoderConfig
from probecodec.golden.format import Family, Mode
from probecodec.golden.projection_config import ProjectionConfig
from probecodec.golden.registers import ADDRESS_BITS, load, register_map

ROWS = (-1, *[5] * 14, 0), (0, *[-128] * 14, 127)


def loaded(**others):
    fields = {"family": Family.LOADED, "window": 16, "measurements": 2, "coefficients": ROWS}
    projection = ProjectionConfig(**fields | others)
    modes = Mode.HUFFMAN, Mode.PROJECTION
    return EncoderConfig(channels=32, modes=modes, projection=projection)


WIDEST = loaded(window=256, measurements=8, coefficients=(), coefficient_bits=16, row_sum=99)


@pytest.mark.parametrize("config", [EncoderConfig(), loaded(), WIDEST])
def test_nothing_overlaps(config):
    registers = register_map(config)
    addresses = [register.address for register in registers.values()]
    assert len(set(addresses)) == len(addresses)
    assert max(addresses) < 1 << ADDRESS_BITS
    for register in registers.values():
        bits = [range(field.low, field.low + field.bits) for field in register.fields.values()]
        every = list(itertools.chain(*bits))
        assert len(set(every)) == len(every) and max(every) < 32


def test_only_a_core_with_coefficients_has_their_registers():
    sparse = EncoderConfig(modes=(Mode.PROJECTION,))
    assert set(register_map(loaded())) - set(register_map(sparse)) == {"coefficient", "matrix"}
    assert set(register_map(sparse)) == set(register_map(EncoderConfig()))


def test_writes_by_hand():
    """Measurement 24 …, frame 16 …, value 0 …; the digest at last."""
    writes = load(loaded().projection)
    assert len(writes) == 2 * 16 + 1
    assert writes[0] == (7, 0x000000FF)
    assert writes[1] == (7, 0x00010005)
    assert writes[15] == (7, 0x000F0000)
    assert writes[17] == (7, 0x01010080)
    assert writes[31] == (7, 0x010F007F)
    assert writes[32] == (8, loaded().projection.seed)
