"""What people write about a film, as any of their files says it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

END = math.inf
"""Offset of what lasts to the end of its film."""


@dataclass(frozen=True)
class Mark:
    """A label and when it holds, as it is written.

    Attributes:
        label: As it is written, spaces and capitals too.
        onset: In seconds, or in frames.
        offset: The same; the onset itself where a single moment is marked, `END` for the film's.
        place: Where in its file it stands, for messages.
        frames: Whether times are numbers of frames of the film, counted from 0.
    """

    label: str
    onset: float
    offset: float
    place: str
    frames: bool = False

    def in_seconds(self, frame_rate: Fraction) -> "Mark":
        """The same with times in seconds, of a film of so many frames a second."""
        if not self.frames:
            return self
        onset, offset = self.onset / float(frame_rate), self.offset / float(frame_rate)
        return replace(self, onset=onset, offset=offset, frames=False)


@dataclass(frozen=True)
class Sheet:
    """What one person says of one film in one file.

    Attributes:
        path: The file.
        films: How it names the film, the surest first; empty where its own name must say.
        marks: In the file's order.
        annotator: Who says it, where the file tells; else empty.
        notes: What else is in it that says nothing of when a label holds, in sentences.
        void: Whether it says nothing of its film, not even that no event is in it.
    """

    path: Path
    films: tuple[str, ...]
    marks: tuple[Mark, ...]
    annotator: str = ""
    notes: tuple[str, ...] = ()
    void: bool = False

    @property
    def who(self) -> str:
        """Its annotator; where the file tells none, the file stands for one."""
        return self.annotator or str(self.path)


Row = tuple[str, str, Mark]
"""How a line names its film, who wrote it, and what it says."""


def sheets_of(path: Path, rows: Iterable[Row], notes: tuple[str, ...] = ()) -> list[Sheet]:
    """A file of lines about several films as sheets (n,), in the order of their first lines."""
    found: dict[tuple[str, str], list[Mark]] = {}
    for film, annotator, mark in rows:
        found.setdefault((film, annotator), []).append(mark)
    return [
        Sheet(path, (film,) if film else (), tuple(marks), annotator, notes)
        for (film, annotator), marks in found.items()
    ]
