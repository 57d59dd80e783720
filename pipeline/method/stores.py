"""Which store belongs to which stage, and a stage's results as cache items.

Recipes are made each from the one before; items are arrays as they are, and the rest as JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store
from avel.pipeline.media import cells
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method import extract, scores

Packable = TypeVar("Packable")
META = "meta"


@dataclass(frozen=True)
class Stores:
    """Where a run's cells and features are, and what it knows of files' contents."""

    segments: Store
    features: Store
    keys: ContentKeys


@dataclass(frozen=True)
class LocalizationStores(Stores):
    """The same, and where the scores are."""

    scores: Store


def open_store(root: Path, recipe: Mapping[str, Any], *, make: bool = True) -> Store:
    """The store of a recipe's stage."""
    return Store(root, str(recipe["stage"]), recipe, make=make)


def segments_recipe(config: SegmentConfig) -> dict[str, Any]:
    """Recipe of the segments stage, which cuts videos into cells."""
    return {"stage": "segments", "version": cells.VERSION, "config": config.chosen}


def features_recipe(config: SegmentConfig, extractor: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe of the features stage, (T, ...) by video; `extractor` is the extractor's own."""
    return {
        "stage": "features",
        "version": extract.VERSION,
        "config": dict(extractor),
        "upstream": segments_recipe(config),
    }


def scores_recipe(
    features: Mapping[str, Any], model_sha256: str, config: Mapping[str, Any]
) -> dict[str, Any]:
    """Recipe of the scores stage: a trained model over windows of features (T, ...)."""
    return {
        "stage": "scores",
        "version": scores.VERSION,
        "config": dict(config),
        "model_sha256": model_sha256,
        "upstream": dict(features),
    }


def pack(result: Any) -> dict[str, NDArray[np.generic]]:
    """Arrays (T, ...) of a dataclass by name, and its other fields as JSON bytes in `meta`.

    Fields that a result need not have, and this one has not, are left out.
    """
    arrays: dict[str, NDArray[np.generic]] = {}
    rest: dict[str, Any] = {}
    for name, may_be_none, may_be_empty in _fields(type(result)):
        value = getattr(result, name)
        if (may_be_none and value is None) or (may_be_empty and not len(value)):
            continue  # the default says as much
        (arrays if isinstance(value, np.ndarray) else rest)[name] = value
    arrays[META] = np.frombuffer(json.dumps(rest).encode(), np.uint8)
    return arrays


@cache
def _fields(kind: type) -> tuple[tuple[str, bool, bool], ...]:
    """Names, and whether the default is None, or something without rows."""
    return tuple(
        (field.name, field.default is None, field.default_factory is not MISSING)
        for field in fields(kind)
    )


def unpack(kind: type[Packable], arrays: Mapping[str, NDArray[np.generic]]) -> Packable:
    """The dataclass that `pack` took apart into arrays (T, ...); lists come back as tuples."""
    rest = json.loads(arrays[META].tobytes())
    rest = {name: tuple(v) if isinstance(v, list) else v for name, v in rest.items()}
    return kind(**{name: value for name, value in arrays.items() if name != META}, **rest)
