"""How something is written: at once, or by a caller who can wait for room on a full disk."""

from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Insist(Protocol):
    """Calls what writes; where that says `CacheFull`, it may wait and call it again."""

    def __call__(self, write: Callable[[], T], /) -> T:
        """What the writing gives, once it got through.

        Raises:
            CacheFull: the disk is full, and there was no waiting for room.
        """


def at_once(write: Callable[[], T], /) -> T:
    """Write without any waiting."""
    return write()
