"""Batches of one size whatever waits; what fails costs its window, and memory halves batches."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.method.batch_size import PATIENCE
from avel.pipeline.method.queue import Name, Piece, Queue
from avel.pipeline.method.transfer import Arrays
from avel.pipeline.reasons import MediaError, Reason


class Encoder:
    """Doubles what it is given, and remembers how much that was at once.

    Args:
        fault: May raise when a batch begins.
        late: May raise when it is asked for.
        ahead: Batches that are begun before one is asked for.
    """

    def __init__(
        self,
        fault: Callable[[np.ndarray], None] = lambda given: None,
        late: Callable[[np.ndarray], None] = lambda given: None,
        ahead: int = 0,
    ) -> None:
        self.sizes: list[int] = []
        self.fault, self.late, self.ahead, self.alike = fault, late, ahead, 0
        self.flying = self.most = 0

    def room(self, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        return np.zeros(shape, dtype)

    def start(self, given: np.ndarray) -> Callable[[], Arrays]:
        self.sizes.append(len(given))
        self.fault(given)
        self.flying += 1
        self.most = max(self.most, self.flying)

        def arrays() -> Arrays:
            self.flying -= 1
            self.late(given)
            return {"double": given * 2, "first": given[:, 0]}

        return arrays


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


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=6),
    st.integers(1, 9),
    st.integers(0, 3),
    st.sets(st.integers(0, 5), max_size=3),
    st.booleans(),
)
def test_batches_ahead_change_no_order(
    counts: list[int], size: int, ahead: int, bad: set[int], early: bool
) -> None:
    """Windows that fail, at once or when they are asked for, are lost alone and overtake nobody."""

    def fault(given: np.ndarray) -> None:
        if np.isin(given, [*(number + 1 for number in bad)]).any():
            raise RuntimeError("bad")

    encoder = Encoder(fault, ahead=ahead) if early else Encoder(late=fault, ahead=ahead)
    queue, found = Queue(encoder, size), []
    for window, count in enumerate(counts):
        queue.put(pieces(window, count, window + 1))
        while queue.is_full:
            found += list(queue.encode())
    while not queue.is_empty:
        found += list(queue.encode())
    good = [(p.window[0], p.number) for p, said in found if isinstance(said, dict)]
    lost = [p.window[0] for p, said in found if isinstance(said, MediaError)]
    assert [g for g in good if g[0] not in bad] == [
        (w, n) for w, count in enumerate(counts) if w not in bad for n in range(count)
    ]
    assert set(lost) == bad & set(range(len(counts)))
    assert all(
        said["double"].tolist() == [2 * (p.window[0] + 1)] * 3
        for p, said in found
        if isinstance(said, dict)
    )
    assert encoder.flying == 0
    assert encoder.most <= ahead + 1


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


@pytest.mark.parametrize(
    ("size", "count", "sizes"),
    [
        (32, 10, [16]),
        (32, 16, [16]),
        (32, 17, [32]),
        (32, 40, [32, 16]),
        (64, 5, [16]),
        (64, 20, [32]),
        (31, 3, [31]),
        (16, 1, [16]),
    ],
)
def test_few_pieces_are_filled_up_to_a_half_where_that_is_alike(
    size: int, count: int, sizes: list[int]
) -> None:
    encoder = Encoder()
    encoder.alike = 16
    queue = Queue(encoder, size)
    queue.put(pieces(1, count))
    assert [number for _, number, _ in drained(queue)] == list(range(count))
    assert encoder.sizes == sizes


def test_memory_that_is_there_again_is_used_again() -> None:
    """Somebody else's process took the GPU for a while: nothing is lost, and it ends at full size."""
    room = [3]

    def fault(given: np.ndarray) -> None:
        if len(given) > room[0]:
            raise MemoryError("no room")

    encoder = Encoder(fault)
    queue = Queue(encoder, 12)
    queue.put(pieces(1, 12))
    assert [number for _, number, _ in drained(queue)] == list(range(12))
    assert encoder.sizes == [12, 6, *[3] * 4]
    room[0] = 12
    queue.put(pieces(2, 20 * PATIENCE))
    assert [number for _, number, _ in drained(queue)] == list(range(20 * PATIENCE))
    assert (encoder.sizes.count(3), encoder.sizes.count(6) - 1) == (PATIENCE, PATIENCE)
    assert encoder.sizes[-1] == 12


def test_memory_that_runs_out_late_is_no_ones_fault() -> None:
    """Two batches are on their way: both come again, smaller, in their order."""

    def late(given: np.ndarray) -> None:
        if len(given) > 2:
            raise MemoryError("no room")

    encoder = Encoder(late=late, ahead=1)
    queue = Queue(encoder, 4)
    queue.put(pieces(1, 9))
    assert [number for _, number, _ in drained(queue)] == list(range(9))
    assert encoder.sizes == [4, 4, 2, 2, 2, 2, 2]


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
