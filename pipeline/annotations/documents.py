"""Results of avel that were edited, as annotations: JSON of one or many, and lines of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avel.pipeline.annotations.marks import Mark, Sheet
from avel.pipeline.annotations.parsed import parsed
from avel.pipeline.formats.read import FLAWS, result_of
from avel.pipeline.reasons import InputError

SCHEMA = "avel.result/"


def lines(path: Path, raw: bytes) -> list[Sheet]:
    """Sheets in seconds, one of the result of each line.

    Raises:
        InputError: one is no JSON, or none of our results.
    """
    return documents(path, parsed(path, raw, lines=True))


def documents(path: Path, given: Any) -> list[Sheet]:
    """Sheets in seconds, one of each result; one that failed says nothing of its film.

    Args:
        path: The file.
        given: Its JSON, a document or a list of them.

    Raises:
        InputError: one is none of our results.
    """
    return list(_sheets(path, given if isinstance(given, list) else [given]))


def is_one(given: Any) -> bool:
    """Whether a document of JSON holds results of ours."""
    first = given[0] if isinstance(given, list) and given else given
    return isinstance(first, dict) and str(first.get("schema", "")).startswith(SCHEMA)


def _sheets(path: Path, given: list[Any]) -> Iterator[Sheet]:
    for number, document in enumerate(given, 1):
        try:
            result = result_of(document)
        except (*FLAWS, ArithmeticError) as err:
            raise InputError(f"{path}, result {number}: is none of avel's ({err})") from err
        if result.status == "failed":
            note = f"{path}: {result.file} failed ({result.message}); it is left out"
            yield Sheet(path, (result.file,), (), notes=(note,), void=True)
            continue
        marks = (
            Mark(event.label, event.onset, event.offset, f"result {number}, event {at}")
            for at, event in enumerate(result.events, 1)
        )
        yield Sheet(path, (result.file,), tuple(marks))
