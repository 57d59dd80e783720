"""Events as WebVTT: captions and chapters of the web's own players."""

from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.times import clock, span

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
"""With which `-->` cannot stand in a label either."""


def cues(entry: Entry) -> str:
    """One cue per event, times to a millisecond."""
    return "".join(
        f"{clock(onset)} --> {clock(offset)}\n{_text(event.label)}\n\n"
        for event in entry.result.events
        for onset, offset in [span(event, 1000)]
    )


def _text(label: str) -> str:
    return "".join(ENTITIES.get(character, character) for character in one_line(label))


WEBVTT = Format(
    suffix=".vtt",
    opens="browsers (`<track>`), players, subtitle editors",
    times="1 ms",
    score="lost",
    label="one line",
    overlap="as it is",
    body=cues,
    head="WEBVTT\n\n",
)
