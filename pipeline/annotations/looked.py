"""The seconds that somebody looked at, where that is not the whole film."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

from avel.pipeline.annotations.marks import END, Mark, Sheet

Stretch = tuple[float, float]
"""Onset and offset in seconds."""
WHOLE: Stretch = (0.0, END)
"""A film from its begin to its end."""
SUGGESTED = "suggested"
"""Label of a stretch that a person was asked about: it is no event, and says that of
the rest of the film nothing is known."""


def parted(sheet: Sheet) -> tuple[Sheet, tuple[Mark, ...]]:
    """A sheet without its suggested stretches, and these."""
    looked = tuple(mark for mark in sheet.marks if _is_one(mark))
    return replace(sheet, marks=tuple(m for m in sheet.marks if not _is_one(m))), looked


def _is_one(mark: Mark) -> bool:
    return mark.label.strip().casefold() == SUGGESTED


def asked_for(marks: Sequence[Mark], frame_rate: Fraction) -> list[Stretch]:
    """Where a sheet with these suggested stretches says something; without any, everywhere."""
    if any(mark.frames for mark in marks) and frame_rate <= 0:
        return []  # where they are is not known, only that the rest was not looked at
    timed = [mark.in_seconds(frame_rate) for mark in marks]
    return [(mark.onset, mark.offset) for mark in timed] or [WHOLE]


def cells_within(spans: Iterable[Stretch], num_cells: int) -> list[range]:
    """Runs of whole cells of T that stretches in seconds hold, in order, none of them empty."""
    held = [False] * num_cells
    for onset, offset in spans:
        # the last cell of a film is as long as what is left of it
        stop = num_cells if offset > num_cells - 1 else round(offset)
        for cell in range(max(0, round(onset)), min(num_cells, stop)):
            held[cell] = True
    return list(_runs(held))


def _runs(held: Sequence[bool]) -> Iterator[range]:
    start = None
    for cell, each in enumerate([*held, False]):
        if each and start is None:
            start = cell
        elif not each and start is not None:
            yield range(start, cell)
            start = None
