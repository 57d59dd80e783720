"""Annotation files for the tests, and what is read of them."""

from fractions import Fraction
from pathlib import Path

from avel.pipeline.annotations.marks import Mark, Sheet
from avel.pipeline.annotations.reading import read
from avel.pipeline.media.footage import Footage

TEN = Footage(Fraction(25), False, 64, 48, Fraction(10), 44_100)
"""Of a film of ten seconds."""


def put(folder: Path, name: str, text: str | bytes) -> Path:
    """A file of that text; its folder is made."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def said(sheet: Sheet) -> list[tuple[float, float, str]]:
    """Onset, offset and label of every mark."""
    return [(mark.onset, mark.offset, mark.label) for mark in sheet.marks]


def one(path: Path, *tiers: str) -> Sheet:
    """The only sheet of a file."""
    (sheet,) = read(path, tiers)
    return sheet


def sheet(
    path: str | Path, *marks: tuple[float, float, str], film: str = "", who: str = ""
) -> Sheet:
    """What somebody says, as if a file held it."""
    found = tuple(
        Mark(label, onset, offset, f"line {at}")
        for at, (onset, offset, label) in enumerate(marks, 1)
    )
    return Sheet(Path(path), (film,) if film else (), found, who)
