"""Label tracks of Audacity: `onset TAB offset TAB label`, and a line of Hz below spectral ones."""

from pathlib import Path

from avel.pipeline.annotations.encodings import text_of
from avel.pipeline.annotations.marks import Mark, Sheet
from avel.pipeline.annotations.numbers import number
from avel.pipeline.reasons import InputError

SPECTRAL = "\\\t"
"""Begins the second line of a label that has a band, in Hz."""


def labels(path: Path, raw: bytes) -> list[Sheet]:
    """One sheet of the file's labels, in seconds; a moment's onset and offset are the same.

    Raises:
        InputError: a line is no label.
    """
    marks = []
    for at, line in enumerate(text_of(path, raw).split("\n"), 1):
        if line.strip() and not line.startswith(SPECTRAL):
            marks.append(_mark(path, at, line))
    return [Sheet(path, (), tuple(marks))]


def is_one(text: str) -> bool:
    """Whether a text's first line is a label."""
    first = next((line for line in text.split("\n") if line.strip()), "")
    try:
        _mark(Path(), 1, first)
    except InputError:
        return False
    return True


def _mark(path: Path, at: int, line: str) -> Mark:
    fields = line.split("\t", 2)
    try:
        onset, offset = map(number, fields[:2])
    except ValueError as err:
        raise InputError(
            f"{path}, line {at}: {line[:60]!r} is no label of Audacity, which is onset, offset in "
            "seconds and text, with tabs between; use File, Export, Export Labels"
        ) from err
    return Mark(fields[2] if len(fields) > 2 else "", onset, offset, f"line {at}")
