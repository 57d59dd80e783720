"""Files of annotations by what they are: a new format is a file beside and a line here."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from avel.pipeline.annotations import audacity, documents, labelstudio, raven
from avel.pipeline.annotations.cues import subrip, webvtt
from avel.pipeline.annotations.cvat import annotations
from avel.pipeline.annotations.elan import document
from avel.pipeline.annotations.encodings import raw_of, text_of
from avel.pipeline.annotations.marks import Sheet
from avel.pipeline.annotations.parsed import parsed
from avel.pipeline.annotations.tables import table
from avel.pipeline.annotations.textgrid import grid
from avel.pipeline.reasons import InputError

HINTS = {
    ".zip": "unpack it first",
    ".aup3": "in Audacity use File, Export, Export Labels",
    ".aup": "in Audacity use File, Export, Export Labels",
    ".xlsx": "save it as CSV",
    ".ods": "save it as CSV",
    ".etf": "give the .eaf that was made of the template",
    ".collection": "save it in Praat as a TextGrid",
}
"""What to do about files of the same tools that hold no annotations as text."""
Read = Callable[[Path, bytes], list[Sheet]]
READERS: dict[str, Read] = {
    ".vtt": webvtt,
    ".srt": subrip,
    ".xml": annotations,
    ".csv": table,
    ".tsv": table,
    ".jsonl": documents.lines,
}
"""By suffix; `.eaf` and `.TextGrid` have tiers, `.txt` and `.json` are several."""
TIERED = {".eaf": document, ".textgrid": grid}
SEVERAL = (".txt", ".json")
SUFFIXES = (*TIERED, *READERS, *SEVERAL)
OTHERS = (
    *("videos.csv", "clips.csv", "provenance.jsonl", "avel.dataset.json"),
    *("suggestions.csv", "labelstudio.xml"),
    *(".activitynet.json", ".fiftyone.json", ".kdenlive.json", ".dcase.txt", ".chapters.txt"),
)
"""Ends of the names of what we write too, and nobody corrects."""


def read(path: Path, tiers: Sequence[str] = ()) -> list[Sheet]:
    """Sheets of one file, with times in seconds or frames.

    Args:
        path: The file.
        tiers: Names of those that are taken of ELAN and Praat; none for all that hold labels.

    Raises:
        InputError: it is of no known format, or damaged; names the line or the annotation.
    """
    kind = path.suffix.lower()
    if kind not in SUFFIXES:
        hint = HINTS.get(kind, f"there are {', '.join(SUFFIXES)}")
        raise InputError(f"{path}: its name says no format that is read; {hint}")
    raw = raw_of(path)
    if kind in TIERED:
        return TIERED[kind](path, raw, tiers)
    if kind == ".json":
        return _of_json(path, raw)
    return (READERS.get(kind) or _of_text(path, raw))(path, raw)


def files_in(inputs: Iterable[Path]) -> list[Path]:
    """The files that are named, and those of folders whose names say that they may be read.

    Raises:
        InputError: one is not there, or a folder holds none.
    """
    return list(dict.fromkeys(file for path in inputs for file in _files(path)))


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise InputError(f"{path}: no such file or folder; give what the annotation tool wrote")
    if not path.is_dir():
        return [path]
    found = [each for each in sorted(path.rglob("*")) if _may_be_one(each.relative_to(path))]
    found = [each for each in found if each.is_file()]
    if not found:
        raise InputError(
            f"{path}: holds no annotations; looked for {', '.join(SUFFIXES)} in it and below"
        )
    return found


def _may_be_one(path: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not path.name.endswith(OTHERS) and not hidden


def _of_text(path: Path, raw: bytes) -> Read:
    text = text_of(path, raw)
    if raven.is_one(text):
        return raven.selections
    if audacity.is_one(text) or not text.strip():
        return audacity.labels
    raise InputError(
        f"{path}: is neither a label track of Audacity nor a selection table of Raven; its first "
        f"line is {text.partition(chr(10))[0][:60]!r}; {_others(path)}"
    )


def _of_json(path: Path, raw: bytes) -> list[Sheet]:
    given = parsed(path, raw)
    if documents.is_one(given):
        return documents.documents(path, given)
    if labelstudio.is_one(given) or given == []:
        return labelstudio.tasks(path, given)
    raise InputError(
        f"{path}: is neither an export of Label Studio (JSON or JSON-MIN) nor a result of avel; "
        f"{_others(path)}"
    )


def _others(path: Path) -> str:
    """How to have a file of another format read."""
    suffixes = ", ".join(each for each in SUFFIXES if each != path.suffix.lower())
    return f"end the name of another format with its suffix, one of {suffixes}"
