"""Events as CSV: one line each, of all videos in one file."""

import csv
import io
from collections.abc import Sequence

from avel.pipeline.formats.names import escaped
from avel.pipeline.formats.shape import Format
from avel.pipeline.formats.whole import readable
from avel.pipeline.method.results import Result

COLUMNS = ("file", "onset", "offset", "label", "score")
"""Onset and offset in seconds, the score in [0, 1] to four places."""


def lines(result: Result) -> str:
    """One line per event, times in seconds, in time order; none where there is no event."""
    file = escaped(result.file)
    rows = [
        (file, f"{e.onset:g}", f"{e.offset:g}", e.label, f"{e.score:.4f}") for e in result.events
    ]
    return _text(rows)


def _text(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return readable(text.getvalue())


CSV = Format(
    suffix=".csv",
    keeps="file, onset, offset, label and score of each event",
    loses="videos without events, reasons, notes, relevance, the model and its decoder",
    body=lines,
    head=_text([COLUMNS]),
    together=True,
)
