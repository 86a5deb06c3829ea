"""Mode PROJECTION: golden's captures and matrices, as the references read and make them."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from probecodec.golden.config import ConfigError, EncoderConfig
from probecodec.golden.encoder import Encoder
from probecodec.golden.format import MATRIX, Family, Kind, Mode, Order
from probecodec.golden.projection import matrix
from probecodec.golden.projection_config import ProjectionConfig

ORDERED = {Order.SEQUENTIAL: 4, Order.NP1: 48, Order.NP2: 32}  # channels


@pytest.fixture(scope="module")
def projections():
    """The module ``reference_projection``."""
    path = Path(__file__).with_name("reference_projection.py")
    spec = importlib.util.spec_from_file_location("reference_projection", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def told_of(reference, config):
    """The fields of ``config``'s extension, as the reference reads them."""
    return reference.matrix_of({"words": config.extension})


@pytest.mark.parametrize("hold", [1, 2, 8])
@pytest.mark.parametrize("window", [16, 64, 256])
@pytest.mark.parametrize("family", [Family.SPARSE, Family.DENSE], ids=lambda one: one.name)
def test_matrices(family, window, hold, reference, projections):
    for measurements in (1, min(window // hold // 2, 32)):
        config = ProjectionConfig(
            channels=3, sample_bits=8, family=family, window=window, hold=hold,
            measurements=measurements, seed=0x9E3779B9 + window,
        )  # fmt: skip
        told = told_of(reference, config)
        assert matrix(config).tolist() == projections.rows(told, 3)
        assert list(config.given_frames) == reference.given_frames(told)


@st.composite
def encoders(draw):
    """An encoder's configuration."""
    order = draw(st.sampled_from(Order))
    family = draw(st.sampled_from([Family.SPARSE, Family.DENSE]))
    hold = draw(st.sampled_from([1, 2, 4]))
    most = 16 // hold // 2 if family == Family.SPARSE else 8
    fields = {
        "channels": ORDERED[order],
        "sample_bits": draw(st.integers(8, 16)),
        "family": family,
        "window": 16,
        "hold": hold,
        "measurements": draw(st.integers(1, most)),
        "highpass_shift": draw(st.sampled_from([0, 1, 8])),
        "seed": draw(st.integers(1, 2**32 - 1)),
    }
    made = ProjectionConfig(**fields)
    least = max(0, made.measurement_bits - 17)
    fields["shift"] = draw(st.integers(least, min(15, made.measurement_bits - 8)))
    return EncoderConfig(
        channels=fields["channels"],
        sample_bits=fields["sample_bits"],
        order=order,
        aux_bits=draw(st.integers(0, 3)),
        modes=(Mode.PROJECTION, Mode.ADAPTIVE),
        projection=ProjectionConfig(**fields),
        packet_frames=32,
        restart_interval=draw(st.integers(1, 3)),
    )


packets = st.lists(
    st.tuples(st.integers(0, 40), st.sampled_from([None, *Mode]), st.booleans()), max_size=6
)


@given(encoders(), packets, st.integers(0, 99))
def test_any_sequence_of_packets(reference, projections, config, run, seed):
    """Lossless packets between, forced restarts, windows broken off."""
    random, half = np.random.default_rng(seed), 1 << config.sample_bits - 1
    slots = reference.channel_of_slots(config.order, config.channels)
    told = told_of(reference, config.projection)
    probe, given = projections.Probe(told, len(slots)), reference.given_frames(told)
    encoder, capture, lossless, rows = Encoder(config), b"", {}, {}
    at, fresh, before = 0, True, Mode.PROJECTION
    for frames, mode, restart in run:
        mode = mode if mode in config.modes else None
        low, high = (-half, half) if seed % 2 else (-half // 9, half // 9)
        samples = random.integers(low, high, (frames, config.channels))
        aux = random.integers(0, 1 << config.aux_bits, frames)
        capture += encoder.packet(samples, aux, mode=mode, restart=restart)
        now = mode if mode is not None else before
        fresh |= restart or now != before
        index = [(0, at + n) for n in range(frames)]
        if now == Mode.ADAPTIVE:
            pairs = zip(samples.tolist(), aux.tolist(), strict=True)
            lossless |= dict(zip(index, pairs, strict=True))
        elif frames:
            values = [[row[slot] for slot in slots] for row in samples.tolist()]
            found = iter(probe.packet(values, fresh, given))
            for n, key in enumerate(index):
                row = next(found) if n % told["window"] in given else None
                by_channel = [row[slots.index(c)] for c in range(len(slots))] if row else None
                rows[key] = by_channel, int(aux[n])
        at, before, fresh = at + frames, now, frames == 0
    assert reference.decode(capture) == lossless
    assert reference.measured(capture) == rows


@settings(max_examples=300)
@given(
    st.integers(8, 16),
    st.fixed_dictionaries(
        {
            "family": st.sampled_from([0, 0, 1, 1, 2, 2, 3]),
            "window_log2": st.sampled_from([3, 4, 4, 5, 6, 7, 8, 9]),
            "hold_log2": st.sampled_from([0, 0, 0, 1, 2, 8]),
            "measurements_minus_1": st.integers(0, 127) | st.integers(0, 8),
            "highpass_shift": st.sampled_from([0, 1, 8, 12, 13]),
            "shift": st.integers(0, 15) | st.just(3),
            "code_bits": st.integers(0, 31),
            "seed": st.sampled_from([0, 1, 2**32 - 1]),
        }
    ),
    st.none() | st.integers(0, 15),
)
def test_which_extensions_are_known(reference, width, fields, shift):
    """Half of them with a width that fits, if any does."""
    for code_bits in range(32) if shift is not None else [fields["code_bits"]]:
        words = MATRIX.pack(**fields | {"code_bits": code_bits})
        try:
            ProjectionConfig.from_extension(words, 2, width)
            known = True
        except ConfigError:
            known = False
        packet = {"words": words, "sample_bits_minus_1": width - 1}
        assert reference.matrix_is_known(packet) == known, (fields, code_bits)


def test_metadata_packets_carry_the_extension(reference):
    """A restart's metadata packet is of its mode."""
    config = EncoderConfig(channels=2, modes=(Mode.PROJECTION,))
    capture = Encoder(config).packet(np.zeros((1, 2), np.int64), np.zeros(1, np.int64))
    metadata, data = reference.packets(capture)
    assert (metadata["kind"], data["kind"]) == (Kind.METADATA, Kind.DATA)
    assert metadata["words"] == data["words"] == config.projection.extension
    assert metadata["mode"] == data["mode"] == Mode.PROJECTION
