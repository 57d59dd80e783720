"""A run's accuracy as every code base counts it: decoder, labels, selection."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from avel.cache.ave_h5 import LayoutError, read_one_hot, write_labels
from avel.pipeline.cli import main
from avel.pipeline.datasets.ave import open_ave, segment_labels
from avel.pipeline.evaluation.protocols import PROTOCOLS


def evaluate(bench: tuple[Path, Path], data: Path, *extra: str) -> int:
    return main(["evaluate", "--data", str(data), "--cache-dir", str(bench[1]), *extra])


def test_every_protocol_says_by_what_it_was_measured(
    bench: tuple[Path, Path], weak: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = ("--model", str(weak), "--protocol", "all")
    assert evaluate(bench, bench[0], *model, "--json") == 0
    numbers = json.loads(capsys.readouterr().out)
    rows = {row["protocol"]: row for row in numbers["protocols"]}
    assert list(rows) == list(PROTOCOLS)
    assert rows["ave"]["selection"] == "best on val"
    assert rows["psp"]["selection"] == "best on test"
    assert rows["ave"]["labels"].startswith("annotations (labels.h5 is not in")
    assert rows["cmbs"]["decoder"] == "ungated"
    assert "always open" in rows["cmbs"]["note"]
    # one label a video can never be better than the right one
    metrics = json.loads((weak / "metrics.json").read_text())
    assert rows["cmbs"]["accuracy"] <= metrics["baselines"]["one right class per video"] + 1e-9
    assert rows["ave"]["accuracy"] == pytest.approx(metrics["accuracy"]["argmax"])
    assert evaluate(bench, bench[0], *model) == 0
    printed = capsys.readouterr().out
    assert "best on test; labels: annotations" in printed
    assert "   cmbs" in printed
    assert numbers["baselines"] == metrics["baselines"]
    assert "one right class per video" in printed


def test_other_labels(
    bench: tuple[Path, Path], weak: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that differs in three segments of one test row says so, and moves the number."""
    data = open_ave(bench[0])
    labels = segment_labels(data.rows, len(data.classes))
    row = int(data.splits["test"][0])
    labels[row, :3] = (labels[row, :3] + 1) % 4
    hot = np.eye(len(data.classes) + 1)[labels]
    write_labels(tmp_path / "labels.h5", hot)
    argv = ("--model", str(weak), "--protocol", "ave", "--json")
    numbers = []
    for extra in ((), ("--labels", str(tmp_path / "labels.h5"))):
        assert evaluate(bench, bench[0], *argv, *extra) == 0
        numbers.append(json.loads(capsys.readouterr().out)["protocols"][0])
    assert numbers[1]["labels"] == "labels.h5 (3 segments of 1 rows differ from the annotations)"
    assert abs(numbers[0]["accuracy"] - numbers[1]["accuracy"]) <= 3 / 120 + 1e-9
    # the dataset's own file is taken without being named
    for name in ("Annotations.txt", "AVE", "train_order.h5", "val_order.h5", "test_order.h5"):
        source = bench[0] / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    assert evaluate(bench, tmp_path, *argv) == 0
    assert json.loads(capsys.readouterr().out)["protocols"][0]["labels"] == numbers[1]["labels"]


def test_labels_that_cannot_be_used(
    bench: tuple[Path, Path], weak: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = open_ave(bench[0])
    shape = (len(data.rows), 10, len(data.classes) + 1)
    path = tmp_path / "labels.h5"
    hot = np.zeros(shape)
    hot[..., 0] = 1
    hot[7, 3, 2] = 1
    write_labels(path, hot)
    with pytest.raises(
        LayoutError, match=r"labels.h5: 'avadataset' is not one-hot at \(7, 3\): \["
    ):
        read_one_hot(path, shape)
    write_labels(path, hot[1:])
    with pytest.raises(LayoutError, match=r"has shape \(71, 10, 5\), expected \(72, 10, 5\)"):
        read_one_hot(path, shape)
    argv = ("--model", str(weak))
    assert evaluate(bench, bench[0], *argv, "--protocol", "ave", "--labels", str(path)) == 2
    assert "expected (72, 10, 5)" in capsys.readouterr().err
    missing = str(tmp_path / "none.h5")
    assert evaluate(bench, bench[0], *argv, "--protocol", "ave", "--labels", missing) == 2
    assert "none.h5: is not a readable HDF5 file" in capsys.readouterr().err
    assert evaluate(bench, bench[0], *argv, "--labels", str(path)) == 2
    assert "give a protocol too" in capsys.readouterr().err
    assert evaluate(bench, bench[0], *argv, "--protocol", "avel") == 2
    assert "no protocol 'avel'; there are ave, psp" in capsys.readouterr().err


def test_a_single_file_was_selected_by_somebody_else(
    bench: tuple[Path, Path], weak: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = str(weak / "test_selected.safetensors")
    assert evaluate(bench, bench[0], "--model", model, "--protocol", "psp", "--json") == 0
    row = json.loads(capsys.readouterr().out)["protocols"][0]
    assert row["selection"] == "as given (the protocol: best on test)"
