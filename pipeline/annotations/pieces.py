"""Films as rows of AVE: at most ten seconds each, with one event at most.

A row of AVE's tables says of ten cells which one run of them shows which one event; all others are
background. A film of more cells, or with more runs, is cut, so that no row says of another's event
that it is background.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from avel.pipeline.datasets.ave import CELLS

Labels = Sequence[str | None]
"""Of every cell of a film (T,); None for background."""


@dataclass(frozen=True)
class Piece:
    """Cells `[start, stop)` of a film, which show an event in `[onset, offset)` of the film.

    Attributes:
        label: Of the event; None where there is none, and onset and offset are the start.
    """

    start: int
    stop: int
    label: str | None
    onset: int
    offset: int


def pieces(labels: Labels) -> list[Piece]:
    """Pieces of a film one after another, none of them empty, that hold all of its cells."""
    found, start = [], 0
    while start < len(labels):
        stop = _stop(labels, start)
        found.append(_piece(labels, start, stop))
        start = stop
    return found


def pieces_within(labels: Labels, runs: Iterable[range]) -> list[Piece]:
    """The same of runs of a film's cells, as if each were a film."""
    found = []
    for run in runs:
        for p in pieces(labels[run.start : run.stop]):
            at = run.start
            found.append(Piece(at + p.start, at + p.stop, p.label, at + p.onset, at + p.offset))
    return found


def _stop(labels: Labels, start: int) -> int:
    """Where the piece that begins at a cell ends.

    Before a second event, or in front of one that would be cut and has room in the next piece.
    """
    limit = min(len(labels), start + CELLS)
    onset = _next_event(labels, start, limit)
    if onset == limit:
        return limit
    offset = _end_of_run(labels, onset)
    if offset > limit:
        long = offset - onset
        ahead = max(0, CELLS - long) // 2  # background before it, as much as behind
        return limit if onset == start else max(start + 1, min(onset, onset - ahead))
    second = _next_event(labels, offset, limit)
    return limit if second == limit else offset + (second - offset + 1) // 2


def _next_event(labels: Labels, at: int, limit: int) -> int:
    return next((cell for cell in range(at, limit) if labels[cell] is not None), limit)


def _end_of_run(labels: Labels, onset: int) -> int:
    same = (cell for cell in range(onset, len(labels)) if labels[cell] != labels[onset])
    return next(same, len(labels))


def _piece(labels: Labels, start: int, stop: int) -> Piece:
    onset = _next_event(labels, start, stop)
    if onset == stop:
        return Piece(start, stop, None, start, start)
    return Piece(start, stop, labels[onset], onset, min(stop, _end_of_run(labels, onset)))
