"""Events onto layers in each of which none overlaps another, for formats that hold no overlap."""

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from avel.pipeline.formats.times import span
from avel.pipeline.method.events import Event


class Placed(NamedTuple):
    """An event with onset and offset in a format's ticks."""

    onset: int
    offset: int
    event: Event


def layers(events: Iterable[Event], rate: Fraction | int) -> list[list[Placed]]:
    """As few layers as there are events at once, each in time order, in ticks of 1 / rate seconds.

    There is always one, which is empty where there is no event.
    """
    found: list[list[Placed]] = [[]]
    for placed in sorted(Placed(*span(event, rate), event) for event in events):
        free = (each for each in found if not each or each[-1].offset <= placed.onset)
        layer = next(free, None)
        if layer is None:
            found.append(layer := [])
        layer.append(placed)
    return found


def layer_name(number: int) -> str:
    """`events`, `events 2`, `events 3`: of layers counted from 0."""
    return f"events {number + 1}" if number else "events"
