"""Labelled seconds of one film, as vectors: what it shows when, and the rest of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.models.taught import Array, Film
from avel.pipeline.datasets.examples import Example, in_words
from avel.pipeline.method.extract import Features
from avel.pipeline.reasons import InputError

HALF = 0.5
"""Share of a cell that has to be labelled for the cell to be an example."""


@dataclass(frozen=True)
class Labelled:
    """One film.

    Attributes:
        path: Its file.
        features: Of its seconds.
        vectors: The same (T, D), as they are compared.
        examples: What is labelled in it.
        shows: Cells (N,) of each event.
        rest: Cells (N,) that show none.
    """

    path: Path
    features: Features
    vectors: Array
    examples: tuple[Example, ...]
    shows: Mapping[str, NDArray[np.int64]]
    rest: NDArray[np.int64]

    def as_film(self, classes: Sequence[str]) -> Film:
        """Its vectors (N, D) by the number of the event; other events are left out."""
        shows = {
            classes.index(label): self.vectors[cells]
            for label, cells in self.shows.items()
            if label in classes
        }
        return Film(shows, self.vectors[self.rest])


def in_film(
    path: Path, examples: Sequence[Example], features: Features, vectors: Array
) -> Labelled:
    """The cells that a film's examples mean; those that they touch and do not fill mean nothing.

    Args:
        path: The film.
        examples: What is labelled in it.
        features: Of its seconds.
        vectors: The same (T, D), as they are compared.

    Raises:
        InputError: a time lies outside the film, or there is no sound or no picture at it.
    """
    present = features.visual_mask & features.audio_mask
    touched, shows = np.zeros(len(present), bool), dict[str, set[int]]()
    for example in examples:
        covered = _covered(example, features)
        cells = np.flatnonzero(covered >= min(HALF, float(covered.max(initial=0))))
        there = cells[present[cells]] if covered.any() else cells[:0]
        if not len(there):
            raise InputError(_absent(example, features, cells))
        shows.setdefault(example.label, set()).update(there.tolist())
        touched |= covered > 0
    background = _background(examples, shows)
    rest = sorted({*np.flatnonzero(present & ~touched).tolist(), *background})
    cells_of = {label: np.array(sorted(cells), np.int64) for label, cells in shows.items()}
    return Labelled(path, features, vectors, tuple(examples), cells_of, np.array(rest, np.int64))


def _background(examples: Iterable[Example], shows: dict[str, set[int]]) -> set[int]:
    """Takes the cells that are labelled as no event out of those that show one."""
    labels = {example.label for example in examples if example.is_background}
    return set().union(*(shows.pop(label) for label in labels))


def _covered(example: Example, features: Features) -> NDArray[np.float64]:
    """Share (T,) of each cell that an example spans.

    Raises:
        InputError: it lies outside the film.
    """
    T, on = len(features.visual_mask), example.onset
    off = float(T) if example.offset is None else example.offset
    if on >= T or (off > max(T, features.duration) and not example.loose):
        raise InputError(
            f"{example.source}: {in_words(example)} lies outside the film, which is "
            f"{features.duration:.1f} s long; give times in it"
        )
    cells = np.arange(T)
    return np.asarray(np.clip(np.minimum(cells + 1, off) - np.maximum(cells, on), 0, 1))


def _absent(example: Example, features: Features, cells: NDArray[np.int64]) -> str:
    senses = (("sound", features.audio_mask), ("picture", features.visual_mask))
    lacking = [name for name, mask in senses if not mask[cells].any()]
    what = " and ".join(lacking) or "second with both sound and picture"
    where = in_words(example)
    if lacking and not dict(senses)[lacking[0]].any():
        where = "the film"
    span = f"{where} has no {what}"
    return f"{example.source}: {span}; an event must be both heard and seen, give another film"


def num_seconds(film: Labelled) -> int:
    """Cells of a film that are labelled with an event."""
    return len(set().union(*(cells.tolist() for cells in film.shows.values())))
