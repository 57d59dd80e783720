"""Events as a selection table of Raven, whose columns are those of BirdNET's tables."""

from avel.pipeline.formats.names import escaped
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.times import decimal

COLUMNS = (
    "Selection",
    "View",
    "Channel",
    "Begin Time (s)",
    "End Time (s)",
    "Low Freq (Hz)",
    "High Freq (Hz)",
    "Annotation",
    "Score",
    "Begin Path",
)
BAND = "0.0\t22050.0"
"""What is heard, in Hz: an event has no band of its own, and Raven draws a box."""


def selections(entry: Entry) -> str:
    """One line per event, numbered from 1; times in seconds with a point, for readers of floats."""
    path = escaped(entry.result.file)
    return "".join(
        f"{number}\tSpectrogram 1\t1\t{decimal(e.onset, 1)}\t{decimal(e.offset, 1)}\t{BAND}\t"
        f"{one_line(e.label)}\t{e.score:.4f}\t{path}\n"
        for number, e in enumerate(entry.result.events, 1)
    )


RAVEN = Format(
    suffix=".selections.txt",
    opens="Raven, crowsetta",
    times="1 µs",
    score="kept, 4 places",
    label="one line",
    overlap="as it is",
    body=selections,
    head="\t".join(COLUMNS) + "\n",
)
