"""Selection tables of Raven, and of what writes such (BirdNET, our own exports)."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from avel.pipeline.annotations.encodings import text_of
from avel.pipeline.annotations.marks import Mark, Row, Sheet, sheets_of
from avel.pipeline.annotations.numbers import number
from avel.pipeline.formats.names import unescaped
from avel.pipeline.reasons import InputError

BEGIN, END = "Begin Time (s)", "End Time (s)"
OFFSET = "File Offset (s)"
"""Where in its own file a selection begins, in seconds: Raven's times count through all of them."""
LABELS = ("Annotation", "Label", "Common Name", "Species", "Species Code", "Class", "Type", "Tags")
"""Columns that hold the label, the first that is there; their names are free in Raven."""
FILMS = ("Begin Path", "Begin File")


def selections(path: Path, raw: bytes) -> list[Sheet]:
    """Sheets, in seconds, one of each film that the table names.

    A selection is listed once for each view (wave, spectrum); it is taken once.

    Raises:
        InputError: it has no columns of times and label, or a time is none.
    """
    lines = text_of(path, raw).split("\n")
    head = [name.strip() for name in lines[0].split("\t")]
    missing = [name for name in (BEGIN, END) if name not in head]
    label = next((name for name in LABELS if name in head), None)
    if missing or label is None:
        wanted = ", ".join(missing) or f"of labels ({', '.join(LABELS)})"
        raise InputError(
            f"{path}: has no column {wanted}; add it to Raven's selection table and save it again"
        )
    found = sheets_of(path, _rows(path, head, lines[1:], label))
    return found or [Sheet(path, (), ())]


def is_one(text: str) -> bool:
    """Whether a text's first line is the head of a selection table."""
    return BEGIN in text.partition("\n")[0]


def _rows(path: Path, head: list[str], lines: list[str], label: str) -> Iterator[Row]:
    seen = set()
    for at, line in enumerate(lines, 2):
        if not line.strip():
            continue
        row = dict(zip(head, line.split("\t"), strict=False))
        mark = _mark(path, at, row, label)
        film = next((row[name].strip() for name in FILMS if row.get(name, "").strip()), "")
        key = (row.get("Selection"), film, mark.onset, mark.offset, mark.label)
        if key not in seen or not row.get("Selection"):
            yield unescaped(film), "", mark
        seen.add(key)


def _mark(path: Path, at: int, row: Mapping[str, str], label: str) -> Mark:
    try:
        onset, offset = number(row.get(BEGIN, "")), number(row.get(END, ""))
        if row.get(OFFSET, "").strip():
            own = number(row[OFFSET])
            onset, offset = own, own + offset - onset
    except ValueError as err:
        raise InputError(f"{path}, line {at}: {err}; its times must be seconds") from err
    return Mark(row.get(label, ""), onset, offset, f"line {at}")
