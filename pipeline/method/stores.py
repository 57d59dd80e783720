"""Where the results of stages are kept, under one cache folder."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store


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
