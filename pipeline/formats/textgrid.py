"""Events as a TextGrid of Praat: an interval tier a layer, and one beside it with the scores."""

from collections.abc import Iterator, Sequence

from avel.pipeline.formats.layers import Placed, layer_name, layers
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.times import MICROSECONDS, decimal, ticks

LEAST = 1_000
"""Microseconds that a grid is long at least: Praat takes none that is empty."""
Interval = tuple[int, int, str]
"""From, to in microseconds, text."""


def grid(entry: Entry) -> str:
    """The whole file; times in seconds to six places."""
    found = layers(entry.result.events, MICROSECONDS)
    ends = [layer[-1].offset for layer in found if layer]
    duration = entry.result.duration
    end = max([ticks(duration, MICROSECONDS) if duration == duration else 0, LEAST, *ends])
    tiers = [tier for number, layer in enumerate(found) for tier in _tiers(number, layer)]
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', ""]
    lines += [f"xmin = 0 \nxmax = {_seconds(end)} ", "tiers? <exists> "]
    lines += [f"size = {len(tiers)} ", "item []: "]
    for number, (name, intervals) in enumerate(tiers, 1):
        lines += _tier(number, name, list(_filled(intervals, end)), end)
    return "\n".join(lines) + "\n"


def _tiers(number: int, layer: Sequence[Placed]) -> list[tuple[str, list[Interval]]]:
    name = layer_name(number)
    labels = [(p.onset, p.offset, one_line(p.event.label)) for p in layer]
    scores = [(p.onset, p.offset, f"{p.event.score:.4f}") for p in layer]
    return [(name, labels), (f"{name} score", scores)]


def _filled(intervals: Sequence[Interval], end: int) -> Iterator[Interval]:
    """A tier has no holes: empty intervals stand where nothing is."""
    at = 0
    for onset, offset, text in intervals:
        if at < onset:
            yield at, onset, ""
        yield onset, offset, text
        at = offset
    if at < end:
        yield at, end, ""


def _tier(number: int, name: str, intervals: Sequence[Interval], end: int) -> list[str]:
    lines = [
        f"    item [{number}]:",
        '        class = "IntervalTier" ',
        f'        name = "{name}" ',
        f"        xmin = 0 \n        xmax = {_seconds(end)} ",
        f"        intervals: size = {len(intervals)} ",
    ]
    for place, (start, stop, text) in enumerate(intervals, 1):
        lines += [
            f"        intervals [{place}]:",
            f"            xmin = {_seconds(start)} \n            xmax = {_seconds(stop)} ",
            f'            text = "{text.replace(chr(34), 2 * chr(34))}" ',
        ]
    return lines


def _seconds(micros: int) -> str:
    return decimal(micros / MICROSECONDS)


TEXTGRID = Format(
    suffix=".TextGrid",
    opens="Praat, praatio, ELAN",
    times="1 µs",
    score="kept, in a tier beside",
    label="one line",
    overlap="one more tier a layer",
    body=grid,
)
