"""Where a loop's time goes: waiting for decoders, or encoding, which many videos share."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
_END = object()


class Meter:
    """Measures what others iterate over; the time that they take between two items is not counted.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waited = self._encoding = 0.0
        self._cells = 0
        """That were given to the encoder and have not come back."""

    def waiting(self, items: Iterable[T]) -> Iterator[T]:
        """Pass items through; the seconds until each are waited."""
        source, clock = iter(items), self._clock
        while True:
            began = clock()
            item = next(source, _END)
            self._waited += clock() - began
            if item is _END:
                return
            yield item  # type: ignore[misc]

    def encoding(self, items: Iterable[T], cells: int = 0) -> Iterator[T]:
        """Pass items through; the seconds until each are encoding, of these cells and others."""
        self._cells += cells
        source, clock = iter(items), self._clock
        while True:
            began = clock()
            item = next(source, _END)
            self._encoding += clock() - began
            if item is _END:
                return
            yield item  # type: ignore[misc]

    def share(self, cells: int) -> float:
        """Seconds of encoding that fall to cells that came back, by their number.

        The rest stays for those that are still there, so that no second is lost or counted twice.
        """
        part = self._encoding * min(1.0, cells / max(1, self._cells))
        self._encoding -= part
        self._cells = max(0, self._cells - cells)
        return part

    def waited(self) -> float:
        """Seconds of waiting since this was asked before."""
        seconds, self._waited = self._waited, 0.0
        return seconds
