"""Pieces of many videos through an encoder, in batches of one size; a fault costs its window."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from avel.pipeline.method.batch_size import BatchSize
from avel.pipeline.reasons import MediaError, Reason

if TYPE_CHECKING:
    from avel.extractors.protocol import Cut
    from avel.pipeline.method.transfer import Arrays, Transfer

Name = tuple[int, int]
"""Of a window: number of the video and of the window in it."""


class Piece(NamedTuple):
    """One input of the encoder: the pictures of a cell, or a stretch of sound."""

    window: Name
    number: int
    """Among the pieces of its kind in the window."""
    array: "Cut"


Found = tuple[Piece, "Arrays | MediaError"]


class Queue:
    """Pieces of one shape, waiting.

    Every batch has exactly as many pieces (the last is filled with zeros, to a half where that is
    enough and changes no bit), so a piece's numbers do not depend on which it shared a batch with;
    see `BatchSize` for what memory has to say. Pieces come back in the order in which they were
    put, whatever fails on the way.

    Args:
        transfer: To the encoder and back.
        size: Pieces of a batch.
    """

    def __init__(self, transfer: "Transfer", size: int) -> None:
        self._transfer, self._size = transfer, BatchSize(size)
        self._waiting: list[Piece] = []
        self._flying: deque[tuple[list[Piece], Callable[[], Arrays]]] = deque()
        """Batches that are begun, the oldest first."""

    def put(self, pieces: list[Piece]) -> None:
        """Take pieces of one window."""
        self._waiting += pieces

    @property
    def is_full(self) -> bool:
        """Whether there is enough for a batch."""
        return len(self._waiting) >= self._size.now

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits, and nothing is on its way."""
        return not self._waiting and not self._flying

    def drop(self, window: Name) -> None:
        """Forget a window that is given up; what of it is on its way comes back all the same."""
        self._waiting = [piece for piece in self._waiting if piece.window != window]

    def encode(self) -> Iterator[Found]:
        """Begin a batch, and what comes of the oldest, piece by piece; nothing where it shrank.

        What the encoder cannot take is an error for one piece of its window, the others of which
        are forgotten.
        """
        batch = self._waiting[: self._size.now]
        if batch:
            try:
                self._flying.append((batch, self._begun(batch)))
            except Exception as err:  # whatever an encoder raises is about its input
                yield from self._landed(0)  # they were before it, and hold memory
                if self._waiting[: len(batch)] == batch:
                    yield from self._refused(batch, err)
                return
            del self._waiting[: len(batch)]
        yield from self._landed(self._transfer.ahead if batch else 0)

    def _begun(self, batch: list[Piece]) -> "Callable[[], Arrays]":
        first = batch[0].array
        given = self._transfer.room((self._room_for(len(batch)), *first.shape), first.dtype)
        for row, piece in enumerate(batch):
            given[row] = piece.array
        return self._transfer.start(given)

    def _room_for(self, count: int) -> int:
        """Pieces that a batch of so few is filled up to."""
        size = self._size.now
        while self._transfer.alike and size // 2 >= max(count, self._transfer.alike):
            size //= 2
        return size

    def _landed(self, most: int) -> Iterator[Found]:
        """What comes of the oldest batches, until at most so many are on their way."""
        while len(self._flying) > most:
            batch, arrays = self._flying.popleft()
            try:
                found = _rows(arrays(), len(batch))
            except Exception as err:
                self._waiting[:0] = [*batch, *self._recalled()]  # or they would overtake it
                yield from self._refused(batch, err)
                return
            self._size.went_well()
            yield from zip(batch, found, strict=True)

    def _recalled(self) -> list[Piece]:
        """Pieces of all batches that are on their way, which come to nothing."""
        pieces: list[Piece] = []
        while self._flying:
            batch, arrays = self._flying.popleft()
            pieces += batch
            with suppress(Exception):  # said again when they are tried again
                arrays()
        return pieces

    def _refused(self, batch: list[Piece], err: Exception) -> Iterator[Found]:
        """A batch that waits first and that the encoder did not take: smaller, or one by one."""
        if not (_is_out_of_memory(err) and self._size.shrink()):
            yield from self._one_by_one(batch)

    def _one_by_one(self, batch: list[Piece]) -> Iterator[Found]:
        """A batch that failed, window by window: the one that fails alone is given up."""
        for window in dict.fromkeys(piece.window for piece in batch):
            own = [piece for piece in batch if piece.window == window]
            try:
                found = _rows(self._begun(own)(), len(own))
            except Exception as err:
                self.drop(window)
                yield own[0], failure(err)
                continue
            del self._waiting[: len(own)]
            yield from zip(own, found, strict=True)


def _rows(arrays: "Arrays", count: int) -> "list[Arrays]":
    """Arrays of each of the first pieces of a batch."""
    return [{key: value[row] for key, value in arrays.items()} for row in range(count)]


def _is_out_of_memory(err: Exception) -> bool:
    """Whether a device or the machine had no room: torch has one error for each."""
    named = type(err).__name__ in ("OutOfMemoryError", "MemoryError")
    return named or "can't allocate memory" in str(err)


def failure(err: Exception) -> MediaError:
    """What it means for a window that an encoder did not take it."""
    what = " ".join(str(err).split())[:300]
    if _is_out_of_memory(err):
        return MediaError(Reason.OOM, f"one segment does not fit into the encoder's memory: {what}")
    return MediaError(Reason.ENCODE_ERROR, f"the encoder failed: {type(err).__name__}: {what}")
