"""Pieces of many videos through an encoder, in batches of one size; a fault costs its window."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.reasons import MediaError, Reason

Name = tuple[int, int]
"""Of a window: number of the video and of the window in it."""
Arrays = dict[str, NDArray[Any]]
"""What an encoder says of a batch, (N, ...) by name, or of one piece, without the first axis."""


class Piece(NamedTuple):
    """One input of the encoder: the pictures of a cell, or a stretch of sound."""

    window: Name
    number: int
    """Among the pieces of its kind in the window."""
    array: NDArray[Any]


class Queue:
    """Pieces of one shape, waiting.

    Every batch has exactly `size` pieces (the last is filled with zeros), so a piece's numbers do
    not depend on which it shared a batch with. Where memory runs out, batches are halved from then
    on.
    """

    def __init__(self, encode: Callable[[NDArray[Any]], Arrays], size: int) -> None:
        self._encode, self._size = encode, max(1, size)
        self._waiting: list[Piece] = []

    def put(self, pieces: list[Piece]) -> None:
        """Take pieces of one window."""
        self._waiting += pieces

    @property
    def is_full(self) -> bool:
        """Whether there is enough for a batch."""
        return len(self._waiting) >= self._size

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._waiting

    def drop(self, window: Name) -> None:
        """Forget a window that is given up."""
        self._waiting = [piece for piece in self._waiting if piece.window != window]

    def encode(self) -> Iterator[tuple[Piece, Arrays | MediaError]]:
        """What comes of one batch, piece by piece; nothing where the batch was halved.

        What the encoder cannot take is an error for one piece of its window, the others of which
        are forgotten.
        """
        batch = self._waiting[: self._size]
        try:
            found = self._run(batch)
        except Exception as err:  # whatever an encoder raises is about its input
            if _is_out_of_memory(err) and self._size > 1:
                self._size = max(1, self._size // 2)
            else:
                yield from self._one_by_one(batch)
            return
        del self._waiting[: len(batch)]
        yield from zip(batch, found, strict=True)

    def _run(self, batch: list[Piece]) -> list[Arrays]:
        """Arrays of each piece of a batch."""
        first = batch[0].array
        given = np.zeros((self._size, *first.shape), first.dtype)
        for row, piece in enumerate(batch):
            given[row] = piece.array
        arrays = self._encode(given)
        return [{key: value[row] for key, value in arrays.items()} for row in range(len(batch))]

    def _one_by_one(self, batch: list[Piece]) -> Iterator[tuple[Piece, Arrays | MediaError]]:
        """A batch that failed, window by window: the one that fails alone is given up."""
        for window in dict.fromkeys(piece.window for piece in batch):
            own = [piece for piece in batch if piece.window == window]
            try:
                found = self._run(own)
            except Exception as err:
                self.drop(window)
                yield own[0], _failure(err)
                continue
            del self._waiting[: len(own)]
            yield from zip(own, found, strict=True)


def _is_out_of_memory(err: Exception) -> bool:
    """Whether a device or the machine had no room: torch has one error for each."""
    named = type(err).__name__ in ("OutOfMemoryError", "MemoryError")
    return named or "can't allocate memory" in str(err)


def _failure(err: Exception) -> MediaError:
    what = " ".join(str(err).split())[:300]
    if _is_out_of_memory(err):
        return MediaError(Reason.OOM, f"one segment does not fit into the encoder's memory: {what}")
    return MediaError(Reason.ENCODE_ERROR, f"the encoder failed: {type(err).__name__}: {what}")
