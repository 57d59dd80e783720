"""Features as numpy files."""

import csv
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.cli import main
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.evaluation.split import open_split
from avel.pipeline.exchange.feature_sets import features_store, item
from avel.pipeline.exchange.npy import COLUMNS, KINDS, SCORES, _save, export_npy
from avel.pipeline.method.stores import open_store
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig


def cache(bench: tuple[Path, Path], *argv: str) -> int:
    return main(["cache", *argv, "--data", str(bench[0]), "--cache-dir", str(bench[1])])


def test_npy_holds_the_cached_values(bench: tuple[Path, Path], tmp_path: Path) -> None:
    assert cache(bench, "export", "--layout", "npy", "--out", str(tmp_path)) == 0
    rows = list(csv.DictReader((tmp_path / "index.csv").open()))
    data, store = open_ave(bench[0]), features_store(bench[1], "", open_ave(bench[0]))
    assert [row["video_id"] for row in rows] == [row.video_id for row in data.rows]
    part = open_split(data, "test", store.recipe, RuntimeConfig(cache_dir=bench[1]))
    for n in (0, 5):
        features = part.rows.features(n)
        for kind in ("audio", "visual", "visual_map"):
            saved = np.load(tmp_path / kind / f"{part.video_ids[n]}.npy", allow_pickle=False)
            np.testing.assert_array_equal(saved, getattr(features, kind))


def test_the_index_comes_last_and_says_what_is_missing(
    bench: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = open_ave(bench[0])
    store = features_store(bench[1], "", data)
    rows = export_npy(data, store, tmp_path / "stopped", bench[1])
    assert [next(rows), next(rows)] == [1, 2]
    rows.close()
    for kind in KINDS:
        found = {path.stem for path in (tmp_path / "stopped" / kind).iterdir()}
        assert found == {row.video_id for row in data.rows[:2]}
    assert not (tmp_path / "stopped" / "index.csv").exists()

    video = data.video_path(data.rows[5].video_id)
    assert video
    text = video.read_text()
    video.write_text("changed")
    try:
        with pytest.raises(InputError, match=r"1 videos have no features in .* \(first: video"):
            list(export_npy(data, store, tmp_path / "o", bench[1]))
        assert list(export_npy(data, store, tmp_path / "o", bench[1], missing_ok=True))[-1] == 72
    finally:
        video.write_text(text)
    with (tmp_path / "o" / "index.csv").open(newline="") as file:
        index = list(csv.DictReader(file))
    assert tuple(index[0]) == COLUMNS
    assert [n for n, row in enumerate(index) if row["features"] == "missing"] == [5]
    assert not (tmp_path / "o" / "audio" / f"{video.stem}.npy").exists()


def test_scores_are_written_where_there_are_some(tmp_path: Path) -> None:
    """Of encoders with classes; others have no such folder."""
    recipe = {"stage": "features", "version": 1, "config": {}}
    one = np.ones((2, 3), np.float32)
    scores = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    plain = {"audio": one, "visual": one, "visual_map": one[:, None]}
    scored = {**plain, "audio_scores": scores, "faces": one[:, 0]}
    stores = [open_store(tmp_path, {**recipe, "config": {"n": n}}) for n in range(2)]
    for store, arrays in zip(stores, (plain, scored), strict=True):
        with store.writer() as writer:
            writer.add("0" * 64, arrays)
    save = partial(_save, out=tmp_path, resumed=False)
    save(item(stores[0], "0" * 64), name="without")
    assert not any((tmp_path / kind).exists() for kind in SCORES)
    save(item(stores[1], "0" * 64), name="with")
    np.testing.assert_array_equal(np.load(tmp_path / "audio_scores" / "with.npy"), scores)
    np.testing.assert_array_equal(np.load(tmp_path / "faces" / "with.npy"), [1, 1])
    assert not (tmp_path / "visual_scores").exists()
