"""Captures as arrays: indexing, and all that NumPy's arrays tell, against the original samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import basic_indices, integer_array_indices

from probecodec.golden.config import EncoderConfig
from probecodec.golden.encoder import encode
from probecodec.host import open_capture

from .captures import AUX, CAPTURE, FRAMES, METADATA_SIZE, OFFSETS, SAMPLES, by_restart

MASK = AUX % 2 == 0
ROWS = [
    *(0, -1, 117, -118, np.int64(5), np.uint8(7), np.array(9)),
    *(slice(None), slice(3, 9), slice(0, 0), slice(50, 20), slice(-20, None), slice(100, 999)),
    *(slice(None, None, 7), slice(None, None, -1), slice(90, 10, -13), slice(23, 25)),
    *([], [3], [40, 3, -2, 3], [0, 117], np.arange(0, 118, 29), np.array([5, 1], np.uint16)),
    *(MASK, MASK.tolist(), np.zeros(FRAMES, bool), Ellipsis, ()),
]
BOTH = [
    *((0, 0), (-1, -8), (5, slice(2, 6)), (5, [1, 1, -1]), (5, Ellipsis), (Ellipsis, 5)),
    *((slice(20, 30), 3), (slice(None), slice(None, None, -3)), (slice(9), [7, 0, 7])),
    *((slice(None, None, -5), [2, 3]), (slice(4, 8), np.arange(8) % 2 == 0), (slice(3), [])),
    *((slice(0, 0), 4), ([4, 99], 2), ([4, 99], slice(1, 3)), (MASK, -1), (MASK, slice(0, 0))),
    *((Ellipsis, slice(1, 9, 2)), (1, Ellipsis, 2), (Ellipsis, 6, 6), (3, 4, Ellipsis)),
    *((np.array(3), np.array(1)), ([], 2), (slice(None), np.int8(-3)), (slice(7, 3, -1), 0)),
]
OPENED = [pytest.param(opener, id=opener.__name__) for opener in (open_capture, by_restart)]


def same(found, expected):
    """Both are alike in type, shape and content."""
    assert type(found) is type(expected) or found.ndim == 0
    assert found.dtype == expected.dtype and found.shape == expected.shape
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("opener", OPENED)
@pytest.mark.parametrize("key", ROWS + BOTH, ids=repr)
def test_index(opener, key):
    with opener(CAPTURE) as capture:
        same(capture[key], SAMPLES[key])
        same(capture[key], SAMPLES[key])  # from what was kept


@pytest.mark.parametrize("key", [*ROWS, (3,), (slice(2, 5),), (Ellipsis, 4), ([2, 2],)], ids=repr)
def test_index_of_auxiliary_words(key):
    with by_restart(CAPTURE) as capture:
        same(capture.aux[key], AUX[key])


WRONG = [
    *(118, -119, 10**30, [118], [0, -119], 1.5, "a", [1.0], [0.5, 1], ["a"], {}),
    *(MASK[1:], [True], slice(0.5, 3), slice(None, None, 0), (0, 0, 0), (0, 8), (0, -9)),
    *((0, [8]), (slice(3), 1.5), (slice(3), "a"), (slice(3), MASK), (Ellipsis, Ellipsis)),
]


@pytest.mark.parametrize("key", WRONG, ids=repr)
def test_wrong_index(key):
    """The error is NumPy's."""
    with pytest.raises(Exception) as numpys:
        SAMPLES[key]
    with open_capture(CAPTURE) as capture, pytest.raises(numpys.type):
        capture[key]


@pytest.mark.parametrize(
    "key",
    [118, -119, [118], 1.5, MASK[1:], (0, 0), (Ellipsis, 0, 0), slice(None, None, 0)],
    ids=repr,
)
def test_wrong_index_of_auxiliary_words(key):
    with pytest.raises(Exception) as numpys:
        AUX[key]
    with open_capture(CAPTURE) as capture, pytest.raises(numpys.type):
        capture.aux[key]


@pytest.mark.parametrize(
    "key",
    [None, (slice(3), None), True, [[0, 1], [2, 3]], SAMPLES > 0, ([0, 1], [0, 1]), (MASK, [1])],
    ids=repr,
)
def test_what_no_array_of_two_dimensions_gives_is_refused(key):
    """NumPy would; a capture says so before it decodes anything."""
    with open_capture(CAPTURE) as capture, pytest.raises(IndexError):
        capture[key]


@settings(max_examples=300, deadline=None)
@given(basic_indices((FRAMES - 24, 8)))
def test_any_basic_index(key):
    with by_restart(CAPTURE[OFFSETS[4] :]) as capture:
        same(np.asarray(capture[key]), np.asarray(SAMPLES[24:][key]))


@settings(max_examples=100, deadline=None)
@given(integer_array_indices((FRAMES,)))
def test_any_list_of_rows(key):
    (rows,) = key
    if rows.ndim == 1:
        with by_restart(CAPTURE) as capture:
            same(capture[rows], SAMPLES[rows])
            same(capture.aux[rows], AUX[rows])


def test_one_number():
    """Not an array of no dimension: a number, as NumPy's."""
    with open_capture(CAPTURE) as capture:
        assert type(capture[0, 0]) is np.int16 and type(capture.aux[-1]) is np.uint16


def test_rows_count_from_the_first_frame():
    capture = by_restart(CAPTURE[OFFSETS[3] :], fill="zero")
    assert (capture.first_frame, len(capture)) == (18, FRAMES - 18)
    same(capture[6:], SAMPLES[24:])
    assert not capture[:6].any()
    assert np.array_equal(capture.held(), np.arange(18, FRAMES) >= 24)
    assert np.array_equal(capture.held(4, -90), [False, False, True, True, True, True])


def test_what_is_given_can_be_written_to():
    """And what is kept stays as it is."""
    with open_capture(CAPTURE) as capture:
        for _ in range(2):
            rows, words = capture[20:30], capture.aux[20:30]
            same(rows, SAMPLES[20:30])
            same(words, AUX[20:30])
            rows[:], words[:] = 99, 9


def test_as_an_array():
    with open_capture(CAPTURE) as capture:
        same(np.asarray(capture), SAMPLES)
        same(np.array(capture), SAMPLES)
        same(np.asarray(capture.aux), AUX)
        same(np.asarray(capture, np.float64), SAMPLES.astype(np.float64))
        same(np.asarray(capture.aux, dtype="i8"), AUX.astype("i8"))
        assert np.mean(capture) == SAMPLES.mean()


def test_shape():
    with open_capture(CAPTURE) as capture:
        assert (capture.shape, capture.ndim, len(capture)) == (SAMPLES.shape, 2, FRAMES)
        assert (capture.dtype, capture.aux.dtype) == (SAMPLES.dtype, AUX.dtype)
        assert (capture.aux.shape, capture.aux.ndim, len(capture.aux)) == ((FRAMES,), 1, FRAMES)
    assert open_capture(CAPTURE, fill="nan").dtype == np.float32


def test_units():
    with open_capture(CAPTURE) as capture:
        assert (capture.rate_hz, capture.gain_uv, capture.unit) == (2500.0, 4.6875, "uV")
        assert capture.channel_ids.tolist() == list(range(8))
    bare = open_capture(CAPTURE[METADATA_SIZE : OFFSETS[4]])
    assert (bare.metadata, bare.rate_hz, bare.gain_uv, bare.unit) == (None, None, None, "ADC steps")
    config = EncoderConfig(channels=8, sample_bits=10, rate_hz=100.0)  # a gain of 0 is unknown
    bare = open_capture(b"".join(encode(config, SAMPLES)))
    assert (bare.rate_hz, bare.gain_uv, bare.unit) == (100.0, None, "ADC steps")


@pytest.mark.parametrize("opener", OPENED)
@pytest.mark.parametrize(
    ("start", "stop"),
    [(0, None), (0, 118), (5, 6), (23, 49), (24, 48), (-30, -1), (7, 7), (90, 3), (200, None)],
)
def test_chunks(opener, start, stop):
    with opener(CAPTURE) as capture:
        chunks = list(capture.chunks(start, stop))
        rows = np.arange(FRAMES)[start:stop]
        assert [n for chunk in chunks for n in chunk.start + np.arange(len(chunk.aux))] == [*rows]
        assert all(len(chunk.samples) == len(chunk.aux) > 0 for chunk in chunks)
        if len(rows):
            same(np.concatenate([chunk.samples for chunk in chunks]), SAMPLES[start:stop])
            same(np.concatenate([chunk.aux for chunk in chunks]), AUX[start:stop])


def test_iteration():
    same(np.array(list(by_restart(CAPTURE))), SAMPLES)
