"""Which store belongs to which stage: recipes and fingerprints, each made from the one before."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from avel.cache.store import Store
from avel.pipeline import extract, scores, segment
from avel.pipeline.segment import SegmentConfig


def segments_recipe(config: SegmentConfig) -> dict[str, Any]:
    """Recipe of the segments stage."""
    return {"stage": "segments", "version": segment.VERSION, "config": asdict(config)}


def features_recipe(config: SegmentConfig, extractor: Mapping[str, Any]) -> dict[str, Any]:
    """Recipe of the features stage; `extractor` is the extractor's own recipe."""
    return {
        "stage": "features",
        "version": extract.VERSION,
        "config": dict(extractor),
        "upstream": segments_recipe(config),
    }


def scores_recipe(
    features: Mapping[str, Any], model_sha256: str, config: Mapping[str, Any]
) -> dict[str, Any]:
    """Recipe of the scores stage: a trained model over windows of features."""
    return {
        "stage": "scores",
        "version": scores.VERSION,
        "config": dict(config),
        "model_sha256": model_sha256,
        "upstream": dict(features),
    }


def open_store(root: Path, recipe: Mapping[str, Any], *, make: bool = True) -> Store:
    """The store of a recipe's stage."""
    return Store(root, str(recipe["stage"]), recipe, make=make)
