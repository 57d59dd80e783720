"""What comes in any order, given on in the order in which it was asked for."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
MOST_WAITING = 1000
"""Items that wait for their turn; beyond, the one whose turn is nearest goes first."""


def in_order(
    items: Iterable[T],
    order: Iterable[Hashable],
    key: Callable[[T], Hashable],
    *,
    most: int = MOST_WAITING,
) -> Iterator[T]:
    """Items in the order of their keys, as far as few wait.

    Args:
        items: As they come, each with another key of `order`.
        order: All keys.
        key: Of an item.
        most: Number of items that may wait; a slow one does not hold up more.
    """
    places = {name: place for place, name in enumerate(order)}
    waiting: dict[int, T] = {}
    early: set[int] = set()
    turn = 0
    for item in items:
        waiting[places[key(item)]] = item
        if len(waiting) > most:
            early.add(first := min(waiting))
            yield waiting.pop(first)
        while turn in waiting or turn in early:
            early.discard(turn)
            if turn in waiting:
                yield waiting.pop(turn)
            turn += 1
    yield from (waiting[place] for place in sorted(waiting))
