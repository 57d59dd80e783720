"""Stretches to one-second cells, by AVE's rule: a cell shows one event, or none."""

from collections.abc import Iterable, Sequence
from math import ceil
from typing import NamedTuple

from avel.pipeline.annotations.spans import LEAST, Span

HALF = 0.5
"""Share of a cell that must be labelled, as `avel teach` has it."""


class Cells(NamedTuple):
    """What every second shows.

    Attributes:
        shows: The stretch (T,) that has each cell; None for background.
        lost: Stretches that have none: others have every cell that they touch.
    """

    shows: list[Span | None]
    lost: list[Span]

    @property
    def labels(self) -> list[str | None]:
        """Of each cell, (T,)."""
        return [span.label if span else None for span in self.shows]


def cells_of(spans: Sequence[Span], num_cells: int) -> Cells:
    """Cells of a film: each has the label that holds for most of it, half a second at least.

    A stretch that fills half of no cell has the one that it fills most, where nothing else does.

    Args:
        spans: In seconds, no two at once.
        num_cells: T.
    """
    covered: list[dict[str, float]] = [{} for _ in range(num_cells)]
    touching: list[list[Span]] = [[] for _ in range(num_cells)]
    for span in spans:
        for cell, share in _shares(span, num_cells):
            covered[cell][span.label] = covered[cell].get(span.label, 0.0) + share
            touching[cell].append(span)
    shows = [_winner(*each) for each in zip(covered, touching, strict=True)]
    lost = []
    for span in spans:
        shares = list(_shares(span, num_cells))
        if any((here := shows[cell]) and here.label == span.label for cell, _ in shares):
            continue
        best = max(shares, key=lambda each: each[1], default=None)
        if best is None or shows[best[0]] is not None:
            lost.append(span)
        else:
            shows[best[0]] = span
    return Cells(shows, lost)


def _shares(span: Span, num_cells: int) -> Iterable[tuple[int, float]]:
    """Cells that a stretch touches, and how much of each it fills, in [0, 1]."""
    for cell in range(max(0, int(span.onset)), min(num_cells, ceil(span.offset))):
        share = min(cell + 1, span.offset) - max(cell, span.onset)
        if share > LEAST:
            yield cell, share


def _winner(covered: dict[str, float], touching: Sequence[Span]) -> Span | None:
    if not covered:
        return None
    label = max(covered, key=lambda each: covered[each])
    if covered[label] < HALF - LEAST:
        return None
    return next(span for span in touching if span.label == label)
