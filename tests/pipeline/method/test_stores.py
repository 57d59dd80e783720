"""Which store belongs to which recipe, under one cache folder."""

from pathlib import Path

from avel.cache.fingerprint import fingerprint
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.recipes import features_recipe, segments_recipe
from avel.pipeline.method.stores import open_store


def test_a_store_lies_by_stage_and_fingerprint(tmp_path: Path) -> None:
    recipe = segments_recipe(SegmentConfig())
    store = open_store(tmp_path, recipe)
    assert store.folder == tmp_path / "segments" / fingerprint(recipe)
    assert (store.folder / "stage.json").is_file()


def test_what_changes_numbers_is_another_store(tmp_path: Path) -> None:
    one, two = SegmentConfig(), SegmentConfig(frames_per_cell=2)
    folders = {
        open_store(tmp_path, recipe).folder
        for recipe in (
            segments_recipe(one),
            segments_recipe(two),
            features_recipe(one, {"extractor": "x"}),
            features_recipe(two, {"extractor": "x"}),
            features_recipe(one, {"extractor": "y"}),
        )
    }
    assert len(folders) == 5
    assert open_store(tmp_path, segments_recipe(one)).folder in folders


def test_readers_make_nothing(tmp_path: Path) -> None:
    store = open_store(tmp_path / "none", segments_recipe(SegmentConfig()), make=False)
    assert len(store) == 0
    assert not (tmp_path / "none").exists()
