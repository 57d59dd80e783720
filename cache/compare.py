"""Where two sets of items differ, and by how much."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avel.cache.arrays import Array
from avel.cache.plain import release
from avel.cache.store import Store

META = "meta"
"""An item's array of JSON."""
BLOCK = 1 << 20
"""Numbers compared at once, so that a long item costs no memory."""


@dataclass
class Worst:
    """The largest (or lowest) of a measure, and the key of the item that has it."""

    value: float
    key: str = ""


@dataclass
class ArrayDifference:
    """How an array of one name differs over all items that both sets have.

    Attributes:
        compared: Items in which both have it in one shape.
        unequal: Of these, items in which some number differs.
        absolute: Largest difference of two numbers; infinite where one of them is not finite.
        relative: Largest difference as a share of the largest number of the item in either set.
        cosine: Lowest between two rows, in [-1, 1]; rows of zeros in both are alike.
        shapes: Key to both shapes, where they differ.
        dtypes: Key to both dtypes, where they differ; numbers are compared nevertheless.
        missing: Keys of items in which only one set has it.
    """

    compared: int = 0
    unequal: int = 0
    absolute: Worst = field(default_factory=lambda: Worst(0.0))
    relative: Worst = field(default_factory=lambda: Worst(0.0))
    cosine: Worst = field(default_factory=lambda: Worst(1.0))
    shapes: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = field(default_factory=dict)
    dtypes: dict[str, tuple[str, str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def take(self, key: str, a: Array, b: Array) -> None:
        """Compare two arrays (rows, ...) of one item."""
        if a.shape != b.shape:
            self.shapes[key] = a.shape, b.shape
            return
        if a.dtype != b.dtype:
            self.dtypes[key] = a.dtype.name, b.dtype.name
        self.compared += 1
        found = _differences(a, b)
        self.unequal += found[0] > 0 or found[2] < 1
        for worst, value in zip((self.absolute, self.relative), found[:2], strict=True):
            if value > worst.value:
                worst.value, worst.key = value, key
        if found[2] < self.cosine.value:
            self.cosine.value, self.cosine.key = found[2], key

    def within(self, tolerance: float) -> bool:
        """Whether every item has the array in both, in one shape, no further apart than that."""
        return not self.shapes and not self.missing and self.absolute.value <= tolerance


@dataclass
class Comparison:
    """Two sets of items beside each other.

    Attributes:
        only: Keys of items that one set alone has, A's and B's.
        both: Number of items in both.
        unreadable: Keys of items that are damaged in one.
        arrays: By name.
        fields: Of what is no array (`duration`, `flags`), the keys of items in which it differs.
    """

    only: tuple[list[str], list[str]]
    both: int
    unreadable: list[str] = field(default_factory=list)
    arrays: dict[str, ArrayDifference] = field(default_factory=dict)
    fields: dict[str, list[str]] = field(default_factory=dict)

    def within(self, tolerance: float) -> bool:
        """Whether both have the same items, and no number is further apart than that."""
        alike = not (self.only[0] or self.only[1] or self.unreadable or self.fields)
        return alike and all(array.within(tolerance) for array in self.arrays.values())


def compare(
    a: Store, b: Store, plain: Callable[[Mapping[str, Array]], Mapping[str, Array]] = dict
) -> Iterator[Comparison]:
    """Read all items of both and compare them; yields the comparison as it grows, by item.

    Args:
        a: One set.
        b: The other.
        plain: Makes numbers of an item's arrays, where they are kept in another form.

    Raises:
        CacheUnavailable: an item cannot be read now.
    """
    keys_a, keys_b = set(a.keys()), set(b.keys())
    shared = sorted(keys_a & keys_b)
    found = Comparison((sorted(keys_a - keys_b), sorted(keys_b - keys_a)), len(shared))
    yield found
    for key in shared:
        one, other = a.get(key), b.get(key)
        if one is None or other is None:
            found.unreadable.append(key)
        else:
            _take(found, key, plain(one), plain(other))
        yield found


def _take(
    found: Comparison, key: str, one: Mapping[str, Array], other: Mapping[str, Array]
) -> None:
    for name in sorted({*one, *other} - {META}):
        difference = found.arrays.setdefault(name, ArrayDifference())
        if name in one and name in other:
            difference.take(key, one[name], other[name])
        else:
            difference.missing.append(key)
    rest, others = _json(one), _json(other)
    for name in sorted({*rest, *others}):
        if rest.get(name) != others.get(name):
            found.fields.setdefault(name, []).append(key)


def _json(arrays: Mapping[str, Array]) -> dict[str, object]:
    return dict(json.loads(arrays[META].tobytes())) if META in arrays else {}


def _differences(a: Array, b: Array) -> tuple[float, float, float]:
    """Largest absolute and relative difference, and lowest cosine of two rows."""
    absolute, scale, cosine = 0.0, 0.0, 1.0
    step = max(1, BLOCK // max(1, a[:1].size))
    for first in range(0, len(a), step):
        some, others = (x[first : first + step] for x in (a, b))
        one, other = (x.astype(np.float64).reshape(len(x), -1) for x in (some, others))
        for view in (some, others):
            release(view)
        absolute = max(absolute, _largest(one, other))
        scale = max(scale, _finite(one), _finite(other))
        cosine = min(cosine, _lowest_cosine(one, other))
    return absolute, absolute / scale if scale else absolute, cosine


def _largest(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Largest difference of two numbers; infinite where one alone is not finite."""
    same = (one == other) | (np.isnan(one) & np.isnan(other))
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0.0, np.abs(one - other))
    return float(np.where(np.isnan(apart), np.inf, apart).max(initial=0))


def _finite(values: NDArray[np.float64]) -> float:
    return float(np.abs(values).max(initial=0, where=np.isfinite(values)))


def _lowest_cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Of rows that are not equal; a row of zeros is at right angles to any other."""
    rows = (one != other).any(1) & np.isfinite(one).all(1) & np.isfinite(other).all(1)
    one, other = one[rows], other[rows]
    lengths = np.linalg.norm(one, axis=1) * np.linalg.norm(other, axis=1)
    products = (one * other).sum(1)
    cosines = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    return float(np.minimum(cosines, 1).min(initial=1))
