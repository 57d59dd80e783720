"""Events as RTTM, the rich transcription's format of speakers: the label stands for the speaker."""

from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import one_name, one_word
from avel.pipeline.formats.times import MICROSECONDS, decimal, span

QUOTES = str.maketrans({'"': "'"})
"""Readers that take the file for a table would begin a field with them that holds spaces."""


def turns(entry: Entry) -> str:
    """One line per event: ten fields with spaces between, onset and duration in seconds."""
    uri = one_name(entry.name).translate(QUOTES)
    return "".join(
        f"SPEAKER {uri} 1 {decimal(onset / MICROSECONDS, 3)} "
        f"{decimal((offset - onset) / MICROSECONDS, 3)} <NA> <NA> "
        f"{one_word(event.label).translate(QUOTES)} {event.score:.4f} <NA>\n"
        for event in entry.result.events
        for onset, offset in [span(event, MICROSECONDS)]
    )


RTTM = Format(
    suffix=".rttm",
    opens="pyannote, dscore, spyder",
    times="1 µs",
    score="kept, 4 places",
    label="one word: spaces become `_`, double quotes single ones",
    overlap="as it is",
    body=turns,
    together=True,
)
