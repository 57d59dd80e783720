"""Tables of file, onset, offset and label: our own exports, and what spreadsheets make of them."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from avel.pipeline.annotations.encodings import text_of
from avel.pipeline.annotations.marks import Mark, Row, Sheet, sheets_of
from avel.pipeline.annotations.numbers import number
from avel.pipeline.formats.names import unescaped
from avel.pipeline.reasons import InputError

COLUMNS = ("onset", "offset", "label")
MARKS = "\t;,"
"""What may stand between two fields; the head says which."""


def table(path: Path, raw: bytes) -> list[Sheet]:
    """Sheets in seconds, one of each film and annotator, of the columns that the head names.

    `file` and `annotator` may be missing; other columns are passed over.

    Raises:
        InputError: a column is missing, or a time is none.
    """
    text = text_of(path, raw)
    first = text.partition("\n")[0]
    mark = max(MARKS, key=first.count)
    try:
        rows = _cells(text, mark)
    except csv.Error as err:
        raise InputError(f"{path}: cannot be read as a table ({err}); export it again") from err
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    if missing := [name for name in COLUMNS if name not in head]:
        raise InputError(
            f"{path}: has no column {', '.join(missing)}; its first line must name file, "
            f"{', '.join(COLUMNS)}"
        )
    return sheets_of(path, _rows(path, head, rows[1:])) or [Sheet(path, (), ())]


def _cells(text: str, mark: str) -> list[list[str]]:
    """Rows of fields; our own tables of tabs know no quotes."""
    if mark == "\t":
        return [line.split(mark) for line in text.split("\n")]
    return list(csv.reader(io.StringIO(text), delimiter=mark))


def _rows(path: Path, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[Row]:
    for at, cells in enumerate(rows, 2):
        if any(cell.strip() for cell in cells):
            row = dict(zip(head, cells, strict=False))
            film = unescaped(row.get("file", "").strip("\n"))
            yield film, row.get("annotator", "").strip(), _mark(path, at, row)


def _mark(path: Path, at: int, row: Mapping[str, str]) -> Mark:
    try:
        onset, offset = (number(row.get(name, "")) for name in ("onset", "offset"))
    except ValueError as err:
        raise InputError(f"{path}, row {at}: {err}; onset and offset must be seconds") from err
    return Mark(row.get("label", ""), onset, offset, f"row {at}")
