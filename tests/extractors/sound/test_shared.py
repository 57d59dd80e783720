"""Spectrograms that share columns: each as that of its stretch alone, whatever is around it."""

import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from avel.extractors.sound.log_mel import HOP, LogMel
from avel.extractors.sound.shared import SharedColumns, Spectrogram

RATE, SHORT = 32_000, 10 * HOP
"""Samples of a cell, and of a short one, which is as good."""
LOG_MEL = LogMel()
Spans = Sequence[tuple[int, int]]


def noise(T: int, S: int = SHORT, seed: int = 0) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-20_000, 20_000, (T, S), dtype=np.int16)


def alone(cells: NDArray[np.int16], start: int, length: int) -> NDArray[np.float32]:
    samples = torch.from_numpy(cells.reshape(1, -1)[:, start : start + length].copy())
    return LOG_MEL(samples.float() / 32768)[0, 0].numpy()


def cut(cells: NDArray[np.int16], spans: Spans) -> list[NDArray[np.float32]]:
    found = SharedColumns(LOG_MEL)(cells, spans)
    assert all(isinstance(each, Spectrogram) for each in found)
    return [np.asarray(each) for each in found]


def assert_alone(cells: NDArray[np.int16], spans: Spans) -> None:
    for span, found in zip(spans, cut(cells, spans), strict=True):
        assert (found.shape, found.dtype) == ((128, span[1] // HOP), np.float32)
        np.testing.assert_allclose(found, alone(cells, *span), rtol=0, atol=1e-5, err_msg=str(span))


@pytest.mark.parametrize(
    "spans",
    [
        [(0, 2 * RATE), (0, 4 * RATE), (RATE // 2, 2 * RATE)],  # the film's beginning
        [(RATE, 2 * RATE), (3 * RATE // 2, 2 * RATE), (RATE // 2, 4 * RATE)],  # its middle
        [(3 * RATE, 2 * RATE), (RATE, 4 * RATE), (4 * RATE, RATE)],  # its end
        [(0, 5 * RATE)],  # all of it
    ],
)
def test_stretches_of_whole_seconds(spans: Spans) -> None:
    assert_alone(noise(5, RATE), spans)


@settings(max_examples=25)
@given(st.data())
def test_stretches_anywhere_on_the_grid(data: st.DataObject) -> None:
    hops = st.integers(1, 12)
    T, S = data.draw(hops), HOP * data.draw(st.integers(3, 12))
    hops_there = T * S // HOP
    if hops_there < 6:
        T, hops_there = 2, 2 * S // HOP
    starts = st.integers(0, hops_there - 6)
    spans = []
    for start in data.draw(st.lists(starts, min_size=1, max_size=4)):
        spans.append((HOP * start, HOP * data.draw(st.integers(6, hops_there - start))))
    assert_alone(noise(T, S, seed=T), spans)


@pytest.mark.parametrize("silent", [slice(0, 2), slice(3, 5), slice(1, 4), slice(0, 5)])
def test_silence(silent: slice) -> None:
    """At the ends and between; known besides: log of 1e-5 in every band."""
    cells = noise(5)
    cells[silent] = 0
    spans = [(0, 5 * SHORT), (0, 2 * SHORT), (SHORT // 2, 4 * SHORT), (3 * SHORT, 2 * SHORT)]
    assert_alone(cells, spans)
    middle = (silent.start + silent.stop) * 5  # in hops
    found = cut(cells, spans)[0][:, middle]
    np.testing.assert_allclose(found, (np.log(1e-5) + 4.5) / 5, rtol=1e-5)


def test_the_loudest_and_the_softest() -> None:
    cells = np.tile(np.array([-32768, 32767], np.int16), (4, SHORT // 2))
    assert_alone(cells, [(0, 2 * SHORT), (SHORT, 3 * SHORT)])
    assert_alone(cells // 32767, [(0, 2 * SHORT), (SHORT, 3 * SHORT)])


@settings(max_examples=25)
@given(st.integers(0, 8), st.integers(2, 10), st.integers(2, 3))
def test_no_bit_depends_on_the_cells_around(first: int, count: int, seconds: int) -> None:
    """Cut into pieces that carry the sound around them, a film gives what it gives whole."""
    cells = noise(12)
    last = min(12, first + count)
    inside = [
        (start, seconds * SHORT)
        for start in range(first * SHORT, (last - seconds) * SHORT + 1, SHORT // 2)
    ]
    moved = [(start - first * SHORT, length) for start, length in inside]
    whole = cut(cells, [(0, 12 * SHORT), *inside])[1:]
    for expected, found in zip(whole, cut(cells[first:last], moved), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("threads", [1, 2])
def test_threads_change_no_bit(threads: int) -> None:
    cells, spans = noise(3, RATE), [(0, 2 * RATE), (RATE // 2, 2 * RATE)]
    expected = cut(cells, spans)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = cut(cells, spans)
        (by_itself,) = cut(cells, spans[1:])
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(by_itself, expected[1])


@pytest.mark.parametrize(
    ("S", "span"),
    [
        (SHORT, (1, 2 * SHORT)),  # begins between two hops
        (SHORT, (0, 2 * SHORT - 1)),  # ends there
        (SHORT + 1, (0, 2 * (SHORT + 1))),  # cells of another rate
        (SHORT, (HOP, 5 * HOP)),  # its two ends are one
    ],
)
def test_what_shares_nothing_stays_samples(S: int, span: tuple[int, int]) -> None:
    cells = noise(3, S)
    found = SharedColumns(LOG_MEL)(cells, [span, (0, 2 * SHORT)])
    np.testing.assert_array_equal(found[0], cells.reshape(-1)[span[0] : sum(span)])
    assert found[0].dtype == np.int16
    assert isinstance(found[1], Spectrogram) == (S == SHORT)


def test_cells_that_no_stretch_touches_are_not_computed() -> None:
    counted: list[int] = []

    class Counting(LogMel):
        def columns(self, sharp: torch.Tensor) -> torch.Tensor:
            counted.append(sharp.shape[1])
            return super().columns(sharp)

    spans = [(5 * SHORT // 2, SHORT), (2 * SHORT, 2 * SHORT)]
    SharedColumns(Counting())(noise(30), spans)
    assert len(counted) == 4  # cells 2 and 3, and the ends of two


def test_pieces_hold_no_more_than_the_sound_they_were_cut_of() -> None:
    """Twelve seconds of windows a second, and less memory than one second of samples."""
    cells = noise(40, RATE // 10)
    spans = [
        (start, min(length * SHORT, 40 * SHORT - start))
        for start in range(0, 38 * SHORT, SHORT)
        for length in (2, 10)
    ]
    tracemalloc.start()
    found = SharedColumns(LOG_MEL)(cells, spans)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    laid = sum(int(np.prod(each.shape)) * 4 for each in found)
    ends = len(spans) * 128 * 3 * 4
    assert laid > 3 * cells.nbytes
    assert held < cells.nbytes + ends
