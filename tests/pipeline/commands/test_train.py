"""`avel train`: what it asks for, what it prints, what it refuses."""

from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.cli import main
from tests.pipeline.commands.said import refused


def test_unknown_config_key(synth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "train", "--data", synth, "--set", "train.learning_rat=1")
    assert code == 2
    assert "unknown key 'train.learning_rat'; did you mean 'train.learning_rate'?; known: " in text


def test_wrong_config_value(synth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "train", "--data", synth, "--set", "train.epochs=many")
    assert code == 2
    assert "epochs" in text


@pytest.mark.parametrize("name", ["sense_weight", "mutual_weight"])
def test_weights_below_zero(synth: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    code, text = refused(capsys, "train", "--data", synth, "--set", f"train.{name}=-1")
    assert code == 2
    assert f"train.{name} (-1.0) must not be negative" in text


def test_missing_config(synth: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, "train", "--data", synth, "--config", "nothing.yaml")
    assert code == 2
    assert "no such config file; presets: av_att, av_att_weak, cmm" in text


def test_training_without_features(
    synth: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text = refused(
        capsys, "train", "--data", synth, "--cache-dir", tmp_path, "--out", tmp_path / "r"
    )
    assert code == 2
    assert "has features" in text
    assert "run `avel extract" in text


NUMBERS = {
    "accuracy": {"own": 0.912, "argmax": 0.9},
    "decoder": "gate 0.5",
    "event_f1": 0.8126,
    "map": {"0.5": 0.7},
    "coverage": {"evaluated": 11, "rows": 12, "missing": {}},
    "test_selected_accuracy": 0.925,
    "train_seconds": 61.7,
}
ANSWERS = {
    "queries": 12,
    "accuracy": {"a2v": 0.5, "v2a": 0.25},
    "baselines": {"always first": 0.125},
    "test_selected_accuracy": 0.5,
    "train_seconds": 3.2,
}


def command(bench: tuple[Path, Path], *extra: str) -> list[str]:
    return ["train", "--data", str(bench[0]), "--cache-dir", str(bench[1]), *extra]


def stub(monkeypatch: pytest.MonkeyPatch, numbers: dict[str, Any]) -> list[Any]:
    """In the place of the training; gives what it was asked for."""
    asked: list[Any] = []

    def train_any(data: Any, experiment: Any, runtime: Any, out: Path, **chosen: Any) -> Any:
        print("a table of Lightning's")
        asked.append((experiment, runtime, out, chosen))
        return numbers

    monkeypatch.setattr("avel.pipeline.learning.run.train_any", train_any)
    return asked


def test_the_numbers_of_a_localizer(
    bench: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub(monkeypatch, NUMBERS)
    assert main(command(bench)) == 0
    found = capsys.readouterr()
    assert found.out.splitlines() == [
        "runs/dmsf-seed0: test accuracy 91.20% (gate 0.5 decoder), event F1 0.813, mAP@0.5 0.700, "
        "coverage 11 of 12",
        "protocol: val-selected; best on test by epoch 92.50%; 62 s",
    ]
    assert "a table of Lightning's" in found.err


def test_the_numbers_of_a_matcher(
    bench: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub(monkeypatch, ANSWERS)
    assert main(command(bench, "--config", "cmm.yaml")) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        "runs/cmm-seed0: exact starts of 12 queries: a2v 50.00%, v2a 25.00% (always first 12.50%)"
    )


def test_where_it_began_is_said(
    bench: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub(monkeypatch, {**NUMBERS, "start": "5 of 7 tensors are from run x"})
    assert main(command(bench)) == 0
    assert "5 of 7 tensors are from run x\n" in capsys.readouterr().err


def test_another_process_has_the_numbers(
    bench: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub(monkeypatch, {})
    assert main(command(bench, "--devices", "2")) == 0
    assert capsys.readouterr().out == ""


def test_what_is_asked_for(
    bench: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = stub(monkeypatch, NUMBERS)
    chosen = ["--seed", "4", "--set", "train.epochs=2", "--set", "train.seed=3"]
    more = ["--out", str(tmp_path), "--devices", "2", "--loaders", "3", "--half", "--resume"]
    assert main(command(bench, "--config", "dmsf_weak", *chosen, *more, "--weights", "w.pt")) == 0
    ((experiment, runtime, out, kept),) = asked
    assert (experiment.train.seed, experiment.train.epochs) == (4, 2)
    assert experiment.supervision == "weak"
    assert (runtime.devices, runtime.loaders, runtime.cache_dir) == (2, 3, bench[1])
    assert out == tmp_path
    assert kept == {"weights": [Path("w.pt")], "resume": True, "half": True}


def test_negative_loaders(bench: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, text = refused(capsys, *command(bench, "--loaders", "-1"))
    assert code == 2
    assert "loaders (-1) must not be negative" in text
