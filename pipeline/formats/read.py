"""Results that were written earlier, back from their JSON."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from avel.pipeline.method.events import Disagreement, Event, Evidence, Sound
from avel.pipeline.method.results import SCHEMA, Result
from avel.pipeline.reasons import InputError

SCHEMAS = ("avel.result/1", SCHEMA)
"""What is read; of an earlier one the fields that it did not have are empty."""
SUFFIX = ".json"
LINES = ".jsonl"
KINDS: dict[str, type] = {
    "message": str,
    "reasons": list,
    "notes": list,
    "segments": int,
    "model": dict,
    "decoder": dict,
}
"""Fields whose kind alone is looked at; lists of these are of texts."""
NAMES = frozenset(field.name for field in fields(Result))
PARTS = {"events": Event, "disagreements": Disagreement, "sounds": Sound}
"""Fields that are lists of these."""
FLAWS = (TypeError, ValueError, KeyError, AttributeError, OverflowError)


class Written(NamedTuple):
    """A result, and the file that holds it."""

    result: Result
    path: Path
    alone: bool
    """Whether the file holds no other."""


def read_results(path: Path) -> Iterator[Written]:
    """Results of a file or of a folder of files, with times in seconds.

    A file holds one document, the list that `--json` prints, or lines of JSON (`.jsonl`). JSON
    files of a folder that are none of avel's results are passed over.

    Raises:
        InputError: the file is missing, is no JSON or no result; or the folder holds none.
    """
    if path.suffix.lower() == LINES and not path.is_dir():
        yield from _of_file(path, _lines(path))
        return
    if not path.is_dir():
        yield from _of_file(path, _load(path))
        return
    found = [(file, _load(file)) for file in sorted(path.glob("*" + SUFFIX))]
    ours = [(file, document) for file, document in found if _is_ours(document)]
    if not ours:
        raise InputError(
            f"{path}: holds no results of avel; give a folder that `avel localize --out` wrote"
        )
    for file, document in ours:
        yield from _of_file(file, document)


def result_of(document: Mapping[str, Any]) -> Result:
    """The result of a document; times in seconds, probabilities in [0, 1].

    Raises:
        ValueError: it is none of avel's, or a field is not what it must be.
    """
    schema = document.get("schema") if isinstance(document, Mapping) else None
    if schema not in SCHEMAS:
        raise ValueError(f"schema ({schema!r:.40}) must be one of {', '.join(SCHEMAS)}")
    given = {name: _value(name, value) for name, value in document.items() if name in NAMES}
    if not isinstance(given.get("file"), str) or not isinstance(given.get("status"), str):
        raise ValueError("file and status must be text")
    return Result(**given)


def _lines(path: Path) -> list[Any]:
    """Each line's document; those without anything are passed over."""
    return [_load(path, line) for line in _bytes(path).split(b"\n") if line.strip()]


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise InputError(
            f"{path}: cannot be read ({err.strerror}); give a result's .json, or their folder"
        ) from err


def _load(path: Path, text: bytes | None = None) -> Any:
    text = _bytes(path) if text is None else text
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as err:
        raise InputError(
            f"{path}: is no JSON ({err}); give a result's .json, or their folder"
        ) from err


def _is_ours(document: Any) -> bool:
    first = document[0] if isinstance(document, list) and document else document
    return isinstance(first, dict) and str(first.get("schema", "")).startswith("avel.result/")


def _of_file(path: Path, document: Any) -> Iterator[Written]:
    documents = document if isinstance(document, list) else [document]
    for each in documents:
        try:
            yield Written(result_of(each), path, not isinstance(document, list))
        except FLAWS as err:
            raise InputError(
                f"{path}: is no result of avel: {err}; write it anew by `avel localize`"
            ) from err


def _value(name: str, value: Any) -> Any:
    """A field as the result holds it."""
    if name in PARTS:
        return tuple(_part(PARTS[name], each) for each in value)
    if name in ("heard", "seen", "top_classes"):
        return tuple((_text(name, label), _number(share)) for label, share in value)
    if name == "relevance":
        return tuple(map(_number, value))
    if name in ("duration", "evidence_share") or (name == "in_domain" and value is not None):
        return _number(value)
    if name == "decoder" and isinstance(value, dict) and value.get("threshold") is not None:
        value = {**value, "threshold": _number(value["threshold"])}
    if name in KINDS and (not isinstance(value, KINDS[name]) or isinstance(value, bool)):
        raise ValueError(f"{name} ({value!r:.40}) must be of kind {KINDS[name].__name__}")
    return tuple(_text(name, each) for each in value) if isinstance(value, list) else value


def _part(kind: Any, given: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    values = {key: value for key, value in given.items() if key in known}
    for key in ("onset", "offset", "score"):
        if key in values:
            values[key] = _number(values[key])
    if values.get("evidence") is not None:
        heard, seen, sight = (given["evidence"][name] for name in ("heard", "seen", "sight"))
        values["evidence"] = Evidence(_number(heard), _number(seen), str(sight))
    for key in {"label", "kind", "words"} & values.keys():
        _text(key, values[key])
    part = kind(**values)
    if not 0 <= part.onset <= part.offset < float("inf"):
        raise ValueError(f"onset ({part.onset:g} s) must lie in [0, offset ({part.offset:g} s)]")
    return part


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} ({value!r:.40}) must be text")
    return value


def _number(value: Any) -> float:
    """JSON has no number that is none: it is written as null."""
    return float("nan") if value is None else float(value)
