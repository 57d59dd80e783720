"""Results of avel that were edited, as annotations: JSON of one or many, and lines of it."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from avel.pipeline.annotations.encodings import text_of
from avel.pipeline.annotations.marks import Mark, Sheet
from avel.pipeline.formats.read import FLAWS, result_of
from avel.pipeline.reasons import InputError

SCHEMA = "avel.result/"


def documents(path: Path, raw: bytes) -> list[Sheet]:
    """Sheets in seconds, one of each result; one that failed says nothing of its film.

    Raises:
        InputError: it is no JSON, or none of our results.
    """
    return list(_sheets(path, _parsed(path, text_of(path, raw))))


def is_one(given: Any) -> bool:
    """Whether a document of JSON holds results of ours."""
    first = given[0] if isinstance(given, list) and given else given
    return isinstance(first, dict) and str(first.get("schema", "")).startswith(SCHEMA)


def _parsed(path: Path, text: str) -> list[Any]:
    try:
        if path.suffix.lower() == ".jsonl":
            return [json.loads(line) for line in text.split("\n") if line.strip()]
        whole = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise InputError(f"{path}: is no JSON ({err}); export it again") from err
    return whole if isinstance(whole, list) else [whole]


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
