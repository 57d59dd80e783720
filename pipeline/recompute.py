"""Encode cached items again and compare: are the features what the weights say?"""

from pathlib import Path

import numpy as np

from avel.cache.store import Store
from avel.extractors import build
from avel.pipeline.extract import Features, encode_whole
from avel.pipeline.packing import unpack
from avel.pipeline.reasons import InputError
from avel.pipeline.segment import Segments
from avel.pipeline.stages import open_store


def recompute(root: Path, features: Store, count: int, weights: Path | None) -> tuple[int, float]:
    """Number of items compared, at most `count`, and the largest absolute difference.

    Items are spread evenly over the store; only those whose segments are cached can be used.

    Raises:
        InputError: the weights given are not those of the store.
    """
    segments = open_store(root, features.recipe["upstream"], make=False)
    keys = [key for key in sorted(features.keys()) if key in segments]
    keys = keys[:: max(1, len(keys) // count)][:count]
    config = features.recipe["config"]
    extractor = build(config["extractor"], weights)
    if extractor.weights.sha256 != config["weights_sha256"]:
        raise InputError(
            f"{extractor.weights.path}: sha256 {extractor.weights.sha256[:12]}, but the features "
            f"were made with {config['weights_sha256'][:12]}; give those weights with --weights"
        )
    worst = 0.0
    for key in keys:
        cells, cached = segments.get(key), features.get(key)
        if cells is None or cached is None:
            continue
        fresh = encode_whole(extractor, iter([unpack(Segments, cells)]), 32)
        old = unpack(Features, cached)
        for name in ("visual", "visual_map", "audio"):
            difference = np.abs(np.float32(getattr(fresh, name)) - np.float32(getattr(old, name)))
            worst = max(worst, float(difference.max()))
    return len(keys), worst
