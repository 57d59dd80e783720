"""A split as far as its features are there."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store
from avel.extractors import choose
from avel.pipeline.datasets.ave import AveFolder, open_ave
from avel.pipeline.datasets.features import SegmentRows, find_rows
from avel.pipeline.evaluation.split import open_split
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.kept import Kept, unpack_features
from avel.pipeline.method.stores import features_recipe, open_store, segments_recipe
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig

RECIPE = features_recipe(SegmentConfig(), choose("audioclip-tiny").recipe)


def test_all_rows_are_there(bench: tuple[Path, Path]) -> None:
    data = open_ave(bench[0])
    part = open_split(data, "train", RECIPE, RuntimeConfig(bench[1]))
    assert list(part.found.keys) == [int(row) for row in data.splits["train"]]
    assert part.coverage == {"rows": 48, "evaluated": 48, "missing": {}}
    assert part.video_ids[3] == data.rows[data.splits["train"][3]].video_id
    matched = open_split(data, "val_match", RECIPE, RuntimeConfig(bench[1]))
    assert list(matched.found.keys) == [int(row) for row in data.match_splits["val_match"]]


def test_background_only_videos_come_last(bench: tuple[Path, Path]) -> None:
    data = open_ave(bench[0])
    part = open_split(data, "train", RECIPE, RuntimeConfig(bench[1]))
    joined = part.with_noisy(data)
    assert len(joined) == 48 + 16
    np.testing.assert_array_equal(joined.videos[:48], part.rows.videos)
    assert (joined.videos[48:] == 4).all()
    assert (joined.segments[48:] == 4).all()
    assert type(joined) is type(part.rows)
    assert joined.features(50).audio.shape == (10, 128)


@pytest.mark.parametrize("adapted", [False, True])
def test_features_that_nobody_made(bench: tuple[Path, Path], adapted: bool) -> None:
    data = open_ave(bench[0])
    encoder = {**choose("audioclip-tiny").recipe, **({"adapters": "abc"} if adapted else {})}
    recipe = features_recipe(SegmentConfig(frames_per_cell=9), encoder)
    option = " --adapters RUN" if adapted else ""
    with pytest.raises(
        InputError,
        match=rf"no video of split 'val' \(12 rows\) has features \w{{12}} in .*; run "
        rf"`avel extract {bench[0]}{option}` first",
    ):
        open_split(data, "val", recipe, RuntimeConfig(bench[1]))


def test_segments_that_nobody_made(bench: tuple[Path, Path]) -> None:
    recipe, runtime = segments_recipe(SegmentConfig()), RuntimeConfig(bench[1])
    with pytest.raises(InputError, match=r"has segments \w{12} in"):
        open_split(open_ave(bench[0]), "val", recipe, runtime, SegmentRows)


def test_an_empty_split_says_so(bench: tuple[Path, Path], tmp_path: Path) -> None:
    """And not that something must be extracted."""
    for name in ("Annotations.txt", "trainSet.txt", "valSet.txt"):
        lines = (bench[0] / "Annotations.txt").read_text()
        (tmp_path / name).write_text(lines)
    (tmp_path / "testSet.txt").write_text("\n")
    with pytest.raises(
        InputError, match=r"testSet\.txt: names no row, so split 'test' is empty; there is nothing"
    ):
        open_split(open_ave(tmp_path), "test", RECIPE, RuntimeConfig(bench[1]))


def kept(bench: tuple[Path, Path], choice: Kept) -> tuple[AveFolder, RuntimeConfig, Store]:
    """One row's features as `--arrays` or `--map-dtype` keep them."""
    data = open_ave(bench[0])
    whole, runtime = open_store(bench[1], RECIPE), RuntimeConfig(bench[1])
    key = find_rows(data, whole, ContentKeys(bench[1]), [int(data.splits["val"][0])]).keys.popitem()
    store = open_store(bench[1], {**RECIPE, "version": 99} | choice.recipe)
    with store.writer() as writer:
        arrays = whole.get(key[1])
        assert arrays is not None
        writer.add(key[1], choice.pack(unpack_features(arrays)))
    return data, runtime, store


def test_features_without_the_map_are_refused(bench: tuple[Path, Path]) -> None:
    data, runtime, store = kept(bench, Kept(("visual", "audio")))
    match = r"were kept with --arrays audio,visual and so have no visual_map, which a model needs"
    with pytest.raises(InputError, match=match):
        open_split(data, "val", store.recipe, runtime)
    mark = store.fingerprint[:12]
    match = rf"first, .* Those that are there \({mark}\) were kept with --arrays audio,visual and l"
    with pytest.raises(InputError, match=match):
        open_split(data, "val", {**RECIPE, "version": 99}, runtime)
    shutil.rmtree(store.folder)


def test_features_with_another_map_are_read_by_their_name(bench: tuple[Path, Path]) -> None:
    data, runtime, store = kept(bench, Kept((), "int8"))
    match = rf"There are such features of another form: --set features={store.fingerprint[:12]}$"
    with pytest.raises(InputError, match=match):
        open_split(data, "val", {**RECIPE, "version": 99}, runtime)
    part, whole = (open_split(data, "val", r, runtime) for r in (store.recipe, RECIPE))
    near, exact = part.rows[0].visual_map, whole.rows[0].visual_map
    assert near.dtype == exact.dtype
    off = (near.float() - exact.float()).abs().max()
    assert 0 < off < exact.abs().max() / 200
    shutil.rmtree(store.folder)
