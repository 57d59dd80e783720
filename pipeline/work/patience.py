"""Waiting for room on a full disk, so that a night does not end for it."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from avel.cache.errors import CacheFull
from avel.pipeline.work.say import warn

T = TypeVar("T")
LOOK_SECONDS = 5.0
"""Between two tries to write."""


class Patience:
    """Writes again and again while the disk is full; threads may share it.

    Args:
        seconds: How long one thing may wait to be written; 0 for not at all.
        clock: Seconds that only grow.
        wait: Waits so many seconds, or less once it is told to stop; None for a real wait.
        tell: Told once that the disk is full, and once that there is room again.
    """

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], object] | None = None,
        tell: Callable[[str], object] = warn,
    ) -> None:
        self._seconds, self._clock, self._tell = seconds, clock, tell
        self._over = threading.Event()
        self._wait = wait or self._over.wait
        self._lock = threading.Lock()
        self._waiting = 0
        """How many wait at the moment."""

    def __call__(self, write: Callable[[], T], /) -> T:
        """Do what writes, which may be done again after it failed.

        Raises:
            CacheFull: the disk was full all the time, or nobody shall wait any more.
        """
        began: float | None = None
        try:
            while True:
                try:
                    done = write()
                except CacheFull as err:
                    if began is None:
                        began = self._clock()
                        self._begin(str(err))
                    left = began + self._seconds - self._clock()
                    if left <= 0 or self._over.is_set():
                        raise
                    self._wait(min(LOOK_SECONDS, left))
                else:
                    if began is not None:
                        self._tell(f"there is room again after {self._clock() - began:.0f} s")
                    return done
        finally:
            if began is not None:
                with self._lock:
                    self._waiting -= 1

    def stop(self) -> None:
        """Wait no more: what waits tries once more and fails then."""
        self._over.set()

    def _begin(self, why: str) -> None:
        with self._lock:
            self._waiting += 1
            first = self._waiting == 1 and self._seconds > 0 and not self._over.is_set()
        if first:
            place = why.partition(": the disk is full")[0]
            self._tell(
                f"{place}: the disk is full; waiting up to {self._seconds / 60:g} min for room "
                "(--wait-for-room), then the run ends with exit code 4; what is finished is kept"
            )
