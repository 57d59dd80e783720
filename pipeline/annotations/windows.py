"""Stretches of films that a person may be asked about."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from avel.pipeline.annotations.worth import Array, disagreement, uncertainty
from avel.pipeline.datasets.ave import CELLS
from avel.pipeline.method.results import Result

STEP = CELLS // 2
"""Seconds between two of a long film."""
CLEAREST = 3
"""Seconds of a stretch whose mean stands for it: events may be short, one second may be chance."""


@dataclass(frozen=True)
class Window:
    """Cells `[start, stop)` of a film.

    Attributes:
        film: Number of its result, counted from 0.
        guess: The label that the model finds likeliest in it.
        uncertainty: In [0, 1], see `worth`.
        disagreement: The same.
    """

    film: int
    start: int
    stop: int
    guess: str
    uncertainty: float
    disagreement: float


def windows_of(film: int, result: Result) -> Iterator[Window]:
    """Stretches of ten seconds of a film, each five after the one before; the last ends with it."""
    T = len(result.relevance)
    unsure, differ = uncertainty(result), disagreement(result)
    last = max(0, T - CELLS)
    for start in dict.fromkeys([*range(0, last, STEP), last]) if T else ():
        cells = slice(start, min(T, start + CELLS))
        yield Window(
            film,
            cells.start,
            cells.stop,
            _guess(result, cells),
            _clearest(unsure[cells]),
            _clearest(differ[cells]),
        )


def _clearest(values: Array) -> float:
    return float(np.sort(values)[-CLEAREST:].mean())


def _guess(result: Result, cells: slice) -> str:
    """Of the event with the highest score there, else of the likeliest second, else by sound."""
    events = [e for e in result.events if e.onset < cells.stop and e.offset > cells.start]
    if events:
        return max(events, key=lambda event: event.score).label
    at = cells.start + int(np.argmax(np.nan_to_num(result.relevance[cells])))
    named = result.top_classes or result.heard
    return named[at][0] if named else ""
