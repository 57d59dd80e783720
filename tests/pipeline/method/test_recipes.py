"""Recipes by stage, each upon the one before; results as items and back."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from avel.cache.fingerprint import fingerprint
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method import extract, scores
from avel.pipeline.method.recipes import (
    META,
    features_recipe,
    pack,
    scores_recipe,
    segments_recipe,
    unpack,
)

ENCODER = {"extractor": "stub", "options": {}}


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
