"""Which pieces of a film are wanted, and what their files are called."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from avel.pipeline.formats.names import ResultNames
from avel.pipeline.formats.times import MICROSECONDS, ticks
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import InputError

LETTERS = 60
"""Of a film's name and of a label, in a piece's name."""


@dataclass(frozen=True)
class Wanted:
    """Which events, and how much around them.

    Attributes:
        labels: Their labels; empty for all.
        least_score: In [0, 1].
        pad_seconds: Before and behind each.
    """

    labels: tuple[str, ...] = ()
    least_score: float = 0.0
    pad_seconds: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.least_score <= 1:
            raise InputError(f"--min-score ({self.least_score:g}) must be between 0 and 1")
        if not 0 <= self.pad_seconds <= 3600:
            raise InputError(f"--pad ({self.pad_seconds:g}) must be seconds between 0 and 3600")

    def events(self, result: Result) -> Iterator[Event]:
        """Those of a result whose score in [0, 1] is high enough, in time order."""
        for event in result.events:
            named = not self.labels or event.label in self.labels
            if named and event.score >= self.least_score:
                yield event


@dataclass(frozen=True)
class Piece:
    """One event's part of a film, in microseconds, and its name without a suffix."""

    event: Event
    start: int
    stop: int
    name: str


def pieces(result: Result, wanted: Wanted, names: ResultNames) -> Iterator[Piece]:
    """The parts of a film in microseconds, at most from beginning to end; names are one each."""
    known = result.duration if result.duration > 0 else float("inf")
    for event in wanted.events(result):
        start = max(0.0, event.onset - wanted.pad_seconds)
        stop = max(event.offset, min(event.offset + wanted.pad_seconds, known))
        name = names.name(piece_name(result.file, event))
        yield Piece(event, ticks(start, MICROSECONDS), ticks(stop, MICROSECONDS), name)


def piece_name(file: str, event: Event) -> str:
    """What is in it: the film, the label, onset and offset in seconds.

    Letters and digits of all languages stay; what a shell, a file system or an address takes for
    something else becomes `-`.
    """
    stem = PurePath(file).stem
    times = f"{event.onset:.2f}-{event.offset:.2f}s"
    return "_".join((_plain(stem) or "film", _plain(event.label) or "event", times))


def _plain(text: str) -> str:
    marked = "".join(c if c.isalnum() or c in "-_" else " " for c in text)
    return "-".join(marked.split())[:LETTERS].strip("-_")
