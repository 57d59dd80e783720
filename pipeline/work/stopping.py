"""Being asked to stop: the first signal asks for an end, the next one makes it.

A run that is asked finishes what is in work and publishes it. What makes the end unwinds like
Ctrl-C, so that what is finished is published and no child is left; one more signal than that, and
the process is gone.
"""

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from avel.pipeline.work.say import warn

ASKED = (
    "avel: stopping: what is in work is finished and published first; once more (Ctrl-C or "
    "SIGTERM) stops at once"
)


class Terminated(BaseException):
    """SIGTERM came; unwinds like Ctrl-C so that finished work is published."""


ENDS: dict[int, type[BaseException]] = {
    signal.SIGINT: KeyboardInterrupt,
    signal.SIGTERM: Terminated,
}
"""What a signal raises."""


class Stopping:
    """Hears SIGINT and SIGTERM in a `with` block; called, it says whether one came.

    A signal that the process was started to ignore, as a shell's background job is, stays ignored.
    Outside of the main thread nothing can be heard.

    Args:
        apart: Whether another process of ours decides: SIGTERM asks, however often it comes (a
            scheduler sends it to everybody), SIGINT makes the end, and nothing is said.
    """

    def __init__(self, *, apart: bool = False) -> None:
        self._apart = apart
        self._number = 0
        self._calls: list[Callable[[], object]] = []
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in ENDS:
                if self._apart or signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def __call__(self) -> bool:
        return self._number != 0

    def then(self, call: Callable[[], object]) -> None:
        """Call this once the first signal came: in the main thread, between any two steps.

        Where it came already, at once; between the two it may be called twice.
        """
        self._calls.append(call)
        if self._number:
            call()

    def end(self) -> None:
        """Raise what was asked for, if anything was, when all is finished."""
        if self._number:
            raise ENDS[self._number]

    def _hear(self, number: int, frame: FrameType | None) -> None:
        if self._apart and number == signal.SIGINT:
            signal.signal(number, _leave)
            self._number = number  # a SIGTERM from before, which is heard now, asks for no more
            raise ENDS[number]
        if self._number and not self._apart:
            for each in self._before:
                signal.signal(each, _leave)
            raise ENDS[number]
        if self._number:
            return
        self._number = number
        if not self._apart:  # by a thread: what we interrupt may be printing
            threading.Thread(target=warn, args=(ASKED,), daemon=True).start()
        for call in self._calls:
            call()


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)  # children die with this process
