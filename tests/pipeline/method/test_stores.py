"""Recipes by stage, each upon the one before; stores found by them; results as items and back."""

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from avel.cache.fingerprint import fingerprint
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.method import extract, scores
from avel.pipeline.method.extract import Features
from avel.pipeline.method.stores import (
    META,
    LocalizationStores,
    Stores,
    features_recipe,
    open_store,
    pack,
    scores_recipe,
    segments_recipe,
    unpack,
)
from tests.cache.items import key

ENCODER = {"extractor": "stub", "options": {}}
SEGMENTS = segments_recipe(SegmentConfig())
FEATURES = features_recipe(SegmentConfig(), {"extractor": "x"})
SCORES = scores_recipe(FEATURES, "0" * 64, {})


@dataclass(frozen=True)
class Thing:
    numbers: np.ndarray
    flags: tuple[str, ...]
    seconds: float
    more: np.ndarray


@given(
    hnp.arrays(st.sampled_from(["f4", "f2", "?", "i8"]), hnp.array_shapes(max_dims=3)),
    st.lists(st.text(), max_size=3),
    st.floats(allow_nan=False, allow_infinity=False),
)
def test_what_is_packed_comes_back(numbers: np.ndarray, flags: list[str], seconds: float) -> None:
    thing = Thing(numbers, tuple(flags), seconds, np.arange(3))
    arrays = pack(thing)
    assert set(arrays) == {"numbers", "more", META}
    found = unpack(Thing, arrays)
    np.testing.assert_array_equal(found.numbers, numbers)
    assert found.numbers.dtype == numbers.dtype
    assert (found.flags, found.seconds) == (tuple(flags), seconds)


def test_every_stage_is_upon_the_one_before() -> None:
    cut = SegmentConfig()
    features = features_recipe(cut, ENCODER)
    scored = scores_recipe(features, "model", {"overlap_cells": 5})
    assert features["upstream"] == segments_recipe(cut)
    assert scored["upstream"] == features
    stages = [segments_recipe(cut), features, scored]
    assert [recipe["stage"] for recipe in stages] == ["segments", "features", "scores"]


@pytest.mark.parametrize(
    "changed",
    [
        features_recipe(SegmentConfig(frames_per_cell=2), ENCODER),
        features_recipe(SegmentConfig(), {**ENCODER, "options": {"precision": "bfloat16"}}),
        {**features_recipe(SegmentConfig(), ENCODER), "version": extract.VERSION + 1},
    ],
)
def test_what_changes_numbers_changes_the_fingerprint_of_all_after(changed: dict) -> None:  # type: ignore[type-arg]
    same = features_recipe(SegmentConfig(), ENCODER)
    assert fingerprint(changed) != fingerprint(same)
    one, other = (scores_recipe(recipe, "m", {}) for recipe in (same, changed))
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(scores_recipe(same, "n", {})) != fingerprint(one)


def test_versions_are_those_of_the_stages() -> None:
    cut = SegmentConfig()
    assert features_recipe(cut, ENCODER)["version"] == extract.VERSION == 2
    assert scores_recipe({}, "m", {})["version"] == scores.VERSION == 3
    assert segments_recipe(cut)["version"] == 1


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


# Recipes and items of before.


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (SegmentConfig(), "01aeb656e258d198c6c8564316d75303f9319e152cd992c18c643880c6197ee8"),
        (
            SegmentConfig(4, 64, 80, "squash", "bilinear", 16_000),
            "cc4d679a7e0ef7b7b8474cff39738f428b0703b5724b83528eb2dad71e4ce1dd",
        ),
    ],
)
def test_fingerprints_of_before_sound_had_context(config: SegmentConfig, expected: str) -> None:
    """Written down before there were windows of sound and views: caches are found again."""
    assert fingerprint(features_recipe(config, ENCODER)) == expected
    without = {"sound_seconds": (), "views": 0}
    assert fingerprint(features_recipe(replace(config, **without), ENCODER)) == expected


def test_fingerprint_of_the_segments_of_before() -> None:
    expected = "9cbbf9bd782dce01ba21381ee88789174bd648785af3e2e386146ea891bf64bb"
    assert fingerprint(SEGMENTS) == expected


def test_windows_of_sound_and_views_are_in_the_fingerprint() -> None:
    cuts = [
        SegmentConfig(),
        SegmentConfig(sound_seconds=(2,)),
        SegmentConfig(sound_seconds=(2, 4)),
        SegmentConfig(sound_seconds=(4, 2)),
        SegmentConfig(views=1),
        SegmentConfig(views=2),
    ]
    assert len({fingerprint(features_recipe(cut, ENCODER)) for cut in cuts}) == len(cuts)


def segments_of(count: int, **rest: np.ndarray) -> Segments:
    there = np.ones(count, bool)
    frames, samples = np.zeros((count, 1, 3, 2, 2), np.uint8), np.ones((count, 4), np.int16)
    return Segments(frames, samples, there, there, 2.5, **rest)


def test_items_of_whole_videos_are_those_of_before() -> None:
    """A whole video has no sound around it; what there is of a part comes back."""
    names = {"frames", "samples", "visual_mask", "audio_mask", META}
    assert set(pack(segments_of(2))) == names
    assert set(pack(segments_of(2, before=np.zeros((0, 4), np.int16)))) == names
    assert len(unpack(Segments, pack(segments_of(2))).after) == 0
    part = segments_of(2, after=np.full((3, 4), 9, np.int16))
    assert set(pack(part)) == {*names, "after"}
    np.testing.assert_array_equal(unpack(Segments, pack(part)).after, part.after)


def test_features_without_classes_are_items_of_before() -> None:
    def of(shape: tuple[int, ...]) -> np.ndarray:
        return np.ones(shape, np.float32)

    there = np.ones(2, bool)
    plain = Features(of((2, 3)), of((2, 1, 3)), of((2, 1)), there, there, 2.0, ())  # type: ignore[arg-type]
    names = {"visual", "visual_map", "audio", "visual_mask", "audio_mask", META}
    assert set(pack(plain)) == names
    assert unpack(Features, pack(plain)).audio_scores is None
    scored = replace(plain, audio_scores=of((2, 3, 7)), faces=of((2,)))
    assert set(pack(scored)) == {*names, "audio_scores", "faces"}
    found = unpack(Features, pack(scored))
    np.testing.assert_array_equal(found.audio_scores, of((2, 3, 7)))
    assert found.visual_scores is None
    assert (found.duration, found.flags) == (2.0, ())
