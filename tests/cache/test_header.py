import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.cache.header import USER_BLOCK, Extent, Header, decode, encode

KINDS = st.sampled_from([np.dtype(k) for k in ("<f4", ">f8", "<f2", "?", "u1", "<c8", "<i8")])
EXTENTS = st.builds(
    Extent,
    st.integers(0, 2**40),
    st.lists(st.integers(0, 2**20), min_size=1, max_size=4).map(tuple),
    KINDS,
)
HEADERS = st.builds(
    lambda tables, checks, arrays: Header(
        1, "f" * 64, tables, dict(zip(tables, checks, strict=True)), arrays
    ),
    st.fixed_dictionaries({name: EXTENTS for name in ("keys", "rows", "checksums")}),
    st.lists(st.integers(0, 2**64 - 1), min_size=3, max_size=3),
    st.dictionaries(st.text(min_size=1, max_size=8), EXTENTS, max_size=6),
)


@settings(max_examples=15)
@given(HEADERS)
def test_what_is_written_is_read(header: Header) -> None:
    block = encode(header)
    assert len(block) == USER_BLOCK
    assert decode(block) == header
    assert list(decode(block).arrays) == list(header.arrays)  # type: ignore[union-attr]


@settings(max_examples=25)
@given(HEADERS, st.data())
def test_a_flipped_bit_is_noticed(header: Header, data: st.DataObject) -> None:
    block = bytearray(encode(header))
    used = len(bytes(block).rstrip(b"\0")) - 1  # the last is the end of the line
    block[data.draw(st.integers(0, used - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert decode(bytes(block)) in (None, header)


@given(st.binary(max_size=200))
def test_other_bytes_are_no_header(block: bytes) -> None:
    assert decode(block) is None


def test_too_many_arrays_leave_the_header_out() -> None:
    tables = {name: Extent(0, (1,), np.dtype("u1")) for name in ("keys", "rows", "checksums")}
    many = {f"array{n}": Extent(0, (1, 2), np.dtype("<f4")) for n in range(200)}
    assert encode(Header(1, "f" * 64, tables, dict.fromkeys(tables, 0), many)) == b""


def test_the_end_is_that_of_the_last_array() -> None:
    tables = {"keys": Extent(100, (2, 32), np.dtype("u1"))}
    last = {
        "a": Extent(200, (3, 2), np.dtype("<f4")),
        "empty": Extent(999, (0, 2), np.dtype("<f4")),
    }
    assert Header(1, "", tables, {}, last).end == 200 + 24
