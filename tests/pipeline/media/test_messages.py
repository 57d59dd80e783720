"""Words of a child as bytes: they come back as they were, and nothing else gets in by them."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.media.messages import (
    END,
    FORK,
    MOST_BYTES,
    MOST_LETTERS,
    REQUEST,
    Slot,
    understood,
    written,
)
from avel.pipeline.reasons import MediaError, Reason

SIZES = st.integers(0, 2**40)
ARRAY = st.tuples(SIZES, st.lists(SIZES, max_size=6).map(tuple), st.sampled_from(["|u1", "<i2"]))
SECONDS = st.floats(0, 1e9)
WINDOWS = st.builds(
    Slot,
    st.integers(0, 9),
    st.lists(ARRAY, max_size=6).map(tuple),
    SECONDS,
    st.lists(st.sampled_from(Reason), max_size=4).map(tuple),
    st.lists(st.text(max_size=200), max_size=3).map(tuple),
    SECONDS,
)


@given(WINDOWS)
def test_a_window_comes_back_as_it_was(slot: Slot) -> None:
    assert understood(written(slot)) == slot
    assert len(written(slot)) < MOST_BYTES


@given(st.sampled_from(Reason), st.text(max_size=200))
def test_an_error_comes_back_as_it_was(reason: Reason, message: str) -> None:
    found = understood(written(MediaError(reason, message)))
    assert isinstance(found, MediaError)
    assert (found.reason, found.message) == (reason, message)


def test_a_name_that_is_no_text_comes_back(tmp_path: object) -> None:
    name = b"\xff\xfe.mp4".decode("utf-8", "surrogateescape")
    found = understood(written(MediaError(Reason.EMPTY, name)))
    assert isinstance(found, MediaError)
    assert found.message == name


def test_the_end_is_a_word_of_its_own() -> None:
    assert understood(written(None)) is None


def test_what_is_said_is_bounded() -> None:
    """Whatever stands in a file, also where each letter takes twelve bytes."""
    long = written(MediaError(Reason.DECODE_ERROR, "\N{VIDEOCASSETTE}" * 100_000))
    assert len(long) < MOST_BYTES
    found = understood(long)
    assert isinstance(found, MediaError)
    assert len(found.message) == MOST_LETTERS


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff\x00",
        b"{",
        b"1",
        b"[]",
        b"[" * (MOST_BYTES - 1),
        b'{"reason": "NO_SUCH", "message": ""}',
        b'{"reason": "EMPTY"}',
        b'{"number": 0}',
        b'{"number": 0, "arrays": [1], "duration": 0, "flags": [], "promised": 0}',
        pickle.dumps(Slot(0, (), 0.0, (), (), 0.0)),
    ],
)
def test_what_is_no_word_is_refused(message: bytes) -> None:
    with pytest.raises(
        ValueError, match=r"no word of a decoder|JSON|Expecting|decode|valid Reason"
    ):
        understood(message)


def test_requests_to_the_server_are_of_one_size() -> None:
    assert len(REQUEST.pack(FORK, 1 << 40, 1 << 40)) == len(REQUEST.pack(END, 1, 0)) == REQUEST.size
