"""A run folder's files are whole or not there, and a run goes on only with what it began with."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from avel.configs.load import ConfigError
from avel.models.card import Card
from avel.models.checkpoint import save_checkpoint
from avel.models.table import build
from avel.pipeline.datasets.ave import AveFolder, Row
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.run_folder import RunFolder
from avel.pipeline.learning.settings import TrainConfig
from avel.pipeline.reasons import InputError

EXPERIMENT = Experiment(train=TrainConfig(epochs=3, milestones=(2,)))
RECIPE = {"read": {"stage": "features", "config": {"weights_sha256": "aaaa"}}, "encoder": {"a": 1}}


def dataset(**changes: Any) -> AveFolder:
    rows = (Row(0, "one", 1, 3), Row(1, "two", 0, 9))
    splits = {"train": np.array([0]), "val": np.array([1]), "test": np.array([1])}
    data = AveFolder(Path("ave"), ("dog", "cat"), rows, splits, (), {})
    return replace(data, **changes)


def begun(path: Path) -> RunFolder:
    folder = RunFolder(path)
    folder.begin(EXPERIMENT, dataset(), RECIPE)
    return folder


def test_every_file_of_a_run_is_written_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named: list[str] = []
    move = Path.replace

    def replaced(self: Path, target: Path) -> Path:
        named.append(Path(target).name)
        return move(self, target)

    monkeypatch.setattr(Path, "replace", replaced)
    folder = begun(tmp_path)
    folder.write_metrics({"accuracy": 0.5})
    folder.write_decisions({"own": np.zeros((2, 10))})
    assert named == ["config.yaml", "run.json", "metrics.json", "decisions.npz"]
    assert {file.name for file in tmp_path.iterdir()} == set(named)
    assert json.loads(folder.metrics.read_text()) == {"accuracy": 0.5}
    with np.load(folder.decisions) as found:
        assert found["own"].shape == (2, 10)


def test_the_same_goes_on(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    moved = dataset(root=Path("elsewhere/ave"))  # a folder may be moved
    folder.begin(EXPERIMENT, moved, RECIPE, resume=True)


def other_config(folder: RunFolder) -> None:
    changed = replace(EXPERIMENT, model="dmin", train=TrainConfig(epochs=9, milestones=(2,)))
    folder.begin(changed, dataset(), RECIPE, resume=True)


def other_rows(folder: RunFolder) -> None:
    rows = (Row(0, "one", 1, 4), Row(1, "two", 0, 9))
    folder.begin(EXPERIMENT, dataset(rows=rows), RECIPE, resume=True)


def other_classes(folder: RunFolder) -> None:
    folder.begin(EXPERIMENT, dataset(classes=("dog", "cow")), RECIPE, resume=True)


def other_split(folder: RunFolder) -> None:
    splits = {"train": np.array([1]), "val": np.array([1]), "test": np.array([1])}
    folder.begin(EXPERIMENT, dataset(splits=splits), RECIPE, resume=True)


def other_noisy(folder: RunFolder) -> None:
    folder.begin(EXPERIMENT, dataset(noisy=("quiet",)), RECIPE, resume=True)


def other_weights(folder: RunFolder) -> None:
    read = {"stage": "features", "config": {"weights_sha256": "bbbb"}}
    folder.begin(EXPERIMENT, dataset(), {**RECIPE, "read": read}, resume=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            other_config,
            r"config\.yaml: the run was begun with another config \(model: was 'dmsf', now 'dmin'; "
            r"train\.epochs: was 3, now 9\); resume with the same, or train into another --out",
        ),
        (
            other_rows,
            r"run\.json: the run was begun with another data \(rows: was '\w+', now '\w+'",
        ),
        (other_classes, r"another data \(classes: was \['dog', 'cat'\], now \['dog', 'cow'\]"),
        (other_split, r"another data \(splits: was '\w+', now '\w+'\)"),
        (other_noisy, r"another data \(noisy: was"),
        (
            other_weights,
            r"another features \(read\.config\.weights_sha256: was 'aaaa', now 'bbbb'\)",
        ),
    ],
)
def test_something_else_is_refused(
    tmp_path: Path, change: Callable[[RunFolder], None], message: str
) -> None:
    folder = begun(tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(InputError, match=message):
        change(folder)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.parametrize("change", [other_config, other_rows, other_weights])
def test_a_fresh_run_takes_the_place_of_another(
    tmp_path: Path, change: Callable[[RunFolder], None]
) -> None:
    folder = begun(tmp_path)
    folder.write_metrics({})
    folder.write_decisions({})
    folder.epochs.mkdir()
    for left in (folder.last, folder.epoch("best"), folder.test_selected):
        left.write_bytes(b"another run's")
    renewed = RunFolder(tmp_path)
    renewed.begin(replace(EXPERIMENT, model="dmin"), dataset(), RECIPE)
    assert not folder.metrics.exists()  # they were another run's
    assert not folder.decisions.exists()
    assert not folder.test_selected.exists()
    assert not any(folder.epochs.iterdir())  # `--resume` would go on with them
    assert "model: dmin" in folder.config.read_text()


def old(folder: RunFolder) -> None:
    """As folders were before the record, and before some settings were known."""
    folder.record.unlink()
    values = yaml.safe_load(folder.config.read_text())
    del values["start_partial"], values["train"]["validate_first"]
    folder.config.write_text(yaml.safe_dump(values))


def test_a_folder_without_a_record_goes_on_with_what_it_knows(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    old(folder)
    folder.begin(EXPERIMENT, dataset(), RECIPE, resume=True)
    assert folder.record.is_file()  # from now on it knows
    old(folder)
    with pytest.raises(InputError, match=r"another config \(train\.epochs: was 3, now 9"):
        other = replace(EXPERIMENT, train=TrainConfig(epochs=9, milestones=(2,)))
        folder.begin(other, dataset(), RECIPE, resume=True)


def test_a_folder_without_a_record_knows_its_models_classes(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    old(folder)
    card = Card("cmm", {}, ("dog", "cat"), 10, {})
    save_checkpoint(folder.checkpoint, card, build("cmm", {}), {})
    folder.begin(EXPERIMENT, dataset(), RECIPE, resume=True)
    old(folder)
    with pytest.raises(InputError, match=r"model\.safetensors: .*another data \(classes: was"):
        folder.begin(EXPERIMENT, dataset(classes=("dog", "cow")), RECIPE, resume=True)
    folder.checkpoint.write_bytes(b"torn")  # it is written again anyway
    folder.begin(EXPERIMENT, dataset(classes=("dog", "cow")), RECIPE, resume=True)


def test_when_a_run_is_done(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    what = (EXPERIMENT, dataset(), RECIPE)
    assert not folder.is_done(*what)
    folder = begun(tmp_path)
    assert not folder.is_done(*what)
    folder.write_metrics({})
    assert folder.is_done(*what)
    assert folder.is_done(EXPERIMENT, dataset(root=Path("elsewhere/ave")), RECIPE)
    old(folder)
    assert folder.is_done(*what)  # a setting that it did not know has its default


@pytest.mark.parametrize("ended", [True, False])
def test_a_run_of_something_else_is_not_taken_for_done(tmp_path: Path, ended: bool) -> None:
    """Its numbers would stand in a table of other data, or of other weights."""
    folder = begun(tmp_path)
    if ended:
        folder.write_metrics({})
    read = {"stage": "features", "config": {"weights_sha256": "bbbb"}}
    with pytest.raises(InputError, match=r"another config \(supervision: was 'full', now 'weak'\)"):
        folder.is_done(replace(EXPERIMENT, supervision="weak"), dataset(), RECIPE)
    with pytest.raises(InputError, match=r"run\.json: .* another data \(rows: was '\w+', now"):
        rows = (Row(0, "one", 1, 4), Row(1, "two", 0, 9))
        folder.is_done(EXPERIMENT, dataset(rows=rows), RECIPE)
    with pytest.raises(InputError, match=r"another features \(read\.config\.weights_sha256: was"):
        folder.is_done(EXPERIMENT, dataset(), {**RECIPE, "read": read})


def test_a_config_that_is_damaged(tmp_path: Path) -> None:
    folder = begun(tmp_path)
    folder.config.write_text("train: {epochs: 0}")
    with pytest.raises(ConfigError, match=r"train\.epochs \(0\) must be at least 1"):
        folder.begin(EXPERIMENT, dataset(), RECIPE, resume=True)


def test_logs_are_numbered(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert folder.next_log() == "resumed_0"
    (tmp_path / "resumed_0").mkdir()
    assert folder.next_log() == "resumed_1"
