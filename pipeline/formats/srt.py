"""Events as SubRip subtitles."""

from avel.pipeline.formats.shape import Entry, Format
from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.times import clock, span

LOOKALIKES = str.maketrans({"<": "\u2039", ">": "\u203a", "{": "(", "}": ")", "\\": "/"})
"""Players take `<...>` and `{...}` for marks of style and drop them, and `\\N` breaks a line:
SubRip has no way to escape them."""


def subtitles(entry: Entry) -> str:
    """One subtitle per event, times to a millisecond, numbered from 1."""
    return "".join(
        f"{number}\n{clock(onset, ',')} --> {clock(offset, ',')}\n"
        f"{one_line(event.label).translate(LOOKALIKES)}\n\n"
        for number, event in enumerate(entry.result.events, 1)
        for onset, offset in [span(event, 1000)]
    )


SRT = Format(
    suffix=".srt",
    opens="players, YouTube, subtitle editors",
    times="1 ms",
    score="lost",
    label="one line; `<>` become `\u2039\u203a`, `{}` become `()`, a backslash `/`",
    overlap="as it is",
    body=subtitles,
)
