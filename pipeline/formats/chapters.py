"""Events as chapters for a video's description on YouTube.

Its rules: the first is at 0:00, there are three at least, and each is ten seconds long at least.
"""

from collections.abc import Iterator
from itertools import pairwise
from math import ceil
from typing import NamedTuple

from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.times import ticks
from avel.pipeline.method.results import Result

FEWEST = 3
LEAST = 10
"""Seconds of a chapter."""
LONGEST = 100
"""Characters of a title."""
NOTHING = "No event"


class Chapter(NamedTuple):
    """From and to in whole seconds, and the labels in it in the order of coming."""

    start: int
    end: int
    labels: tuple[str, ...]


def chapters(entry: Entry) -> str:
    """One line a chapter, `M:SS title`; times in whole seconds."""
    found = merged(pieces(entry.result))
    return "".join(f"{_clock(each.start, found[-1].end)} {_title(each.labels)}\n" for each in found)


def pieces(result: Result) -> list[Chapter]:
    """The video cut where an event begins or ends; whole seconds, equal neighbours one."""
    events = [
        (ticks(e.onset, 1), max(ticks(e.offset, 1), ticks(e.onset, 1) + 1), one_line(e.label))
        for e in result.events
    ]
    known = ceil(result.duration) if result.duration == result.duration else 0
    end = max([known, *(offset for _, offset, _ in events)])
    cuts = sorted({0, end, *(time for onset, offset, _ in events for time in (onset, offset))})
    found: list[Chapter] = []
    for start, stop in pairwise(cuts):
        here = [label for onset, offset, label in events if onset < stop and start < offset]
        labels = tuple(dict.fromkeys(here))
        if found and found[-1].labels == labels:
            found[-1] = found[-1]._replace(end=stop)
        else:
            found.append(Chapter(start, stop, labels))
    return found


def merged(found: list[Chapter]) -> list[Chapter]:
    """Pieces below ten seconds go with what follows, the last with what is before."""
    whole: list[Chapter] = []
    for piece in found:
        if whole and whole[-1].end - whole[-1].start < LEAST:
            whole[-1] = _one(whole[-1], piece)
        else:
            whole.append(piece)
    if len(whole) > 1 and whole[-1].end - whole[-1].start < LEAST:
        last = whole.pop()
        whole[-1] = _one(whole[-1], last)
    return whole


def too_few(entry: Entry) -> Iterator[str]:
    """Says where YouTube will show none: fewer than three of ten seconds."""
    num = len(merged(pieces(entry.result)))
    if entry.result.status != "failed" and num < FEWEST:
        yield (
            f"YouTube shows chapters only where there are {FEWEST} of at least {LEAST} s; this "
            f"video gives {num}"
        )


def _one(first: Chapter, second: Chapter) -> Chapter:
    return Chapter(first.start, second.end, tuple(dict.fromkeys(first.labels + second.labels)))


def _title(labels: tuple[str, ...]) -> str:
    title = ", ".join(labels) or NOTHING
    return title if len(title) <= LONGEST else f"{title[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"


def _clock(seconds: int, end: int) -> str:
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if end >= 3600:
        return f"{hours}:{minutes:02}:{seconds % 60:02}"
    return f"{minutes}:{seconds % 60:02}"


CHAPTERS = Format(
    suffix=".chapters.txt",
    opens="YouTube: paste it into the description",
    times="1 s, and at least 10 s a chapter",
    score="lost",
    label="one line, 100 characters a chapter",
    overlap="labels of a chapter stand side by side",
    body=chapters,
    cautions=too_few,
)
