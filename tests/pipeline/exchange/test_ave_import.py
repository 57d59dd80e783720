"""The field's feature files, read as they are published."""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from avel.cache.ave_h5 import FeatureFile, LayoutError, open_features, write_order
from avel.pipeline.cli import main
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.evaluation.split import open_split
from avel.pipeline.exchange.ave_import import import_ave_h5
from avel.pipeline.exchange.feature_sets import features_store
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig
from tests.pipeline.exchange.conftest import read
from tests.pipeline.learning.small import OPTIONS


def cache(bench: tuple[Path, Path], *argv: str) -> int:
    return main(["cache", *argv, "--data", str(bench[0]), "--cache-dir", str(bench[1])])


def test_round_trip_is_exact(
    bench: tuple[Path, Path], exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = (bench[0], tmp_path / "cache")
    assert cache(other, "import", str(exported)) == 0
    printed = capsys.readouterr().out
    assert "88 rows are feature set" in printed
    assert "avel train --data" in printed
    assert cache(other, "export", "--out", str(tmp_path / "again")) == 0
    for path in sorted(exported.glob("*.h5")):
        name = "order" if "order" in path.name else "avadataset"
        np.testing.assert_array_equal(read(path, name), read(tmp_path / "again" / path.name, name))
    data = open_ave(bench[0])
    ours = features_store(bench[1], "", open_ave(bench[0]))
    theirs = features_store(tmp_path / "cache", "", open_ave(bench[0]))
    assert theirs.fingerprint != ours.fingerprint
    assert theirs.recipe["config"]["imported"] == "ave-h5"
    for store_root, store in ((bench[1], ours), (tmp_path / "cache", theirs)):
        part = open_split(data, "test", store.recipe, RuntimeConfig(cache_dir=store_root))
        example = part.rows[3]
        if store is ours:
            first = example
    for a, b in zip(first, example, strict=True):
        np.testing.assert_array_equal(a.float().numpy(), b.float().numpy())


def test_import_goes_on_where_it_stopped(
    bench: tuple[Path, Path], exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = open_ave(bench[0])
    _, rows = import_ave_h5(data, exported, tmp_path)
    for done in rows:
        if done == 30:
            rows.close()  # as an interrupt does: what is finished is published
            break
    read_rows: list[int] = []

    row = FeatureFile.row
    monkeypatch.setattr(FeatureFile, "row", lambda self, n: read_rows.append(n) or row(self, n))
    store, rows = import_ave_h5(data, exported, tmp_path)
    assert list(rows)[-1] == 88
    assert len(store) == 88
    assert min(read_rows[:3]) == 30


def test_imported_features_train_and_evaluate(
    bench: tuple[Path, Path], exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = (bench[0], tmp_path / "cache")
    assert cache(other, "import", str(exported)) == 0
    mark = features_store(tmp_path / "cache", "", open_ave(bench[0])).fingerprint[:12]
    argv = ["--data", str(bench[0]), "--cache-dir", str(tmp_path / "cache"), "--device", "cpu"]
    sets = [word for option in OPTIONS for word in ("--set", option)]
    more = ["--set", f"features={mark}", "--set", "train.epochs=4"]
    for config in ("dmsf.yaml", "dmsf_weak.yaml"):
        out = tmp_path / config
        assert main(["train", *argv, "--config", config, *sets, *more, "--out", str(out)]) == 0
        metrics = json.loads((out / "metrics.json").read_text())
        assert metrics["coverage"]["evaluated"] == 12
    assert (
        json.loads((tmp_path / "dmsf.yaml" / "metrics.json").read_text())["accuracy"]["own"] > 0.8
    )
    assert "ave-h5, imported" in (out / "card.md").read_text()
    capsys.readouterr()
    assert main(["evaluate", *argv[:4], "--model", str(out), "--json"]) == 0
    # what no extractor of avel made cannot be made of a video
    video = next((bench[0] / "AVE").glob("*.mp4"))
    assert main(["localize", str(video), "--model", str(out), *argv[2:4]]) == 2
    assert "it can be evaluated on them, not run on videos" in capsys.readouterr().err
    wrong = ["--set", f"features={mark}", "--set", "adapter.placement=output"]
    assert main(["train", *argv, *wrong, "--out", str(tmp_path / "w")]) == 2
    assert "imported features have no encoder that adapters" in capsys.readouterr().err


def wrong(folder: Path, name: str, values: np.ndarray, dataset: str = "avadataset") -> None:
    with h5py.File(folder / name, "w") as file:
        file[dataset] = values


def test_files_of_other_rows_are_refused(
    bench: tuple[Path, Path], exported: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each message names the file and what was expected."""
    audio, visual = np.zeros((72, 10, 8)), np.zeros((72, 10, 2, 2, 3))

    def message(**files: np.ndarray) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for name, values in {"audio_feature": audio, "visual_feature": visual, **files}.items():
            wrong(folder, f"{name}.h5", values)
        assert cache((bench[0], tmp_path / "c"), "import", str(folder)) == 2
        return capsys.readouterr().err

    assert (
        "audio_feature.h5: 'avadataset' has shape (71, 10, 8) of float64, expected (72, 10, *)"
        in (message(audio_feature=audio[1:]))
    )
    assert "visual_feature.h5: 'avadataset' has shape (72, 10, 4, 3)" in (
        message(visual_feature=np.zeros((72, 10, 4, 3)))
    )
    assert "expected (72, 10, *, *, *) of floats: one row for each annotation row" in (
        message(visual_feature=np.zeros((4, 10, 2, 2, 3)))
    )
    labels = np.eye(5)[[2] * 72]
    assert "mil_labels.h5: row 0 is of class 2, the annotations of" in message(mil_labels=labels)
    assert "is not one-hot at (0,)" in message(mil_labels=labels * 0)
    assert "labels_noisy.h5: a background-only video has class 2" in message(labels_noisy=labels)
    nan = audio.copy()
    nan[5] = np.nan
    assert "audio_feature.h5: row 5 holds a value that is not finite" in message(audio_feature=nan)
    assert "row 0 holds float64 values that float32 cannot keep" in message(
        audio_feature=audio + 0.1
    )
    folder = tmp_path / "named"
    folder.mkdir()
    wrong(folder, "audio_feature.h5", audio, "features")
    wrong(folder, "visual_feature.h5", visual)
    assert cache((bench[0], tmp_path / "c"), "import", str(folder)) == 2
    assert "has no dataset 'avadataset' (datasets: features)" in capsys.readouterr().err
    write_order(folder / "test_order.h5", [1, 2])
    assert cache((bench[0], tmp_path / "c"), "import", str(folder)) == 2
    assert "test_order.h5: is another split than" in capsys.readouterr().err
    (folder / "test_order.h5").unlink()
    (folder / "visual_feature.h5").unlink()
    assert cache((bench[0], tmp_path / "c"), "import", str(folder)) == 2
    assert "visual_feature.h5: is not there; the layout needs" in capsys.readouterr().err


def test_features_of_another_dataset(
    bench: tuple[Path, Path], exported: Path, tmp_path: Path
) -> None:
    data, runtime = open_ave(bench[0]), RuntimeConfig(cache_dir=tmp_path)
    store, rows = import_ave_h5(data, exported, tmp_path)
    assert list(rows)
    text = (bench[0] / "Annotations.txt").read_text()
    for name in ("train", "val", "test"):
        write_order(tmp_path / f"{name}_order.h5", [0, 1])
    (tmp_path / "Annotations.txt").write_text(text.replace("class 1", "class one"))
    with pytest.raises(
        InputError, match=r"was imported for the rows [0-9a-f]{12}, .* has [0-9a-f]"
    ):
        open_split(open_ave(tmp_path), "test", store.recipe, runtime)


def test_the_real_noisy_features_fit_the_reader(ave_tables: Path) -> None:
    with open_features(ave_tables / "audio_feature_noisy.h5", (178, 10, None)) as file:
        row = file.row(0)
    assert row.shape == (10, 128)
    assert (row >= 0).all()
    assert row.max() > 0
    with (
        pytest.raises(
            LayoutError, match=r"has shape \(178, 10, 128\) of float64, expected \(4143, "
        ),
        open_features(ave_tables / "audio_feature_noisy.h5", (4143, 10, None)),
    ):
        pass
