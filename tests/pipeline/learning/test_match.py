"""Cross-modality localization: training, the exact rule, and what cannot be asked."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from avel.pipeline.cli import main
from avel.pipeline.evaluation.match import MatchRows
from avel.pipeline.learning.match import training_rows
from tests.pipeline.learning.small import sets


def match(bench: tuple[Path, Path], out: Path, config: str, *extra: str) -> int:
    argv = ["--data", str(bench[0]), "--cache-dir", str(bench[1]), "--config", config]
    return main(["train", *argv, "--out", str(out), "--device", "cpu", *extra])


def test_both_directions_by_the_exact_rule(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert match(bench, tmp_path, "cmm", *sets("train.epochs=1")) == 0
    printed = capsys.readouterr().out
    assert "exact starts of 12 queries: a2v " in printed
    assert "always at the end" in printed
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    with np.load(tmp_path / "decisions.npz") as found:
        for way in ("a2v", "v2a"):
            assert metrics["accuracy"][way] == (found[way] == found["truth"]).mean()
    assert metrics["parameters"] == 98_688  # the published sizes: 512 and 128 in
    assert metrics["multiply_adds"] > 0
    argv = ["evaluate", "--data", str(bench[0]), "--cache-dir", str(bench[1])]
    assert main([*argv, "--model", str(tmp_path), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["accuracy"] == metrics["accuracy"]
    video = str(next((bench[0] / "AVE").glob("*.mp4")))
    assert main(["localize", video, "--model", str(tmp_path)]) == 2
    assert "'cmm' answers queries of cross-modality localization and finds no events" in (
        capsys.readouterr().err
    )
    assert main([*argv, "--model", str(tmp_path)]) == 0
    assert "12 queries; right is only the exact start" in capsys.readouterr().out
    resumed = ["--resume", *sets("train.epochs=1", "options.hidden=64")]
    assert match(bench, tmp_path, "cmm", *resumed) == 2
    assert "another config (options.hidden: was None, now 64)" in capsys.readouterr().err


def test_dcmr_answers_in_its_direction(bench: tuple[Path, Path], tmp_path: Path) -> None:
    small = sets("train.epochs=1", "train.batch_size=16")
    assert match(bench, tmp_path, "dcmr_v2a", *small) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert list(metrics["accuracy"]) == ["v2a"]
    assert {"random start", "always at the start", "always at the end"} == set(metrics["baselines"])
    assert (tmp_path / "run.json").is_file()


def test_a_dataset_without_match_splits(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Annotations.txt", "train_order.h5", "val_order.h5", "test_order.h5"):
        shutil.copy(bench[0] / name, tmp_path / name)
    assert match((tmp_path, bench[1]), tmp_path / "out", "cmm") == 2
    assert "has no train_order_match.h5, the split of cross-modality" in capsys.readouterr().err


def test_what_each_model_learns_from() -> None:
    events = torch.tensor([[True, False], [False, False], [True, True]])
    rows = MatchRows(torch.arange(6.0).view(3, 2, 1), torch.arange(6.0).view(3, 2, 1), events)
    cmm, dcmr = training_rows(rows, "cmm"), training_rows(rows, "dcmr")
    assert cmm.audio.flatten().tolist() == [0, 1, 2, 3, 4, 5]
    assert cmm.audio.shape == (6, 1, 1)
    assert cmm.events.flatten().tolist() == events.flatten().tolist()
    assert dcmr.audio.flatten().tolist() == [0, 1, 4, 5]
    assert dcmr.events.tolist() == [[True, False], [True, True]]
