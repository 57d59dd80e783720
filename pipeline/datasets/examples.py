"""Examples to teach events by: which seconds of which film show what.

They come word by word from the command line, from a table of file, onset, offset and label, or
from an AVE-shaped folder. Nothing here opens a film.
"""

import csv
import io
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from avel.pipeline.datasets.ave import AveFolder, Row, open_ave, read_annotations
from avel.pipeline.formats.names import unescaped
from avel.pipeline.media.text import read_text
from avel.pipeline.reasons import InputError

COLUMNS = ("file", "onset", "offset", "label")
BACKGROUND = "background"
"""The label of seconds that show no event."""
HOW = "give --event NAME FILE 2-5, with ON-OFF in seconds, or no time for the whole film"


@dataclass(frozen=True)
class Example:
    """Seconds of one film that show one event.

    Attributes:
        label: The event's name, or `BACKGROUND`.
        path: The film.
        onset: In seconds.
        offset: In seconds; None for the end of the film.
        source: Who says so, for messages.
        listed: Whether a table says so: a film of one that cannot be used is left out and named.
        loose: Whether an offset after the end of the film means its end, as in AVE's tables.
    """

    label: str
    path: Path
    onset: float
    offset: float | None
    source: str = field(compare=False)
    listed: bool = False
    loose: bool = False

    @property
    def is_background(self) -> bool:
        """Whether these seconds show no event."""
        return self.label == BACKGROUND


def example_of(words: Sequence[str]) -> list[Example]:
    """Examples of `NAME FILE [ON-OFF ...]`, times in seconds; no file name is split.

    Raises:
        InputError: the film is not named, or a time is none.
    """
    name, *rest = words
    if not rest:
        raise InputError(f"--event {name}: names no film; {HOW}")
    path, source = Path(rest[0]), f"--event {name} {rest[0]}"
    spans = [_span(text, source) for text in rest[1:]] or [(0.0, None)]
    return [_example(name, path, on, off, source) for on, off in spans]


def example_from(
    label: str, path: Path, onset: float = 0.0, offset: float | None = None
) -> Example:
    """One film, and when it shows an event, in seconds; without times it does all along.

    Raises:
        InputError: the label is empty, or the offset is not after the onset.
    """
    source = f"{label}: {path}"
    if offset is not None:
        if not 0 <= onset < math.inf or not offset < math.inf:
            raise InputError(f"{source}: times ({onset}, {offset}) must be seconds from 0 on")
        _ordered(onset, offset, source)
    return _example(label, path, onset, offset, source)


def examples_in(given: Path) -> list[Example]:
    """Examples, in seconds, of an AVE-shaped folder (its training split) or a CSV table.

    Raises:
        InputError: it is neither, a table is wrong, or no film that it names is there.
    """
    if given.is_dir():
        return _of_folder(given)
    if not given.is_file():
        raise InputError(
            f"--from {given}: no such file or folder; give an AVE-shaped folder, or a CSV with "
            f"the columns {', '.join(COLUMNS)}"
        )
    return _of_table(given)


def check(examples: Iterable[Example]) -> list[Example]:
    """The examples, each once.

    Raises:
        InputError: one event is written in two ways, or two events are taught by the same seconds.
    """
    examples = list(dict.fromkeys(examples))
    written: dict[str, str] = {}
    spans: dict[tuple[Path, float, float | None], str] = {}
    for example in examples:
        label = written.setdefault(example.label.casefold(), example.label)
        if label != example.label:
            raise InputError(
                f"{example.source}: events {label!r} and {example.label!r} differ by capitals "
                "alone; write one event in one way"
            )
        span = (example.path.absolute(), example.onset, example.offset)
        if spans.setdefault(span, label) != label:
            raise InputError(
                f"{example.path}: {in_words(example)} teaches both {spans[span]!r} and {label!r}; "
                "the same seconds can teach one event only"
            )
    return examples


def in_words(example: Example) -> str:
    """The span in seconds, for messages."""
    if example.offset is None:
        return "the whole film" if not example.onset else f"from {example.onset:g} s on"
    return f"{example.onset:g}-{example.offset:g} s"


def _example(label: str, path: Path, onset: float, offset: float | None, source: str) -> Example:
    name = " ".join(label.split())
    if not name:
        raise InputError(f"{source}: an empty label names no event; give it a name")
    name = BACKGROUND if name.casefold() == BACKGROUND else name
    return Example(name, path, onset, offset, source)


def _span(text: str, source: str) -> tuple[float, float | None]:
    on, dash, off = text.partition("-")
    try:
        if not dash:
            raise ValueError
        onset, offset = _time(on), _time(off)
    except ValueError as err:
        raise InputError(
            f"{source}: {text!r} is no time ON-OFF in seconds, such as 2-5 or 2.5-7; another film "
            "goes with another --event"
        ) from err
    return _ordered(onset, offset, source)


def _time(text: str) -> float:
    """Seconds; no sign, no exponent, no infinity."""
    if not text or text.strip("0123456789.") or text.count(".") > 1 or text == ".":
        raise ValueError
    return float(text)


def _ordered(onset: float, offset: float, source: str) -> tuple[float, float]:
    if onset >= offset:
        raise InputError(
            f"{source}: {onset:g}-{offset:g} ends before it begins; write the onset first"
        )
    return onset, offset


def _of_table(path: Path) -> list[Example]:
    """Rows of a CSV, whose films are named from its own folder."""
    text = read_text(path)
    try:
        rows = [r for r in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in r)]
    except csv.Error as err:
        raise InputError(f"{path}: cannot be read as a CSV table ({err})") from err
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    missing = [name for name in COLUMNS if name not in head]
    if missing:
        raise InputError(
            f"{path}: has no column {', '.join(missing)}; its first line must name "
            f"{', '.join(COLUMNS)}"
        )
    if not rows[1:]:
        raise InputError(f"{path}: has no rows below its first line")
    places = [head.index(name) for name in COLUMNS]
    found = [_of_row(path, n, row, places) for n, row in enumerate(rows[1:], 2)]
    return _there(path, found)


def _of_row(path: Path, number: int, row: Sequence[str], places: Sequence[int]) -> Example:
    source = f"{path}, row {number}"
    if len(row) <= max(places):
        raise InputError(f"{source}: has {len(row)} columns; expected {', '.join(COLUMNS)}")
    file, on, off, label = (row[place].strip() for place in places)
    if not file:
        raise InputError(f"{source}: names no film")
    try:
        onset, offset = _time(on or "0"), _time(off) if off else None
    except ValueError as err:
        raise InputError(
            f"{source}: onset {on!r} and offset {off!r} must be seconds, or empty for the film's "
            "beginning and end"
        ) from err
    if offset is not None:
        _ordered(onset, offset, source)
    return replace(_example(label, _film(path.parent, file), onset, offset, source), listed=True)


def _film(folder: Path, name: str) -> Path:
    """A film of a table: by its name, or as a table that `avel localize` wrote escapes it."""
    path = folder / name
    return path if os.path.lexists(path) else folder / unescaped(name)


def _of_folder(root: Path) -> list[Example]:
    data = _open(root)
    chosen = data.splits.get("train", range(len(data.rows)))
    found = [_of_annotation(data, data.rows[number], root) for number in chosen]
    noisy = [
        Example(BACKGROUND, path, 0.0, None, f"{root}/noisySet.txt", listed=True)
        for video_id in data.noisy
        if (path := data.noisy_path(video_id))
    ]
    return _there(root, [*found, *noisy])


def _open(root: Path) -> AveFolder:
    """The folder; one without splits is all there is to learn from."""
    annotations = root / "Annotations.txt"
    has_splits = any((root / f"train{end}").is_file() for end in ("_order.h5", "Set.txt"))
    if has_splits or not annotations.is_file():
        return open_ave(root)
    return AveFolder(root, *read_annotations(annotations), {}, (), {})


def _of_annotation(data: AveFolder, row: Row, root: Path) -> Example:
    path = data.video_path(row.video_id) or root / f"{row.video_id}.mp4"
    source = f"{root}, {row.video_id}"
    if row.start == row.end:
        return Example(BACKGROUND, path, 0.0, None, source, listed=True)
    label = data.classes[row.label]
    return Example(label, path, row.start, row.end, source, listed=True, loose=True)


def _there(given: Path, examples: list[Example]) -> list[Example]:
    if not any(example.path.is_file() for example in examples):
        raise InputError(
            f"--from {given}: none of its {len(examples)} films is there (the first would be "
            f"{examples[0].path})"
        )
    return examples
