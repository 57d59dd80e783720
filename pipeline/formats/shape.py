"""What every format is: a text per video, each in a file of its own or all in one file."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from avel.pipeline.media.footage import UNKNOWN, Footage
from avel.pipeline.method.results import Result


@dataclass(frozen=True)
class Entry:
    """A video's result, and what a format needs beside it.

    Attributes:
        result: Of the video.
        key: Its short name, one each in a folder; empty for the file's own.
        footage: How its picture runs, for formats that count in frames; None where not known.
        folder: Where the file will lie; None where not known.
    """

    result: Result
    key: str = ""
    footage: Footage | None = None
    folder: Path | None = None

    @property
    def name(self) -> str:
        """The short name."""
        return self.key or PurePath(self.result.file).stem or "video"

    @property
    def frames(self) -> Footage:
        """How its picture runs, or what is taken for it: 25 frames a second."""
        return self.footage or UNKNOWN


@dataclass(frozen=True)
class Format:
    """A way to write results down; `docs/formats.md` has these words as its table.

    Attributes:
        suffix: Of its files, with the dot.
        opens: What reads it.
        times: Its own resolution: what onset and offset are exact to.
        score: What becomes of the score.
        label: What becomes of a label's text.
        overlap: What becomes of events that overlap.
        body: The text of one video, line ends included; empty where there is nothing to say.
        head: What a file begins with.
        between: What stands between two videos.
        tail: What a file ends with.
        together: Whether one file holds all videos, else each has its own.
        counts_frames: Whether times are numbers of frames, so that the footage must be known.
        cautions: What a reader must be told of one video, in sentences.
    """

    suffix: str
    opens: str
    times: str
    score: str
    label: str
    overlap: str
    body: Callable[[Entry], str]
    head: str = ""
    between: str = ""
    tail: str = ""
    together: bool = False
    counts_frames: bool = False
    cautions: Callable[[Entry], Iterable[str]] = lambda entry: ()

    def write(self, entries: Iterable[Entry]) -> str:
        """The text of a file that holds the videos, in their order; times in seconds or frames."""
        return self.head + "".join(joined(map(self.body, entries), self.between)) + self.tail


def joined(bodies: Iterable[str], between: str) -> Iterator[str]:
    """Texts (n,) with what stands between two of them; those that are empty are left out."""
    lead = ""
    for body in filter(None, bodies):
        yield lead + body
        lead = between
