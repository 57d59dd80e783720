"""Wakes whoever waits for something to change."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable


class Bell:
    """Rung whenever something may have changed; all of one event loop."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.is_over = False

    def ring(self) -> None:
        """Wake all who wait."""
        self._event.set()
        self._event = asyncio.Event()

    def end(self) -> None:
        """Wake all for the last time."""
        self.is_over = True
        self.ring()

    def waiting(self) -> Callable[[float], Awaitable[bool]]:
        """A wait for the next ring after now, for so many seconds; whether it rang.

        To be asked for before looking, so that no ring between looking and waiting is missed.
        """
        event = self._event

        async def wait(seconds: float) -> bool:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):  # wait_for may swallow a cancellation
                    await event.wait()
            return event.is_set()

        return wait
