"""Encode cached items again and compare: are the features what the weights say?"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from avel.cache.store import Store
from avel.extractors import choose
from avel.models.card import differing
from avel.pipeline.media.cells import Segments
from avel.pipeline.method.extract import ARRAYS, Features, encode_whole
from avel.pipeline.method.stores import open_store, unpack
from avel.pipeline.reasons import InputError


def recompute(
    root: Path, features: Store, count: int, weights: Sequence[Path]
) -> tuple[int, float]:
    """Number of items compared, at most `count`, and the largest absolute difference.

    Items are spread evenly over the store; only those whose segments are cached can be used.

    Raises:
        InputError: the weights given are not those of the store.
    """
    segments = open_store(root, features.recipe["upstream"], make=False)
    keys = [key for key in sorted(features.keys()) if key in segments]
    keys = keys[:: max(1, len(keys) // count)][:count]
    config = features.recipe["config"]
    encoder = choose(config["extractor"], weights, config["options"])
    if wrong := differing(config, encoder.recipe):
        name, old, new = wrong[0]
        raise InputError(
            f"{features.folder}: the features were made with {name} {str(old)[:12]}, not "
            f"{str(new)[:12]}; give the weights that they were made with, --weights"
        )
    extractor = encoder.load()
    sound_seconds = features.recipe["upstream"]["config"].get("sound_seconds", ())
    worst = 0.0
    for key in keys:
        cells, cached = segments.get(key), features.get(key)
        if cells is None or cached is None:
            continue
        fresh = encode_whole(extractor, [unpack(Segments, cells)], 32, sound_seconds)
        old = unpack(Features, cached)
        for name in (name for name in ARRAYS if getattr(fresh, name) is not None):
            difference = np.abs(np.float32(getattr(fresh, name)) - np.float32(getattr(old, name)))
            worst = max(worst, float(difference.max()))
    return len(keys), worst
