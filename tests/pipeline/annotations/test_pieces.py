"""Films as pieces of ten seconds at most, with one event at most."""

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.annotations.pieces import Piece, pieces
from avel.pipeline.datasets.ave import CELLS


def labels(text: str) -> list[str | None]:
    return [None if letter == "." else letter for letter in text]


def cut(text: str) -> list[str]:
    return [text[piece.start : piece.stop] for piece in pieces(labels(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("..aaa.....", ["..aaa....."]),
        ("aaaa", ["aaaa"]),
        ("....", ["...."]),
        ("..aa..bb..", ["..aa.", ".bb.."]),
        ("..aa..aa..", ["..aa.", ".aa.."]),
        ("aabb", ["aa", "bb"]),
        ("a" * 23, ["a" * 10, "a" * 10, "aaa"]),
        (".......aaaaaa....", ["." * 5, "..aaaaaa..", ".."]),
        ("....aaaaaaaaaaaa", ["....", "a" * 10, "aa"]),
        ("." * 25, ["." * 10, "." * 10, "." * 5]),
        ("aaa.......b", ["aaa.......", "b"]),
    ],
)
def test_where_films_are_cut(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


FILMS = st.lists(st.tuples(st.sampled_from("ab."), st.integers(1, 14)), max_size=8).map(
    lambda runs: "".join(letter * length for letter, length in runs)
)


@given(FILMS)
def test_pieces_hold_every_cell_once_and_one_event_at_most(text: str) -> None:
    assert "".join(cut(text)) == text
    for piece, cells in zip(pieces(labels(text)), cut(text), strict=True):
        assert 1 <= len(cells) <= CELLS
        runs = [letter for letter, _ in groupby(cells) if letter != "."]
        assert len(runs) <= 1
        assert piece.label == (runs[0] if runs else None)
        own = cells.replace(".", "")
        assert text[piece.onset : piece.offset] == own


@given(FILMS)
def test_an_event_of_ten_seconds_at_most_is_in_one_piece(text: str) -> None:
    """Else its edges would be learned as those of events."""
    at = 0
    edges = {piece.start for piece in pieces(labels(text))}
    for letter, run in groupby(text):
        length = len(list(run))
        if letter != "." and length <= CELLS:
            assert not edges & set(range(at + 1, at + length))
        at += length


def test_no_film_has_no_pieces() -> None:
    assert pieces([]) == []
    assert pieces([None]) == [Piece(0, 1, None, 0, 0)]
