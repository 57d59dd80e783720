"""Bytes of arrays, and checksums that the published algorithm gives for them."""

import numpy as np
import pytest
import xxhash
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from avel.cache.arrays import bytes_of, checksum

DTYPES = st.sampled_from([np.uint8, np.int16, np.float16, np.float32, np.int64, np.bool_])
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=5))


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (b"", 0x2D06800538D394C2),
        (b"a", 0xE6C632B61E964E1F),
        (b"abc", 0x78AF5F94892F3950),
    ],
)
def test_the_published_values_of_xxh3(text: bytes, known: int) -> None:
    """xxHash's own test vectors, seed 0."""
    assert checksum(np.frombuffer(text, np.uint8)) == known


@given(ARRAYS)
def test_the_checksum_is_of_the_bytes_alone(array: np.ndarray) -> None:
    assert checksum(array) == xxhash.xxh3_64(array.tobytes()).intdigest()
    assert checksum(array) == checksum(array.reshape(-1))
    assert 0 <= checksum(array) < 2**64


@given(ARRAYS)
def test_bytes_are_those_of_numpy(array: np.ndarray) -> None:
    view = bytes_of(array)
    assert view.tobytes() == array.tobytes()
    assert (view.ndim, view.itemsize, view.nbytes) == (1, 1, array.nbytes)


def test_one_changed_bit_changes_the_checksum() -> None:
    array = np.zeros((10, 16), np.float32)
    before = checksum(array)
    array.view(np.uint32)[9, 15] = 1
    assert checksum(array) != before


def test_an_array_that_is_not_contiguous_is_summed_in_its_own_order() -> None:
    array = np.arange(24, dtype=np.int32).reshape(4, 6)
    assert checksum(array.T) == checksum(np.ascontiguousarray(array.T))
    assert checksum(array.T) != checksum(array)
    assert checksum(array[:, ::2]) == checksum(array[:, ::2].copy())


def test_bytes_are_no_copy() -> None:
    array = np.zeros(4, np.uint16)
    view = bytes_of(array)
    array[1] = 0x0201
    assert view.tobytes() == b"\0\0\1\2\0\0\0\0"
    array.flags.writeable = False
    assert bytes_of(array).readonly
