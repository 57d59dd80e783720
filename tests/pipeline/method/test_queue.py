"""Batches of one size whatever waits; what fails costs its window, and memory halves batches."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.method.queue import Arrays, Name, Piece, Queue
from avel.pipeline.reasons import MediaError, Reason


class Encoder:
    """Doubles what it is given, and remembers how much that was at once."""

    def __init__(self, fault: Callable[[np.ndarray], None] = lambda given: None) -> None:
        self.sizes: list[int] = []
        self.fault = fault

    def __call__(self, given: np.ndarray) -> Arrays:
        self.sizes.append(len(given))
        self.fault(given)
        return {"double": given * 2, "first": given[:, 0]}


def pieces(window: int, count: int, value: int | None = None) -> list[Piece]:
    number = window if value is None else value
    return [Piece((window, 0), n, np.full(3, number, np.int16)) for n in range(count)]


def drained(queue: Queue) -> list[tuple[Name, int, object]]:
    """What comes of everything that waits."""
    found = []
    while not queue.is_empty:
        for piece, arrays in list(queue.encode()):
            said = arrays.reason if isinstance(arrays, MediaError) else arrays["double"].tolist()
            found.append((piece.window, piece.number, said))
    return found


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.integers(1, 9))
def test_everything_comes_in_its_order_in_batches_of_one_size(counts: list[int], size: int) -> None:
    encoder = Encoder()
    queue = Queue(encoder, size)
    for window, count in enumerate(counts):
        queue.put(pieces(window, count))
    expected = [((w, 0), n, [2 * w] * 3) for w, count in enumerate(counts) for n in range(count)]
    assert drained(queue) == expected
    assert set(encoder.sizes) == {size}
    assert len(encoder.sizes) == -(-sum(counts) // size)


def test_full_and_empty() -> None:
    queue = Queue(Encoder(), 3)
    assert (queue.is_full, queue.is_empty) == (False, True)
    queue.put(pieces(1, 2))
    assert (queue.is_full, queue.is_empty) == (False, False)
    queue.put(pieces(2, 2))
    assert queue.is_full
    assert len(list(queue.encode())) == 3
    assert (queue.is_full, queue.is_empty) == (False, False)


def test_a_size_of_none_is_one() -> None:
    encoder = Encoder()
    queue = Queue(encoder, 0)
    queue.put(pieces(1, 2))
    drained(queue)
    assert encoder.sizes == [1, 1]


def failing(value: int, error: Exception) -> Encoder:
    def fault(given: np.ndarray) -> None:
        if (given == value).any():
            raise error

    return Encoder(fault)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_a_window_that_fails_is_forgotten_alone(size: int) -> None:
    queue = Queue(failing(7, RuntimeError("odd  shape")), size)
    for window in (1, 7, 2):
        queue.put(pieces(window, 3))
    found = drained(queue)
    assert [f for f in found if f[0] != (7, 0)] == [
        ((window, 0), n, [2 * window] * 3) for window in (1, 2) for n in range(3)
    ]
    assert [f[2] for f in found if f[0] == (7, 0)] == [Reason.ENCODE_ERROR]


def test_why_it_failed() -> None:
    queue = Queue(failing(7, RuntimeError("odd\n  shape")), 2)
    queue.put(pieces(7, 1))
    ((_, failed),) = queue.encode()
    assert str(failed) == "ENCODE_ERROR: the encoder failed: RuntimeError: odd shape"


def test_memory_halves_batches_from_then_on() -> None:
    def fault(given: np.ndarray) -> None:
        if len(given) > 3:
            raise MemoryError("no room")

    encoder = Encoder(fault)
    queue = Queue(encoder, 12)
    queue.put(pieces(1, 7))
    assert list(queue.encode()) == []  # halved: nothing yet
    assert [number for _, number, _ in drained(queue)] == list(range(7))
    assert encoder.sizes == [12, 6, 3, 3, 3]


def test_a_single_piece_is_tried_in_smaller_batches_too() -> None:
    """A batch that is filled up takes the memory of a full one."""

    def fault(given: np.ndarray) -> None:
        if len(given) > 1:
            raise MemoryError("no room")

    queue = Queue(Encoder(fault), 4)
    queue.put(pieces(1, 1))
    assert drained(queue) == [((1, 0), 0, [2, 2, 2])]


def test_a_piece_that_does_not_fit_alone() -> None:
    error = RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes")
    queue = Queue(failing(7, error), 2)
    queue.put(pieces(7, 1))
    assert drained(queue) == [((7, 0), 0, Reason.OOM)]


def test_a_window_is_dropped_whole() -> None:
    queue = Queue(Encoder(), 2)
    for window in (1, 2, 1):
        queue.put(pieces(window, 2))
    queue.drop((1, 0))
    assert [window for window, _, _ in drained(queue)] == [(2, 0)] * 2
