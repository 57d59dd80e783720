"""The sound around a cell, against its definition, and pieces of a video against the whole."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.media.cells import MOST_SECONDS
from avel.pipeline.media.context import cells_after, cells_before, sound_span

RATE = 8


@pytest.mark.parametrize(
    ("cell", "num_cells", "seconds", "span"),
    [
        (4, 9, 1, (32, 8)),  # the cell itself
        (0, 9, 1, (0, 8)),
        (4, 9, 2, (28, 16)),  # half a second on either side
        (4, 9, 3, (24, 24)),
        (4, 9, 4, (20, 32)),
        (0, 9, 4, (0, 32)),  # shifted to lie inside
        (1, 9, 4, (0, 32)),
        (2, 9, 4, (4, 32)),
        (8, 9, 4, (40, 32)),
        (6, 9, 4, (36, 32)),
        (0, 3, 4, (0, 24)),  # the video is shorter: all of it
        (2, 3, 30, (0, 24)),
        (0, 1, 2, (0, 8)),
    ],
)
def test_where_a_window_lies(
    cell: int, num_cells: int, seconds: int, span: tuple[int, int]
) -> None:
    assert sound_span(cell, num_cells, seconds, RATE) == span


@given(st.data(), st.integers(1, 60), st.integers(1, 40), st.integers(2, 50_000))
def test_windows_are_centred_and_inside(
    data: st.DataObject, num_cells: int, seconds: int, rate: int
) -> None:
    cell = data.draw(st.integers(0, num_cells - 1))
    start, length = sound_span(cell, num_cells, seconds, rate)
    whole = num_cells * rate
    assert length == min(seconds * rate, whole)
    assert 0 <= start <= whole - length
    assert start <= cell * rate
    assert start + length >= (cell + 1) * rate  # the cell is in it
    middle = (cell + Fraction(1, 2)) * rate
    half = Fraction(length, 2)
    if half <= middle <= whole - half:
        assert abs(start + half - middle) <= Fraction(1, 2)


@given(st.data(), st.integers(1, 40), st.integers(1, MOST_SECONDS), st.integers(1, 12))
def test_a_piece_with_its_margins_holds_the_windows_of_the_whole(
    data: st.DataObject, num_cells: int, longest: int, count: int
) -> None:
    """Whatever the piece: the same samples, by the same rule, of shorter windows too."""
    rate = data.draw(st.integers(2, 7))
    first = data.draw(st.integers(0, num_cells - 1))
    count = min(count, num_cells - first)
    seconds = data.draw(st.integers(1, longest))
    after = min(cells_after(first, count, longest), num_cells - first - count)
    before = cells_before(first, count, after, longest)
    assert 0 <= before <= first
    wave = np.arange(num_cells * rate)
    piece = wave[(first - before) * rate : (first + count + after) * rate]
    for cell in range(count):
        start, length = sound_span(before + cell, before + count + after, seconds, rate)
        expected = sound_span(first + cell, num_cells, seconds, rate)
        assert (int(piece[start]), length) == expected


@given(st.integers(0, 500), st.integers(1, 64), st.integers(0, MOST_SECONDS))
def test_margins_are_bounded_and_half_a_window_in_the_middle(
    first: int, count: int, longest: int
) -> None:
    """What a slot of shared memory must hold."""
    after = cells_after(first, count, longest)
    before = cells_before(first, count, after, longest)
    assert 0 <= before + after <= 2 * longest
    if first >= longest:
        assert (before, after) == (longest // 2, longest // 2)
    if not longest:
        assert (before, after) == (0, 0)
