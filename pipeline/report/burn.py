"""A copy of a film with labels and scores on its pictures."""

from pathlib import Path

from PIL import ImageFont

from avel.pipeline.formats.texts import one_line
from avel.pipeline.formats.times import MICROSECONDS, ticks
from avel.pipeline.media.apart import Apart
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import InputError
from avel.pipeline.report.pieces import Wanted

SIZE = 12
"""In pixels, to try a font with."""
END = 1 << 62
"""Microseconds: behind the end of every film."""


def burn(
    apart: Apart, result: Result, film: Path, target: Path, wanted: Wanted, font: Path | None
) -> str:
    """Write the copy, with scores in [0, 1] to two places: MP4, whole or not at all.

    Args:
        apart: The process that does it.
        result: What was found.
        film: Where the film lies now.
        target: The copy.
        wanted: Which events.
        font: For letters that our own has not; None for ours.

    Returns:
        Letters that the font has not.

    Raises:
        MediaError: the film cannot be read, or has no picture.
    """
    captions = [
        (
            ticks(event.onset, MICROSECONDS),
            ticks(event.offset, MICROSECONDS),
            f"{one_line(event.label)}  {event.score:.2f}",
        )
        for event in wanted.events(result)
    ]
    said = apart.ask(
        "cut",
        film,
        target=str(target.absolute()),
        start=0,
        stop=END,
        captions=captions,
        font=None if font is None else str(font.absolute()),
    )
    return str(said.get("missing", ""))


def check_font(path: Path) -> None:
    """Open a font at 12 pixels before anything is made.

    Raises:
        InputError: it is missing, or none.
    """
    try:
        ImageFont.truetype(str(path), SIZE)
    except OSError as err:
        why = "is no font" if path.is_file() else "is not a file"
        raise InputError(f"--font {path}: {why}; give a font (.ttf, .otf)") from err
