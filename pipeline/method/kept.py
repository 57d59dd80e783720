"""Which of a video's features are kept, and how: the map is 97 % of it and not always needed.

A choice other than the usual makes features of their own fingerprint, so that nobody takes a part
for the whole; without one a recipe says nothing of it, and old fingerprints hold.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.cache.fingerprint import fingerprint
from avel.cache.plain import listing, read_text
from avel.cache.store import ABOUT, SUFFIX
from avel.pipeline.method.extract import ARRAYS, Features
from avel.pipeline.method.stores import pack, unpack
from avel.pipeline.reasons import InputError

KEPT = "kept"
MAP, SCALE = "visual_map", "visual_map_scale"
DTYPES = ("float16", "int8")
STEPS = 127
"""Of int8 to either side of zero."""
Arrays = Mapping[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Kept:
    """What is kept of features; masks, duration and flags always are.

    Attributes:
        arrays: Of `ARRAYS`; empty for all that the encoder gives.
        map_dtype: Of the map: float16 as it comes, or int8 of half the size, where each cell has a
            scale of its own and a number is off by less than 0.5 % of the cell's largest.
    """

    arrays: tuple[str, ...] = ()
    map_dtype: str = "float16"

    def __post_init__(self) -> None:
        if unknown := [name for name in self.arrays if name not in ARRAYS]:
            raise InputError(
                f"--arrays {','.join(self.arrays)}: no array '{unknown[0]}'; there are "
                f"{', '.join(ARRAYS)}"
            )
        if self.map_dtype not in DTYPES:
            raise InputError(f"--map-dtype {self.map_dtype}: must be one of {', '.join(DTYPES)}")
        if self.map_dtype != DTYPES[0] and not self.has(MAP):
            raise InputError(
                f"--map-dtype {self.map_dtype} and --arrays {','.join(self.arrays)}: no map is "
                f"kept; leave out --map-dtype, or keep {MAP}"
            )

    @classmethod
    def of_recipe(cls, recipe: Mapping[str, Any]) -> "Kept":
        """What features of a recipe keep."""
        said = recipe.get(KEPT, {})
        return cls(tuple(said.get("arrays", ())), said.get("map_dtype", DTYPES[0]))

    @property
    def recipe(self) -> dict[str, Any]:
        """Its part of the features' recipe: nothing where all is kept as it comes."""
        chosen: dict[str, Any] = {"arrays": sorted(self.arrays)} if self.arrays else {}
        if self.map_dtype != DTYPES[0]:
            chosen["map_dtype"] = self.map_dtype
        return {KEPT: chosen} if chosen else {}

    def has(self, name: str) -> bool:
        """Whether an array of this name is kept."""
        return not self.arrays or name in self.arrays or name not in ARRAYS

    def pack(self, features: Features) -> dict[str, NDArray[np.generic]]:
        """The arrays (T, ...) of an item: what is kept of features.

        Raises:
            InputError: the encoder gives no such array.
        """
        found = pack(features)
        if self == ALL:
            return found
        if lacking := [name for name in self.arrays if name not in found]:
            given = ", ".join(name for name in ARRAYS if name in found)
            raise InputError(
                f"--arrays {','.join(self.arrays)}: this encoder gives no '{lacking[0]}'; it gives "
                f"{given}"
            )
        found = {name: array for name, array in found.items() if self.has(name)}
        if self.map_dtype == "int8":
            found[MAP], found[SCALE] = _narrow(features.visual_map)
        return found


ALL = Kept()
"""As it comes."""


def unpack_features(arrays: Arrays) -> Features:
    """The features of an item's arrays (T, ...), which must be all that `Features` needs."""
    return unpack(Features, widened(arrays))


def widened(arrays: Arrays) -> dict[str, NDArray[Any]]:
    """An item's arrays (T, ...) with the map in float16, however it is kept."""
    wide = dict(arrays)
    if (scale := wide.pop(SCALE, None)) is not None and MAP in wide:
        wide[MAP] = _widen(wide[MAP], scale)
    return wide


def require(recipe: Mapping[str, Any], names: Sequence[str], who: str) -> None:
    """Refuse features that were kept without arrays that are needed.

    Raises:
        InputError: says which are lacking, and how to make them.
    """
    kept = Kept.of_recipe(recipe)
    if lacking := [name for name in names if not kept.has(name)]:
        raise InputError(
            f"features {fingerprint(recipe)[:12]} were kept with --arrays {','.join(kept.arrays)} "
            f"and so have no {', '.join(lacking)}, which {who} needs; run `avel extract` again "
            f"without --arrays, or with --arrays {','.join([*kept.arrays, *lacking])}"
        )


def part_of(root: Path, recipe: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Recipes of a cache folder's features that keep another part of the same."""
    whole = _whole(recipe)
    folder = root / str(recipe["stage"])
    for name in listing(folder) or ():
        try:
            other = json.loads(read_text(folder / name / ABOUT) or "")
        except ValueError:  # `avel cache ls` names it
            continue
        if not isinstance(other, dict) or other == recipe:
            continue
        if _whole(other) == whole and fingerprint(other) == name:
            yield other


def enough(
    root: Path, recipe: Mapping[str, Any], names: Sequence[str] | None
) -> Mapping[str, Any] | None:
    """Recipe of kept features that hold all that is read, where whole ones were never made.

    Args:
        root: Cache folder.
        recipe: Of the whole features.
        names: Arrays that are read; None for all, and then nothing less is enough.
    """
    if names is None or _made(root, recipe):
        return None
    for other in part_of(root, recipe):
        kept = Kept.of_recipe(other)
        if all(kept.has(name) for name in names) and _made(root, other):
            return other
    return None


def _made(root: Path, recipe: Mapping[str, Any]) -> bool:
    names = listing(root / str(recipe["stage"]) / fingerprint(recipe)) or ()
    return any(name.endswith(SUFFIX) for name in names)


def _whole(recipe: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in recipe.items() if name != KEPT}


def _narrow(values: NDArray[np.float16]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A map (T, P, C) as int8, and the step (T,) of each cell."""
    wide = values.astype(np.float32)
    step = np.abs(wide).reshape(len(wide), -1).max(1, initial=0) / STEPS
    scaled = wide / np.where(step > 0, step, 1)[:, None, None]
    return np.rint(scaled).astype(np.int8), step.astype(np.float32)


def _widen(values: NDArray[Any], step: NDArray[Any]) -> NDArray[np.float16]:
    return np.asarray(values * step[:, None, None], np.float16)
