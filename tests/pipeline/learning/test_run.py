"""A config's model decides which kind of training runs, and both are given the same things."""

from pathlib import Path
from typing import Any

import pytest

from avel.models.card import MATCHERS
from avel.models.table import MATCHING, MODELS
from avel.pipeline.learning import run as room
from avel.pipeline.learning.experiment import Experiment, load_experiment
from avel.pipeline.learning.run import train_any
from avel.pipeline.work.runtime import RuntimeConfig

Calls = list[tuple[str, tuple[Any, ...], dict[str, Any]]]
PREPARED: Any = object()
DATA: Any = object()


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """Both trainings are noted and answer with their name."""
    made: Calls = []

    def noted(name: str) -> Any:
        def train(*args: Any, **named: Any) -> dict[str, Any]:
            made.append((name, args, named))
            return {"trained by": name}

        return train

    for name in ("train", "train_matcher"):
        monkeypatch.setattr(room, name, noted(name))
    return made


def of(model: str) -> Experiment:
    return load_experiment(None, [f"model={model}"])


@pytest.mark.parametrize("model", [*MODELS, *MATCHING])
def test_every_model_is_trained_by_one_of_both(calls: Calls, tmp_path: Path, model: str) -> None:
    kind = "train_matcher" if model in MATCHERS else "train"
    assert (model in MATCHERS) == (model in MATCHING)
    assert train_any(DATA, of(model), RuntimeConfig(), tmp_path) == {"trained by": kind}
    assert [name for name, *_ in calls] == [kind]


@pytest.mark.parametrize("model", ["dmsf", "cmm"])
def test_both_are_given_all_there_is(calls: Calls, tmp_path: Path, model: str) -> None:
    experiment, runtime, weights = of(model), RuntimeConfig(workers=1), (tmp_path / "w.pt",)
    given: dict[str, Any] = {"weights": weights, "resume": True, "prepared": PREPARED}
    train_any(DATA, experiment, runtime, tmp_path, half=True, **given)
    ((_, args, named),) = calls
    assert args == (DATA, experiment, runtime, tmp_path)
    assert {name: named[name] for name in given} == given
    assert named.get("half", "not given") == (True if model == "dmsf" else "not given")


def test_what_is_not_given_is_as_in_train(calls: Calls, tmp_path: Path) -> None:
    train_any(DATA, of("dmsf"), RuntimeConfig(), tmp_path)
    assert calls[0][2] == {"weights": (), "resume": False, "half": False, "prepared": None}
