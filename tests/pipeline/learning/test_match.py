"""Cross-modality localization: training, the exact rule, and what cannot be asked."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from avel.cache.ave_h5 import read_order, write_order
from avel.pipeline.cli import main
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.train import train
from avel.pipeline.reasons import InputError
from avel.pipeline.synth.dataset import write_synth
from avel.pipeline.synth.script import SynthConfig
from avel.pipeline.work.runtime import RuntimeConfig


def match(bench: tuple[Path, Path], out: Path, config: str, *extra: str) -> int:
    argv = ["--data", str(bench[0]), "--cache-dir", str(bench[1]), "--config", config]
    return main(["train", *argv, "--out", str(out), "--device", "cpu", *extra])


def test_both_directions_by_the_exact_rule(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert match(bench, tmp_path, "cmm.yaml", "--set", "train.epochs=3") == 0
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
    export = [
        "export",
        "--model",
        str(tmp_path),
        "--format",
        "torch-export",
        "--out",
        str(tmp_path / "m.pt2"),
    ]
    assert main(export) == 2
    assert "finds no events" in capsys.readouterr().err
    assert main([*argv, "--model", str(tmp_path)]) == 0
    assert "12 queries; right is only the exact start" in capsys.readouterr().out


def test_dcmr_answers_in_its_direction(bench: tuple[Path, Path], tmp_path: Path) -> None:
    small = ("--set", "train.epochs=1", "--set", "train.batch_size=16")
    assert match(bench, tmp_path, "dcmr_v2a.yaml", *small) == 0
    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert list(metrics["accuracy"]) == ["v2a"]
    assert {"random start", "always at the start", "always at the end"} == set(metrics["baselines"])


def test_a_dataset_without_match_splits(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("Annotations.txt", "train_order.h5", "val_order.h5", "test_order.h5"):
        shutil.copy(bench[0] / name, tmp_path / name)
    assert match((tmp_path, bench[1]), tmp_path / "out", "cmm.yaml") == 2
    assert "has no train_order_match.h5, the split of cross-modality" in capsys.readouterr().err


def test_order_indices_out_of_range(bench: tuple[Path, Path], tmp_path: Path) -> None:
    for path in bench[0].glob("*.*"):
        if path.is_file():
            shutil.copy(path, tmp_path)
    write_order(tmp_path / "test_order_match.h5", [0, 72])
    with pytest.raises(InputError, match=r"test_order_match.h5: row 72 is not among the 72"):
        open_ave(tmp_path)


def test_train_sends_matchers_away(bench: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="model 'cmm' answers queries; `train_matcher` trains it"):
        train(open_ave(bench[0]), Experiment(model="cmm"), RuntimeConfig(), tmp_path)


def test_synthetic_match_splits_ask_only_what_can_be_asked(tmp_path: Path) -> None:
    list(write_synth(tmp_path, SynthConfig(num_videos=200), 1, only_test=1))
    data = open_ave(tmp_path)
    parts = [set(order.tolist()) for order in data.match_splits.values()]
    assert [len(part) for part in parts] == [len(data.rows) - 40, 20, 20]
    assert len(set.union(*parts)) == len(data.rows)
    lengths = [data.rows[n].end - data.rows[n].start for n in data.match_splits["test_match"]]
    assert all(0 < length < 10 for length in lengths)
    assert (read_order(tmp_path / "val_order_match.h5", 999) == sorted(parts[1])).all()
    classes = {data.rows[n].label for n in parts[1]}
    assert len(classes) <= 4
    assert len({data.rows[n].label for n in parts[2]}) > 10
