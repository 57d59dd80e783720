"""Labelled stretches of one film: joined, intersected, and one label at a time."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LEAST = 1e-6
"""Seconds below which nothing is left of a stretch."""
REST = 0.5
"""Seconds that must be left of a stretch beside a shorter one: less makes no cell."""


@dataclass(frozen=True)
class Source:
    """Where a stretch comes from.

    Attributes:
        file: Of annotations.
        place: In it.
        annotator: Who says so, or the file.
        label: As it is written.
        onset: As it is written, in seconds.
        offset: The same.
    """

    file: Path
    place: str
    annotator: str
    label: str
    onset: float
    offset: float


@dataclass(frozen=True, order=True)
class Span:
    """A label `[onset, offset)` in seconds, and where that is written."""

    onset: float
    offset: float
    label: str
    sources: tuple[Source, ...] = field(default=(), compare=False)

    @property
    def length(self) -> float:
        """In seconds."""
        return self.offset - self.onset


def joined(spans: Iterable[Span]) -> list[Span]:
    """Stretches of one label that overlap as one, in time order; those that touch stay two."""
    last: dict[str, Span] = {}
    found: list[Span] = []
    for span in sorted(spans):
        before = last.get(span.label)
        if before is not None and span.onset < before.offset - LEAST:
            sources = before.sources + span.sources
            span = Span(before.onset, max(before.offset, span.offset), span.label, sources)
            found.remove(before)
        found.append(span)
        last[span.label] = span
    return sorted(found)


def common(several: Sequence[Sequence[Span]]) -> list[Span]:
    """What all lists have: where each has the same label, in seconds."""
    found = list(several[0])
    for others in several[1:]:
        found = [
            Span(on, off, a.label, a.sources + b.sources)
            for a in found
            for b in others
            if a.label == b.label
            for on, off in [(max(a.onset, b.onset), min(a.offset, b.offset))]
            if off - on > LEAST
        ]
    return joined(found)


def won(spans: Iterable[Span]) -> list[Span]:
    """One label at a time: where several overlap, the shorter stretch has the time they share.

    A long one has time of its own beside it; the other way around a short one would vanish. Of two
    equally long ones that which begins first has it, then that whose label is first in the
    alphabet. What is left of the longer and shorter than half a second is dropped.
    """
    taken: list[tuple[float, float]] = []
    found: list[Span] = []
    for span in sorted(spans, key=lambda s: (round(s.length, 6), s)):
        for onset, offset in _free(taken, span.onset, span.offset):
            whole = span.length - (offset - onset) <= LEAST
            if whole or offset - onset >= REST - LEAST:
                insort(taken, (onset, offset))
                found.append(Span(onset, offset, span.label, span.sources))
    return sorted(found)


def _free(
    taken: Sequence[tuple[float, float]], onset: float, offset: float
) -> list[tuple[float, float]]:
    """What of a stretch nothing has taken; those that did do not overlap and are in time order."""
    free, at = [], onset
    first = max(0, bisect_left(taken, (onset, onset)) - 1)
    for start, stop in taken[first:]:
        if start >= offset:
            break
        if stop <= at:
            continue
        if start - at > LEAST:
            free.append((at, start))
        at = max(at, stop)
    if offset - at > LEAST:
        free.append((at, offset))
    return free


def overlapping(spans: Sequence[Span]) -> int:
    """Number of pairs of different labels that hold at once."""
    count = 0
    live: list[Span] = []
    for span in sorted(spans):
        live = [each for each in live if each.offset - span.onset > LEAST]
        count += sum(each.label != span.label for each in live)
        live.append(span)
    return count
