"""Labelled stretches of one film: joined, intersected, and one label at a time."""

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
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
    runs: dict[str, list[Span]] = {}
    for span in sorted(spans):
        run = runs.setdefault(span.label, [])
        if run and span.onset < run[-1].offset - LEAST:
            before = run.pop()
            sources = before.sources + span.sources
            span = Span(before.onset, max(before.offset, span.offset), span.label, sources)
        run.append(span)
    return sorted(span for run in runs.values() for span in run)


def common(several: Sequence[Sequence[Span]]) -> list[Span]:
    """What all lists have, of each of which stretches of one label do not overlap, in seconds."""
    found = list(several[0])
    for others in several[1:]:
        found = [span for label in _by_label(found) for span in _shared(label, found, others)]
    return joined(found)


def _by_label(spans: Iterable[Span]) -> list[str]:
    return list(dict.fromkeys(span.label for span in spans))


def _shared(label: str, one: Iterable[Span], other: Iterable[Span]) -> Iterator[Span]:
    """Where both have a label, by going through the two side by side."""
    ours, theirs = (sorted(s for s in side if s.label == label) for side in (one, other))
    while ours and theirs:
        a, b = ours[0], theirs[0]
        onset, offset = max(a.onset, b.onset), min(a.offset, b.offset)
        if offset - onset > LEAST:
            yield Span(onset, offset, label, a.sources + b.sources)
        del (ours if a.offset < b.offset else theirs)[0]


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


def outside(spans: Iterable[Span], stretches: Iterable[tuple[float, float]]) -> list[Span]:
    """What of spans lies in none of the stretches, in seconds; half a second at least of each."""
    taken: list[tuple[float, float]] = []
    for onset, offset in sorted(stretches):
        if taken and onset <= taken[-1][1]:
            onset, offset = taken[-1][0], max(taken.pop()[1], offset)
        taken.append((onset, offset))
    return [
        Span(onset, offset, span.label, span.sources)
        for span in spans
        for onset, offset in _free(taken, span.onset, span.offset)
        if offset - onset >= min(REST, span.length) - LEAST
    ]


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
