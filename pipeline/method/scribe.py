"""What is written while the encoder works: by one thread, in order, a few pieces behind."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

MOST_WAITING = 4
"""Pieces of work that may wait; whoever brings another waits for the first."""


class Scribe:
    """Does work one piece after the other, in a thread of its own.

    After an error nothing more is done, for what comes next may rest on what failed; the error is
    raised by the next call. Close it, whatever happened.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "scribe")
        self._waiting: deque[Future[None]] = deque()
        self._error: BaseException | None = None

    def do(self, work: Callable[[], object]) -> "Future[None]":
        """Have something done behind all that was brought before; says when it is.

        Raises:
            CacheError: what was brought before could not be written (or whatever it raised).
        """
        while self._waiting and (len(self._waiting) >= MOST_WAITING or self._waiting[0].done()):
            self._waiting[0].result()  # an interrupt here leaves it waiting
            self._waiting.popleft()
        future = self._thread.submit(self._done, work)
        self._waiting.append(future)
        return future

    def close(self) -> None:
        """Do all that waits; what fails now is told to nobody who has not asked before."""
        self._thread.shutdown()

    def _done(self, work: Callable[[], object]) -> None:
        if self._error is not None:
            raise self._error
        try:
            work()
        except BaseException as err:
            self._error = err
            raise
