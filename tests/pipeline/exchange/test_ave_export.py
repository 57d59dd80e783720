"""The field's feature files, written as its scripts read them."""

from pathlib import Path

import numpy as np
import pytest

from avel.cache.store import CacheError
from avel.pipeline.cli import main
from avel.pipeline.datasets.ave import open_ave, segment_labels
from avel.pipeline.exchange.ave_export import export_ave_h5
from avel.pipeline.exchange.feature_sets import features_store
from avel.pipeline.method.stores import open_store
from avel.pipeline.reasons import InputError
from tests.pipeline.exchange.conftest import read


def cache(bench: tuple[Path, Path], *argv: str) -> int:
    return main(["cache", *argv, "--data", str(bench[0]), "--cache-dir", str(bench[1])])


def test_files_are_those_that_the_scripts_read(bench: tuple[Path, Path], exported: Path) -> None:
    """Names, dataset names, shapes, types and row order of reference 1.4."""
    shapes = {
        path.name: read(path).shape
        for path in exported.glob("*[!r].h5")
        if "order" not in path.name
    }
    assert shapes == {
        "audio_feature.h5": (72, 10, 128),
        "visual_feature.h5": (72, 10, 7, 7, 512),
        "visual_feature_vec.h5": (72, 10, 512),
        "visual_embedding.h5": (72, 10, 128),
        "audio_feature_noisy.h5": (16, 10, 128),
        "visual_feature_noisy.h5": (16, 10, 7, 7, 512),
        "visual_feature_vec_noisy.h5": (16, 10, 512),
        "visual_embedding_noisy.h5": (16, 10, 128),
        "labels.h5": (72, 10, 5),
        "right_labels.h5": (72, 10, 5),
        "mil_labels.h5": (72, 5),
        "labels_closs.h5": (72, 10),
        "prob_label.h5": (72, 5),
        "labels_noisy.h5": (16, 5),
    }
    assert read(exported / "audio_feature.h5").dtype == np.float64
    data = open_ave(bench[0])
    labels = segment_labels(data.rows, 4)
    np.testing.assert_array_equal(read(exported / "labels.h5").argmax(-1), labels)
    np.testing.assert_array_equal(read(exported / "labels_closs.h5") > 0, labels < 4)
    np.testing.assert_array_equal(
        read(exported / "mil_labels.h5").argmax(1), [r.label for r in data.rows]
    )
    np.testing.assert_allclose(read(exported / "prob_label.h5").sum(1), 1)
    for split in ("train", "val", "test"):
        np.testing.assert_array_equal(
            read(exported / f"{split}_order.h5", "order"), data.splits[split]
        )
        assert (exported / f"{split}_order_match.h5").is_file()
    # the fixture's vectors name what is heard, so that a wrong row order would be seen
    heard = read(exported / "audio_feature.h5")[..., :5].argmax(-1)
    np.testing.assert_array_equal(heard, labels)
    maps = read(exported / "visual_feature.h5")
    np.testing.assert_allclose(
        maps.mean((2, 3)), read(exported / "visual_feature_vec.h5"), atol=1e-6
    )


def test_videos_without_features(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    video = next((bench[0] / "AVE").glob("*.mp4"))
    mark = features_store(bench[1], "", open_ave(bench[0])).fingerprint[:12]
    text = video.read_text()
    video.write_text("changed")
    try:
        out = str(tmp_path / "o")
        assert cache(bench, "export", "--out", out) == 2
        message = capsys.readouterr().err
        assert f"1 videos have no features in {mark}" in message
        assert "give --allow-missing to write zeros" in message
        assert cache(bench, "export", "--out", out, "--allow-missing", "--float32") == 0
        assert (tmp_path / "o" / "missing.txt").read_text() == f"{video.stem}\n"
        row = [r.video_id for r in open_ave(bench[0]).rows].index(video.stem)
        audio = read(tmp_path / "o" / "audio_feature.h5")
        assert audio.dtype == np.float32
        assert not audio[row].any()
        assert audio[row + 1].any()
    finally:
        video.write_text(text)
    quiet = next((bench[0] / "noisy").glob("*.mp4"))
    text = quiet.read_text()
    quiet.write_text("changed")
    try:
        assert cache(bench, "export", "--out", str(tmp_path / "q")) == 2
        assert "1 of 16 background-only videos have no features in" in capsys.readouterr().err
        assert cache(bench, "export", "--out", str(tmp_path / "q"), "--allow-missing") == 0
        assert read(tmp_path / "q" / "labels_noisy.h5").shape == (15, 5)
    finally:
        quiet.write_text(text)


def test_a_damaged_item_stops_the_export_and_leaves_no_file(
    bench: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = open_ave(bench[0])
    store = features_store(bench[1], "", data)
    get, asked = store.get, []

    def damaged(key: str):  # type: ignore[no-untyped-def]
        asked.append(key)
        return get(key) if len(asked) < 10 else None

    monkeypatch.setattr(store, "get", damaged)
    with pytest.raises(CacheError, match=r"item [0-9a-f]{12} cannot be read; run `avel extract`"):
        list(export_ave_h5(data, store, tmp_path / "o", bench[1]))
    assert not list((tmp_path / "o").iterdir())


def test_one_item_is_read_at_a_time(
    bench: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rows of a dataset with AudioCLIP's maps are larger than most memories."""
    data = open_ave(bench[0])
    store = features_store(bench[1], "", data)
    get, asked = store.get, []
    monkeypatch.setattr(store, "get", lambda key: asked.append(key) or get(key))
    rows = export_ave_h5(data, store, tmp_path / "o", bench[1])
    for done in (1, 2, 3):
        assert next(rows) == done
        assert len(asked) == done + 1  # the first also says the shapes
    rows.close()
    assert not list((tmp_path / "o").glob("*feature*"))


def test_a_map_that_is_not_square(bench: tuple[Path, Path], tmp_path: Path) -> None:
    data = open_ave(bench[0])
    store = features_store(bench[1], "", data)
    get = store.get

    def cut(key: str):  # type: ignore[no-untyped-def]
        arrays = get(key)
        return arrays and {**arrays, "visual_map": arrays["visual_map"][:, :48]}

    store.get = cut  # type: ignore[method-assign, assignment]
    with pytest.raises(InputError, match="a map of 48 positions is not square; use --layout npy"):
        list(export_ave_h5(data, store, tmp_path, bench[1]))


def test_a_dataset_that_nothing_was_extracted_of(bench: tuple[Path, Path], tmp_path: Path) -> None:
    data = open_ave(bench[0])
    empty = open_store(tmp_path, features_store(bench[1], "", data).recipe)
    with pytest.raises(InputError, match=r"not one row has features in .*; run `avel extract"):
        list(export_ave_h5(data, empty, tmp_path / "o", bench[1], missing_ok=True))
