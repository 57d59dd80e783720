"""Stores are found by the recipe of their stage, whoever opens them."""

from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avel.cache.fingerprint import fingerprint
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.recipes import features_recipe, scores_recipe, segments_recipe
from avel.pipeline.method.stores import LocalizationStores, Stores, open_store
from tests.cache.items import key

SEGMENTS = segments_recipe(SegmentConfig())
FEATURES = features_recipe(SegmentConfig(), {"extractor": "x"})
SCORES = scores_recipe(FEATURES, "0" * 64, {})


@pytest.mark.parametrize(
    ("recipe", "stage"), [(SEGMENTS, "segments"), (FEATURES, "features"), (SCORES, "scores")]
)
def test_a_store_lies_under_its_stage(tmp_path: Path, recipe: dict[str, Any], stage: str) -> None:
    store = open_store(tmp_path, recipe)
    assert store.stage == stage
    assert store.folder == tmp_path / stage / fingerprint(recipe)
    assert store.folder.is_dir()
    assert store.recipe == recipe


def test_who_only_looks_makes_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path / "cache", FEATURES, make=False)
    assert (len(store), list(store.keys())) == (0, [])
    assert not (tmp_path / "cache").exists()


def test_one_recipe_is_one_store(tmp_path: Path) -> None:
    """What one wrote the next one reads; another recipe has nothing of it."""
    rows = np.arange(6, dtype=np.float32).reshape(3, 2)
    with open_store(tmp_path, FEATURES).writer() as writer:
        writer.add(key(1), {"visual": rows})
    found = open_store(tmp_path, dict(reversed(FEATURES.items())), make=False).get(key(1))
    assert found is not None
    np.testing.assert_array_equal(found["visual"], rows)
    other = features_recipe(SegmentConfig(), {"extractor": "y"})
    assert open_store(tmp_path, other).get(key(1)) is None
    assert open_store(tmp_path, SEGMENTS).get(key(1)) is None


def test_another_cut_is_another_store_of_every_stage(tmp_path: Path) -> None:
    cut = SegmentConfig(image_size=64)
    features = features_recipe(cut, {"extractor": "x"})
    others = segments_recipe(cut), features, scores_recipe(features, "0" * 64, {})
    for recipe, other in zip((SEGMENTS, FEATURES, SCORES), others, strict=True):
        assert open_store(tmp_path, recipe).folder != open_store(tmp_path, other).folder


def test_a_recipe_without_a_stage(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="stage"):
        open_store(tmp_path, {"version": 1})


def test_localization_knows_one_store_more() -> None:
    names = [field.name for field in fields(Stores)]
    assert names == ["segments", "features", "keys"]
    assert [field.name for field in fields(LocalizationStores)] == [*names, "scores"]
