"""Encode cached items again and compare: are the features what the weights say?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avel.cache.store import Store
from avel.extractors import AdaptedChoice, Encoder, choose
from avel.models.card import differing
from avel.pipeline.media.cells import Segments
from avel.pipeline.method import extract
from avel.pipeline.method.encode import encode_whole
from avel.pipeline.method.extract import ARRAYS
from avel.pipeline.method.kept import Arrays, Kept, widened
from avel.pipeline.method.stores import open_store, unpack
from avel.pipeline.reasons import InputError

UNCUT = "their segments are not in the cache; `avel extract` on the videos makes them"


@dataclass(frozen=True)
class Recomputed:
    """What came of it.

    Attributes:
        compared: Number of items that were encoded again.
        difference: Largest absolute difference; NaN where one of a pair is.
        skipped: Number of items that cannot be encoded again.
        why: In words, why these are skipped.
    """

    compared: int
    difference: float = 0.0
    skipped: int = 0
    why: str = ""


def recompute(
    root: Path,
    features: Store,
    count: int,
    weights: Sequence[Path] = (),
    adapters: Path | None = None,
) -> Recomputed:
    """Encode items again, spread evenly over the store.

    Args:
        root: The cache.
        features: A store of features.
        count: Number of items at most.
        weights: The encoder's files; none to look where weights are kept.
        adapters: File of tuned adapters, or the run folder that holds one.

    Raises:
        InputError: the weights or adapters given are not those of the store.
        WeightsError: the encoder's weights are missing.
        MediaError: the encoder failed.
    """
    keys = sorted(features.keys())
    if why := _cannot(features.recipe, adapters):
        return Recomputed(0, skipped=len(keys), why=why)
    segments = open_store(root, features.recipe["upstream"], make=False)
    usable = [key for key in keys if key in segments]
    chosen = usable[:: max(1, len(usable) // count)][:count]
    if not chosen:
        return Recomputed(0, skipped=len(keys), why=UNCUT)
    extractor = _encoder(features, weights, adapters).load()
    sound_seconds = features.recipe["upstream"]["config"].get("sound_seconds", ())
    compared, worst, kept = 0, 0.0, Kept.of_recipe(features.recipe)
    for key in chosen:
        cells, cached = segments.get(key), features.get(key)
        if cells is None or cached is None:
            continue
        fresh = encode_whole(extractor, [unpack(Segments, cells)], 32, sound_seconds)
        compared, worst = compared + 1, _max(worst, _difference(kept.pack(fresh), cached))
    skipped = len(keys) - len(usable) + len(chosen) - compared
    return Recomputed(compared, worst, skipped, UNCUT if skipped else "")


def _cannot(recipe: Mapping[str, Any], adapters: Path | None) -> str:
    """Why no item of a recipe can be encoded again; empty where they can."""
    config = recipe["config"]
    if "extractor" not in config or "upstream" not in recipe:
        return f"they were imported ({config.get('imported', 'by another program')})"
    if recipe["version"] != extract.VERSION:
        return f"avel made them by version {recipe['version']}, and now by {extract.VERSION}"
    if "adapters" in config and adapters is None:
        return f"adapters {str(config['adapters'])[:12]} corrected them; give --adapters RUN"
    return ""


def _encoder(features: Store, weights: Sequence[Path], adapters: Path | None) -> Encoder:
    """The encoder that made a store's features."""
    config = features.recipe["config"]
    base = choose(config["extractor"], weights, config["options"])
    encoder: Encoder = base
    if "adapters" in config and adapters is not None:
        encoder = AdaptedChoice(base, adapters)
    if wrong := differing(config, encoder.recipe):
        name, old, new = wrong[0]
        raise InputError(
            f"{features.folder}: the features were made with {name} {str(old)[:12]}, not "
            f"{str(new)[:12]}; give what they were made with, --weights and --adapters"
        )
    return encoder


def _difference(one: Arrays, other: Arrays) -> float:
    """Largest absolute difference of all arrays (T, ...) of floats that are kept."""
    wide, others = widened(one), widened(other)
    pairs = [(wide[name], others[name]) for name in ARRAYS if name in wide]
    return _max(*(np.abs(np.float32(a) - np.float32(b)).max(initial=0) for a, b in pairs))


def _max(*values: float) -> float:
    """The largest, or NaN where one is, which `max` may pass over."""
    return float(np.max(values))
