"""Which feature set is a dataset's, and which rows have features."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import CacheError
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.exchange.ave_import import import_ave_h5
from avel.pipeline.exchange.feature_sets import features_store, item, row_keys
from avel.pipeline.reasons import InputError


def test_several_feature_sets_must_be_told_apart(
    bench: tuple[Path, Path], exported: Path, tmp_path: Path
) -> None:
    data = open_ave(bench[0])
    with pytest.raises(CacheError, match=r"0 feature sets hold videos of .*there are: none"):
        features_store(tmp_path, "", data)
    with pytest.raises(CacheError, match=r"0 feature sets begin with 'zz'.*audioclip-tiny"):
        features_store(bench[1], "zz", data)
    cache = tmp_path / "two"
    shutil.copytree(bench[1], cache)
    _, rows = import_ave_h5(data, exported, cache)
    assert list(rows)
    with pytest.raises(
        CacheError, match=r"2 feature sets hold videos of .*; name one with --store"
    ):
        features_store(cache, "", data)


def test_a_key_for_each_row_in_order(bench: tuple[Path, Path]) -> None:
    data, contents = open_ave(bench[0]), ContentKeys(bench[1])
    store = features_store(bench[1], "", data)
    keys, missing = row_keys(data, store, contents, missing_ok=False)
    assert not missing
    paths = [data.video_path(row.video_id) for row in data.rows]
    assert keys == [contents.key(path) for path in paths if path]


def test_rows_without_features_are_none_where_that_is_fine(bench: tuple[Path, Path]) -> None:
    data, contents = open_ave(bench[0]), ContentKeys(bench[1])
    store = features_store(bench[1], "", data)
    video = data.video_path(data.rows[3].video_id)
    assert video
    hidden = video.rename(video.with_suffix(".away"))
    try:
        keys, missing = row_keys(data, store, contents, missing_ok=True)
        with pytest.raises(InputError, match=rf"first: {video.stem}\); extract them, or give"):
            row_keys(data, store, contents, missing_ok=False)
    finally:
        hidden.rename(video)
    assert [n for n, key in enumerate(keys) if key is None] == [3]
    assert missing == [video.stem]


def test_an_item_is_its_arrays_or_an_error(bench: tuple[Path, Path]) -> None:
    data = open_ave(bench[0])
    store = features_store(bench[1], "", data)
    key = store.keys()[0]
    np.testing.assert_array_equal(item(store, key)["audio"], (store.get(key) or {})["audio"])
    with pytest.raises(CacheError, match=r"item 000000000000 cannot be read; run `avel extract`"):
        item(store, "0" * 64)
