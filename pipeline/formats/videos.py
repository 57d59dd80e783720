"""Every video on a line of CSV, those without events and those that failed too."""

from avel.pipeline.formats.csv import row
from avel.pipeline.formats.names import escaped
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.times import decimal
from avel.pipeline.work.say import shown

COLUMNS = (
    "file",
    "status",
    "reasons",
    "duration",
    "segments",
    "events",
    "labels",
    "message",
    "notes",
)
"""Duration in seconds; reasons with a space between; labels, each once, and notes with `; `."""


def line(entry: Entry) -> str:
    """The video's line: how it went, and how many events it holds."""
    result = entry.result
    known = result.duration == result.duration
    return row(
        (
            escaped(result.file),
            result.status,
            " ".join(result.reasons),
            decimal(result.duration) if known else "",
            str(result.segments),
            str(len(result.events)),
            "; ".join(dict.fromkeys(event.label for event in result.events)),
            shown(result.message),
            "; ".join(result.notes),
        )
    )


VIDEOS = Format(
    suffix=".csv",
    opens="spreadsheets, pandas, R",
    times="1 µs",
    score="lost",
    label="as it is",
    overlap="lost",
    body=line,
    head=row(COLUMNS),
    together=True,
)
