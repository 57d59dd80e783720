"""Where a loop's time goes: waiting for decoders, or encoding, which many videos share."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


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
        for item, seconds in self._timed(items):
            self._waited += seconds
            if item:
                yield from item

    def encoding(self, items: Iterable[T], cells: int = 0) -> Iterator[T]:
        """Pass items through; the seconds until each are encoding, of these cells and others."""
        self._cells += cells
        for item, seconds in self._timed(items):
            self._encoding += seconds
            if item:
                yield from item

    def _timed(self, items: Iterable[T]) -> Iterator[tuple[tuple[T, ...], float]]:
        """Each item, and nothing at the end, with the seconds that it took to come."""
        source = iter(items)
        more = True
        while more:
            began = self._clock()
            try:
                found: tuple[T, ...] = (next(source),)
            except StopIteration:
                found, more = (), False
            yield found, self._clock() - began

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
