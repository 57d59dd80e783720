"""What is heard for each cell, in windows of sound that are found again by their samples."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from avel.pipeline.media.cells import Segments
from avel.pipeline.media.context import cells_after, cells_before, sound_span
from avel.pipeline.method.heard import present, stretches

RATE = 4


def segments(
    numbers: Sequence[int], mask: Sequence[bool] | None = None, before: int = 0, after: int = 0
) -> Segments:
    """Cells of a video in which every sample is its own number."""
    wave = np.arange(1000 * RATE, dtype=np.int16).reshape(-1, RATE)
    first, last = numbers[0], numbers[-1] + 1
    there = np.ones(len(numbers), bool) if mask is None else np.array(mask)
    frames = np.zeros((len(numbers), 1, 3, 2, 2), np.uint8)
    around = {"before": wave[first - before : first], "after": wave[last : last + after]}
    return Segments(frames, wave[first:last], there, there, **around)


def test_each_cell_alone() -> None:
    found, places = stretches(segments(range(3)), ())
    assert [s.samples.tolist() for s in found] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert places.tolist() == [[0], [1], [2]]
    assert {(s.seconds, s.is_whole) for s in found} == {(1, True)}


def test_windows_at_the_edges_are_one() -> None:
    """Cells 0 and 1 of a 4 s window hear the same, as do the last two; it is encoded once."""
    found, places = stretches(segments(range(6)), (4,))
    assert [s.samples[0] for s in found] == [0, 2, 6, 8]
    assert places[:, 0].tolist() == [0, 0, 1, 2, 3, 3]
    assert {len(s.samples) for s in found} == {4 * RATE}


def test_a_video_shorter_than_the_windows_is_one_stretch() -> None:
    found, places = stretches(segments(range(3)), (4, 10))
    (only,) = found
    assert only.samples.tolist() == list(range(12))
    assert (only.seconds, only.is_whole) == (4, False)  # of the first that asked
    assert places.tolist() == [[0, 0]] * 3


def test_others_may_cut_them() -> None:
    """They are asked once, of all the sound that there is, for every different stretch."""
    asked: list[Any] = []

    def cut(cells: NDArray[np.int16], spans: Sequence[tuple[int, int]]) -> list[NDArray[Any]]:
        asked.append((cells.tolist(), list(spans)))
        return [np.full((2, length), start) for start, length in spans]

    found, places = stretches(segments(range(2, 4), before=1, after=1), (1, 2), cut)
    assert asked == [
        (
            [list(range(RATE * n, RATE * (n + 1))) for n in range(1, 5)],
            [(4, 4), (2, 8), (8, 4), (6, 8)],
        )
    ]
    assert [np.asarray(s.samples)[0, 0] for s in found] == [4, 2, 8, 6]
    assert [(s.seconds, s.is_whole) for s in found] == [(1, True), (2, True)] * 2
    assert places.tolist() == [[0, 1], [2, 3]]


def test_cells_without_sound_are_not_heard() -> None:
    found, places = stretches(segments(range(4), [False, True, False, False]), (1, 2))
    assert [s.samples.tolist() for s in found] == [[4, 5, 6, 7], [2, 3, 4, 5, 6, 7, 8, 9]]
    assert places[1].tolist() == [0, 1]


def test_silence_is_heard_once_for_its_width() -> None:
    found, places = stretches(segments(range(4), [False] * 4), (2, 4))
    assert [len(s.samples) for s in found] == [2 * RATE, 4 * RATE]
    assert places[0].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("mask", "cells"), [([True, False, True], [0, 2]), ([False, False], [0]), ([True], [0])]
)
def test_cells_that_an_encoder_is_asked_of(mask: list[bool], cells: list[int]) -> None:
    assert present(np.array(mask)) == cells


@given(
    st.integers(1, 30),
    st.lists(st.integers(1, 12), max_size=3, unique=True),
    st.data(),
)
def test_a_piece_of_the_video_hears_what_the_whole_hears(
    num_cells: int, lengths: list[int], data: st.DataObject
) -> None:
    first = data.draw(st.integers(0, num_cells - 1))
    count = data.draw(st.integers(1, num_cells - first))
    longest = max(lengths, default=0)
    after = min(cells_after(first, count, longest), num_cells - first - count)
    before = cells_before(first, count, after, longest)
    piece = segments(range(first, first + count), before=before, after=after)
    found, places = stretches(piece, lengths)
    assert len({(s.samples[0], len(s.samples)) for s in found}) == len(found)
    for cell in range(count):
        for column, seconds in enumerate(lengths or [1]):
            start, length = sound_span(first + cell, num_cells, seconds, RATE)
            heard = found[places[cell, column]].samples
            np.testing.assert_array_equal(heard, np.arange(start, start + length))
