"""What is kept of features: named in the recipe only where chosen, read back, refused where short."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from avel.cache.fingerprint import fingerprint
from avel.cache.store import Store
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.extract import Features
from avel.pipeline.method.kept import (
    Kept,
    enough,
    part_of,
    require,
    unpack_features,
    widened,
)
from avel.pipeline.method.stores import META, features_recipe, open_store, pack
from avel.pipeline.reasons import InputError

WHOLE = features_recipe(SegmentConfig(), {"extractor": "stub"})


def features(T: int = 3, **given: Any) -> Features:
    rng = np.random.default_rng(T)
    return Features(
        visual=rng.standard_normal((T, 5)).astype(np.float32),
        visual_map=rng.standard_normal((T, 4, 6)).astype(np.float16),
        audio=rng.standard_normal((T, 2)).astype(np.float32),
        visual_mask=np.arange(T) > 0,
        audio_mask=np.ones(T, bool),
        duration=T - 0.5,
        flags=("NO_AUDIO",),
        **given,
    )


def kept_store(root: Path, kept: Kept, *, filled: bool = True) -> Store:
    store = open_store(root, WHOLE | kept.recipe)
    if filled:
        with store.writer() as writer:
            writer.add("0" * 64, kept.pack(features(visual_scores=np.ones((3, 1, 2), np.float32))))
    return store


def test_the_usual_leaves_recipes_as_they_were() -> None:
    assert Kept().recipe == {}
    assert Kept.of_recipe(WHOLE) == Kept()
    assert fingerprint(WHOLE | Kept((), "float16").recipe) == fingerprint(WHOLE)


@pytest.mark.parametrize(
    "kept", [Kept(("visual", "audio")), Kept((), "int8"), Kept(("visual_map",), "int8")]
)
def test_a_choice_is_in_the_recipe_and_back(kept: Kept) -> None:
    recipe = WHOLE | kept.recipe
    assert fingerprint(recipe) != fingerprint(WHOLE)
    again = Kept.of_recipe(recipe)
    assert (set(again.arrays), again.map_dtype) == (set(kept.arrays), kept.map_dtype)


def test_the_order_of_names_means_nothing() -> None:
    assert Kept(("audio", "visual")).recipe == Kept(("visual", "audio")).recipe


def test_all_is_kept_as_it_is() -> None:
    found, expected = Kept().pack(features()), pack(features())
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array)


def test_some_arrays_are_kept_and_masks_always() -> None:
    found = Kept(("visual", "audio")).pack(features())
    assert set(found) == {"visual", "audio", "visual_mask", "audio_mask", META}
    np.testing.assert_array_equal(found["visual"], features().visual)


def test_the_map_in_int8_is_half_and_near() -> None:
    whole = features(7)
    found = Kept((), "int8").pack(whole)
    assert found["visual_map"].dtype == np.int8
    assert found["visual_map"].nbytes * 2 == whole.visual_map.nbytes
    again = unpack_features(found)
    assert again.visual_map.dtype == np.float16
    largest = np.abs(whole.visual_map).reshape(7, -1).max(1)
    off = np.abs(again.visual_map.astype(float) - whole.visual_map).reshape(7, -1).max(1)
    assert (off <= largest / 254 + largest * 2**-11).all()
    assert (off > 0).any()
    np.testing.assert_array_equal(again.visual, whole.visual)
    assert (again.duration, again.flags) == (whole.duration, whole.flags)


@given(
    arrays(
        np.float16,
        array_shapes(min_dims=3, max_dims=3, max_side=4),
        elements=st.floats(-60_000, 60_000, width=16),
    )
)
def test_any_map_goes_to_int8_and_back(values: np.ndarray) -> None:
    T = len(values)
    whole = replace(features(T), visual_map=values)
    again = unpack_features(Kept((), "int8").pack(whole)).visual_map.astype(float)
    assert np.isfinite(again).all()
    largest = np.abs(values.astype(float)).reshape(T, -1).max(1)[:, None, None]
    assert (np.abs(again - values) <= largest / 200 + 1e-7).all()
    assert (again[values == 0] == 0).all()


def test_windows_are_kept_as_the_whole_is() -> None:
    """A long video's parts are packed one by one, and their rows put together."""
    kept, whole = Kept((), "int8"), features(6)
    names = ("visual", "visual_map", "audio", "visual_mask", "audio_mask")
    halves = [
        kept.pack(replace(whole, **{n: getattr(whole, n)[part] for n in names}))
        for part in (slice(0, 2), slice(2, 6))
    ]
    for name, array in kept.pack(whole).items():
        if name != META:
            np.testing.assert_array_equal(np.concatenate([h[name] for h in halves]), array)


def test_a_map_that_is_not_there_is_not_widened() -> None:
    found = dict(Kept((), "int8").pack(features()))
    del found["visual_map"]
    assert "visual_map" not in widened(found)


def test_choices_that_cannot_be() -> None:
    with pytest.raises(
        InputError, match=r"--arrays visual,map: no array 'map'; there are visual, "
    ):
        Kept(("visual", "map"))
    with pytest.raises(InputError, match=r"--arrays : no array ''; there are"):
        Kept(("",))
    with pytest.raises(InputError, match=r"--map-dtype float64: must be one of float16, int8"):
        Kept((), "float64")
    with pytest.raises(InputError, match=r"--map-dtype int8 and --arrays audio: no map is kept"):
        Kept(("audio",), "int8")
    with pytest.raises(
        InputError, match=r"faces: this encoder gives no 'faces'; it gives visual, "
    ):
        Kept(("visual", "faces")).pack(features())


def test_who_needs_what_was_not_kept_is_told_how_to_get_it() -> None:
    recipe = WHOLE | Kept(("visual", "audio")).recipe
    require(recipe, ("visual", "visual_mask"), "a model")
    require(WHOLE, ("visual_map",), "a model")
    match = (
        rf"features {fingerprint(recipe)[:12]} were kept with --arrays audio,visual and so have no "
        r"visual_map, which a model needs; .* with --arrays audio,visual,visual_map$"
    )
    with pytest.raises(InputError, match=match):
        require(recipe, ("visual", "visual_map"), "a model")


def test_parts_of_the_same_features(tmp_path: Path) -> None:
    part = kept_store(tmp_path, Kept(("visual",)))
    kept_store(tmp_path, Kept())
    open_store(tmp_path, features_recipe(SegmentConfig(), {"extractor": "other"}))
    broken = tmp_path / "features" / ("0" * 64)
    broken.mkdir()
    (broken / "stage.json").write_text("{")
    assert [fingerprint(recipe) for recipe in part_of(tmp_path, WHOLE)] == [part.fingerprint]
    assert [fingerprint(recipe) for recipe in part_of(tmp_path, part.recipe)] == [
        fingerprint(WHOLE)
    ]
    assert not list(part_of(tmp_path / "none", WHOLE))


def test_a_part_is_enough_where_there_is_no_whole(tmp_path: Path) -> None:
    scores = kept_store(tmp_path, Kept(("visual_scores",)))
    kept_store(tmp_path, Kept(("audio",)))
    open_store(tmp_path, WHOLE)  # a folder without an item is nothing yet
    assert enough(tmp_path, WHOLE, ("visual_scores", "visual_mask")) == scores.recipe
    assert enough(tmp_path, WHOLE, ("visual_scores", "audio")) is None
    assert enough(tmp_path, WHOLE, None) is None
    kept_store(tmp_path, Kept())
    assert enough(tmp_path, WHOLE, ("visual_scores",)) is None


def test_a_part_without_an_item_is_not_enough(tmp_path: Path) -> None:
    kept_store(tmp_path, Kept(("visual",)), filled=False)
    assert enough(tmp_path, WHOLE, ("visual",)) is None
