"""Corrected films as rows of a dataset: which pieces, under which names, in which split."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from avel.pipeline.annotations.cells import Cells, cells_of
from avel.pipeline.annotations.gather import Corrected
from avel.pipeline.annotations.pieces import Piece, pieces_within
from avel.pipeline.annotations.splits import HELD_OUT, splits_of
from avel.pipeline.datasets.ave import COLUMNS
from avel.pipeline.datasets.examples import BACKGROUND
from avel.pipeline.media.suffixes import suffix
from avel.pipeline.reasons import InputError

LEAST_BACKGROUND = 10
"""Pieces without an event that are kept at least, where no number is given."""
LETTERS = 80
"""Of a film's name in that of a row's video."""
BYTES = 180
"""The same; a whole name has 255 at most, and letters have up to four."""
DIGITS = 8
"""Of the hash of its content."""


@dataclass(frozen=True)
class Layout:
    """What the dataset is to be.

    Attributes:
        held_out: Share of each label's films for validation, and the same for the test.
        background: Number of pieces without an event at most; None for as many as there are with
            one, and ten at least.
    """

    held_out: float = HELD_OUT
    background: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.held_out < 0.5:
            raise InputError(
                f"--held-out ({self.held_out:g}) must be in [0, 0.5): so large a part of the films "
                "goes to val, and as large a one to test"
            )
        if self.background is not None and self.background < 0:
            raise InputError(
                f"--background ({self.background}) must be a number of pieces, 0 or more"
            )


@dataclass(frozen=True)
class Row:
    """One video of the dataset.

    Attributes:
        video_id: Its name, without the end.
        film: Whose piece it is.
        piece: Which cells of it.
        cells: What all of the film's cells show.
        split: Of the film.
    """

    video_id: str
    film: Corrected
    piece: Piece
    cells: Cells
    split: str

    @property
    def whole(self) -> bool:
        """Whether it is all of the film."""
        return self.piece.start == 0 and self.piece.stop == self.film.num_cells

    @property
    def file(self) -> str:
        """Seen from the dataset's folder."""
        end = suffix(self.film.path.name) if self.whole else ".mp4"
        return f"{'AVE' if self.piece.label else 'noisy'}/{self.video_id}{end}"

    @property
    def line(self) -> str:
        """Of `Annotations.txt`, with onset and offset in whole seconds of the piece."""
        piece = self.piece
        times = str(piece.onset - piece.start), str(piece.offset - piece.start)
        return "&".join((str(piece.label), self.video_id, "good", *times))


@dataclass(frozen=True)
class Planned:
    """All rows, those with events grouped by label, and what must be told."""

    rows: tuple[Row, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def annotated(self) -> list[Row]:
        """Rows of `Annotations.txt`, in order."""
        return [row for row in self.rows if row.piece.label]

    @property
    def table(self) -> str:
        """`Annotations.txt`, with its head."""
        lines = ["&".join(COLUMNS), *(row.line for row in self.annotated)]
        return "\n".join(lines) + "\n"


def plan_rows(films: Sequence[Corrected], key_of: Callable[[Path], str], layout: Layout) -> Planned:
    """Rows of films, whose content has a key of 64 hex digits each.

    Raises:
        InputError: no film shows an event, or a label cannot stand in AVE's tables.
    """
    keys, cells = dict[str, Corrected](), dict[str, Cells]()
    problems, notes = list[str](), list[str]()
    for film in films:
        key = key_of(film.path)
        if key in keys:
            problems.append(
                f"{film.path}: has the content of {keys[key].path}; its annotations are left out, "
                "for one film cannot be two; give the other's name"
            )
            continue
        keys[key] = film
        cells[key] = _cells(film)
        notes += _lost(film, cells[key])
    shown = {key: {label for label in each.labels if label} for key, each in cells.items()}
    _check_labels({label for each in shown.values() for label in each})
    splits = splits_of(shown, layout.held_out)
    rows = [row for key, film in keys.items() for row in _rows(film, key, cells[key], splits[key])]
    annotated = sorted(
        (row for row in rows if row.piece.label), key=lambda r: (r.piece.label, r.video_id)
    )
    # what shows nothing is trained on, so that it is of films that are
    empty = [row for row in rows if not row.piece.label and row.split == "train"]
    noisy = _background(empty, len(annotated), layout)
    return Planned((*annotated, *noisy), tuple(problems), tuple(notes))


def _cells(film: Corrected) -> Cells:
    """Seconds that are said to be background are what others are without a word."""
    cells = cells_of(film.spans, film.num_cells)
    shows = [s if s and s.label.casefold() != BACKGROUND else None for s in cells.shows]
    return Cells(shows, [s for s in cells.lost if s.label.casefold() != BACKGROUND])


def _rows(film: Corrected, key: str, cells: Cells, split: str) -> Iterator[Row]:
    letters = re.sub(r"[^\w.-]+", "_", film.path.stem)[:LETTERS].lstrip(".")
    name = letters.encode()[:BYTES].decode(errors="ignore") or "film"
    for piece in pieces_within(cells.labels, film.looked_at):
        row = Row(f"{name}-{key[:DIGITS]}", film, piece, cells, split)
        mark = "" if row.whole else f"-{piece.start:05}-{piece.stop:05}"
        yield Row(f"{row.video_id}{mark}", film, piece, cells, split)


def _background(rows: Sequence[Row], annotated: int, layout: Layout) -> list[Row]:
    """Those that are kept: of films without any event first, then as hashes of names fall."""
    most = layout.background
    if most is None:
        most = max(LEAST_BACKGROUND, annotated)
    order = sorted(
        rows, key=lambda r: (any(r.cells.labels), sha256(r.video_id.encode()).hexdigest())
    )
    return sorted(order[:most], key=lambda row: row.video_id)


def _check_labels(labels: set[str]) -> None:
    if not labels:
        raise InputError("no film shows an event; a dataset needs one: label it and run again")
    for label in sorted(labels):
        if "&" in label:
            raise InputError(
                f"label {label!r} has an '&', which AVE's tables have between fields; --rename it"
            )
        if not label.isprintable():
            raise InputError(
                f"label {label!r} holds characters that cannot be seen; --rename it by a table "
                "(--renames)"
            )


def _lost(film: Corrected, cells: Cells) -> Iterator[str]:
    for span in cells.lost:
        yield (
            f"{film.path}: {span.label!r}, {span.onset:g}-{span.offset:g} s, has no second: others "
            "hold for more of those it touches"
        )
