"""Everyday events that a person called something else: which, and where they give way."""

from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from avel.pipeline.method.events import Disagreement, Event

MOSTLY = 0.5
"""Share of a stretch of which more must be another's too for the two to be one."""
Pair = tuple[str, str]
"""Labels: of the everyday event that gives way, and of the taught one that stands in its place."""
Found = TypeVar("Found", Event, Disagreement)


def denied(films: Iterable[tuple[Sequence[Event], Sequence[Event]]]) -> list[Pair]:
    """Labels that people put in the place of everyday ones; none that were ever there at once.

    An everyday event is denied where nothing of its label is left of it. What people say of the
    same seconds, more than half of the shorter one of the two, stands in its place.

    Args:
        films: Everyday events of each, and all that a person says is in it, in seconds.
    """
    films = list(films)
    pairs = {pair for found, said in films for event in found for pair in _instead(event, said)}
    return sorted(pair for pair in pairs if not any(_at_once(pair, said) for _, said in films))


def standing(
    found: Sequence[Found], taught: Sequence[Event], pairs: Collection[Pair]
) -> list[Found]:
    """What is left of everyday findings, in seconds, beside the taught events that are found.

    One of which more than half lies under those that its label gives way to is left out.
    """
    return [
        each
        for each in found
        if _shared(each, [other for other in taught if (each.label, other.label) in pairs])
        <= MOSTLY * _length(each)
    ]


def _instead(event: Event, said: Sequence[Event]) -> list[Pair]:
    """What a person calls an everyday event, unless its own name is among it."""
    there = [other for other in said if _shared(event, [other])]
    if any(_is(other, event.label) for other in there):
        return []
    return [
        (event.label, other.label)
        for other in there
        if _shared(event, [other]) > MOSTLY * min(_length(event), _length(other))
    ]


def _at_once(pair: Pair, said: Sequence[Event]) -> bool:
    one, other = ([event for event in said if _is(event, label)] for label in pair)
    return any(_shared(event, other) for event in one)


def _is(event: Event, label: str) -> bool:
    return event.label.casefold() == label.casefold()


def _length(event: Event | Disagreement) -> float:
    return event.offset - event.onset


def _shared(event: Event | Disagreement, others: Iterable[Event]) -> float:
    """Seconds that lie under others, each second once."""
    seconds, at = 0.0, event.onset
    for other in sorted(others):
        end = min(other.offset, event.offset)
        seconds += max(0.0, end - max(at, other.onset))
        at = max(at, end)
    return seconds
