"""Events as CSV: one line each, of all videos in one file."""

from collections.abc import Sequence

from avel.pipeline.formats.names import escaped
from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.times import decimal
from avel.pipeline.formats.whole import readable

COLUMNS = ("file", "onset", "offset", "label", "score")
"""Onset and offset in seconds, the score in [0, 1] to four places."""
QUOTED = frozenset('",\r\n')


def lines(entry: Entry) -> str:
    """One line per event, times in seconds, in time order; none where there is no event."""
    result, file = entry.result, escaped(entry.result.file)
    return "".join(
        row((file, decimal(e.onset), decimal(e.offset), e.label, f"{e.score:.4f}"))
        for e in result.events
    )


def row(fields: Sequence[str]) -> str:
    """One line of RFC 4180 with fields (n,), ended as Unix does.

    Written out, since `csv.writer` leaves a lone carriage return unquoted, which readers refuse.
    """
    quoted = (f'"{f.replace(chr(34), 2 * chr(34))}"' if QUOTED & {*f} else f for f in fields)
    return readable(",".join(quoted) + "\n")


CSV = Format(
    suffix=".csv",
    opens="spreadsheets, pandas, R",
    times="1 µs",
    score="kept, 4 places",
    label="as it is",
    overlap="as it is",
    body=lines,
    head=row(COLUMNS),
    together=True,
)
