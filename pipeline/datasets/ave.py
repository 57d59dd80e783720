"""The AVE folder: annotation rows, classes, splits, labels and the videos beside them.

Row numbers (header excluded) are the sample keys of the whole bench: two rows may share a
video. Labels follow specification section 1.5: cell t of a row [s, e) of class c is c where
s <= t < e, else background, whose index is the number of classes.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.cache.ave_h5 import LayoutError, read_order
from avel.pipeline.datasets.stems import video_of
from avel.pipeline.media.text import read_lines, read_text
from avel.pipeline.reasons import InputError

CELLS = 10
COLUMNS = ("Category", "VideoID", "Quality", "StartTime", "EndTime")
SPLITS = ("train", "val", "test")
MATCH_SPLITS = ("train_match", "val_match", "test_match")
"""Of cross-modality localization: `<split>_order_match.h5`, not in every folder."""
VIDEO_FOLDERS = ("AVE", "videos", "")


@dataclass(frozen=True)
class Row:
    """One annotated sample: class index, video and event [start, end) in seconds."""

    label: int
    video_id: str
    start: int
    end: int


@dataclass(frozen=True)
class AveFolder:
    """What an AVE-shaped folder says, checked.

    Attributes:
        classes: Names in label order; background is index `len(classes)`.
        rows: All annotation rows, in the file's order.
        splits: Row numbers by split.
        match_splits: The same of `MATCH_SPLITS`, where their files are there.
        noisy: Ids of background-only videos, for the weak setting.
    """

    root: Path
    classes: tuple[str, ...]
    rows: tuple[Row, ...]
    splits: dict[str, NDArray[np.int64]]
    noisy: tuple[str, ...]
    match_splits: Mapping[str, NDArray[np.int64]]

    @cached_property
    def sha256(self) -> str:
        """Of the classes and rows, 64 hex digits: what features stored by row number belong to."""
        rows = [[self.classes[r.label], r.video_id, r.start, r.end] for r in self.rows]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()

    def video_path(self, video_id: str) -> Path | None:
        """File of an annotated video; None where it is missing."""
        return _find(self.root, VIDEO_FOLDERS, video_id)

    def noisy_path(self, video_id: str) -> Path | None:
        """File of a background-only video; None where it is missing."""
        return _find(self.root, ("noisy",), video_id)


def _find(root: Path, folders: Sequence[str], video_id: str) -> Path | None:
    found = (video_of(root / folder, video_id) for folder in folders)
    return next((path for path in found if path), None)


def open_ave(root: Path) -> AveFolder:
    """Read and check the tables of an AVE-shaped folder; events are in whole seconds.

    Raises:
        InputError: a table is missing or wrong; names the file, the line and the rule.
    """
    annotations = root / "Annotations.txt"
    if not annotations.is_file():
        raise InputError(
            f"{root}: has no Annotations.txt; give the folder of the AVE dataset or one that "
            "`avel synth` wrote"
        )
    classes, rows = read_annotations(annotations)
    _check_categories(root / "categories.txt", classes)
    splits = {split: _read_split(root, split, rows, classes) for split in SPLITS}
    match_splits = {
        split: _order(path, len(rows))
        for split in MATCH_SPLITS
        if (path := root / match_file(split)).is_file()
    }
    noisy = root / "noisySet.txt"
    ids = tuple(read_text(noisy).split()) if noisy.is_file() else ()
    return AveFolder(root, classes, rows, splits, ids, match_splits)


def read_annotations(path: Path) -> tuple[tuple[str, ...], tuple[Row, ...]]:
    """Classes in order of first appearance, and rows in seconds, of an `Annotations.txt`.

    Both published forms are read: with a header line (dataset archive) and without (code
    repositories). Fields are separated by `&`; category names hold commas.
    """
    lines = read_lines(path)
    first = 1 if lines and lines[0].strip() == "&".join(COLUMNS) else 0
    classes: dict[str, int] = {}
    rows = []
    for number, line in enumerate(lines[first:], first + 1):
        if line.strip():
            rows.append(_row(path, number, line, classes))
    if not rows:
        raise InputError(f"{path}: has no rows; expected lines {'&'.join(COLUMNS)}")
    return tuple(classes), tuple(rows)


def _row(path: Path, number: int, line: str, classes: dict[str, int]) -> Row:
    fields = line.strip().split("&")
    if len(fields) != len(COLUMNS):
        raise InputError(
            f"{path}, line {number}: {len(fields)} columns, expected {len(COLUMNS)} separated by "
            f"'&' ({', '.join(COLUMNS)}): {line[:80]!r}"
        )
    category, video_id, _, start, end = fields
    if not (start.isdigit() and end.isdigit() and int(start) <= int(end) <= CELLS):
        raise InputError(
            f"{path}, line {number}: event [{start}, {end}) must be whole seconds with "
            f"0 <= start <= end <= {CELLS}"
        )
    if not video_id or "/" in video_id or "\\" in video_id or video_id.startswith("."):
        raise InputError(f"{path}, line {number}: {video_id!r} is no video id")
    return Row(classes.setdefault(category, len(classes)), video_id, int(start), int(end))


def _check_categories(path: Path, classes: tuple[str, ...]) -> None:
    if not path.is_file():
        return
    names = read_text(path).removesuffix("\n").split("\n")
    for at, (name, seen) in enumerate(zip_longest(names[: len(classes)], classes)):
        if name != seen:
            found = "is missing" if name is None else repr(name)
            raise InputError(
                f"{path}, line {at + 1}: {found}, but class {at} by first appearance in "
                f"Annotations.txt is {seen!r}; list every class in that order, or delete the file"
            )


def _read_split(
    root: Path, split: str, rows: Sequence[Row], classes: Sequence[str]
) -> NDArray[np.int64]:
    """Rows of a split: from its order file, else from its `*Set.txt`."""
    path = split_file(root, split)
    if not path.is_file():
        raise InputError(
            f"{root}: has neither {split}_order.h5 nor {path.name}; the splits are unknown"
        )
    if path.suffix == ".h5":
        return _order(path, len(rows))
    return _rows_listed(path, rows, classes)


def split_file(root: Path, split: str) -> Path:
    """The file of an AVE-shaped folder that says which rows are in a split."""
    if split in MATCH_SPLITS:
        return root / match_file(split)
    order = root / f"{split}_order.h5"
    return order if order.is_file() else root / f"{split}Set.txt"


def match_file(split: str) -> str:
    """Name of a cross-modality split's order file."""
    return f"{split.removesuffix('_match')}_order_match.h5"


def _order(path: Path, num_rows: int) -> NDArray[np.int64]:
    try:
        return read_order(path, num_rows)
    except LayoutError as err:
        raise InputError(str(err)) from err


def _rows_listed(path: Path, rows: Sequence[Row], classes: Sequence[str]) -> NDArray[np.int64]:
    numbers: dict[tuple[str, str, int, int], list[int]] = {}
    for number, row in enumerate(rows):
        numbers.setdefault((classes[row.label], row.video_id, row.start, row.end), []).append(
            number
        )
    found = []
    for at, line in enumerate(read_lines(path), 1):
        if not line.strip() or line.strip() == "&".join(COLUMNS):
            continue
        fields = line.strip().split("&")
        key = (fields[0], *fields[1:2], *(int(f) if f.isdigit() else -1 for f in fields[3:5]))
        same = numbers.get(key)  # type: ignore[arg-type]
        if not same:
            raise InputError(f"{path}, line {at}: is no row of Annotations.txt: {line[:80]!r}")
        found.append(same.pop(0) if len(same) > 1 else same[0])
    return np.array(found, np.int64)


def segment_labels(rows: Sequence[Row], num_classes: int) -> NDArray[np.int64]:
    """Class of each cell (N, 10); background is `num_classes`. Specification section 1.5."""
    labels = np.full((len(rows), CELLS), num_classes, np.int64)
    for n, row in enumerate(rows):
        labels[n, row.start : row.end] = row.label
    return labels


def video_labels(rows: Sequence[Row]) -> NDArray[np.int64]:
    """Class of each row (N,), whatever the event's length: a row without one keeps its class."""
    return np.array([row.label for row in rows], np.int64)
