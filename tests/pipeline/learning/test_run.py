"""One entry for every kind of training, which checks before it works out what is read."""

from pathlib import Path
from typing import Any

import pytest

from avel.configs.load import ConfigError
from avel.extractors import ExtractorError
from avel.pipeline.learning import run as module
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.run import train_any
from avel.pipeline.learning.settings import TrainConfig
from avel.pipeline.reasons import EnvironmentProblem
from avel.pipeline.work.runtime import RuntimeConfig

CPU = RuntimeConfig(device="cpu")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[Any, ...], dict[str, Any]]]:
    made: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
    for name in ("prepare", "fill", "train", "train_matcher"):

        def call(*arguments: Any, _name: str = name, **named: Any) -> str:
            made.append((_name, arguments, named))
            return _name

        monkeypatch.setattr(module, name, call)
    return made


@pytest.mark.parametrize(("model", "trainer"), [("dmsf", "train"), ("cmm", "train_matcher")])
def test_what_is_read_is_worked_out_filled_and_passed_on(
    calls: list[Any], model: str, trainer: str
) -> None:
    experiment = Experiment(model=model)
    found = train_any("data", experiment, CPU, Path("out"), weights=(Path("w"),), resume=True)  # type: ignore[arg-type]
    assert found == trainer
    assert [name for name, *_ in calls] == ["prepare", "fill", trainer]
    assert calls[0][1] == (experiment, CPU, (Path("w"),))
    assert calls[1][1] == ("prepare", "data", CPU)
    assert calls[2][1] == ("data", experiment, "prepare", CPU, Path("out"))
    assert calls[2][2]["resume"]


def test_what_was_prepared_is_not_prepared_again(calls: list[Any]) -> None:
    train_any("data", Experiment(), CPU, Path("out"), prepared="mine")  # type: ignore[arg-type]
    ((name, arguments, _),) = calls
    assert (name, arguments[2]) == ("train", "mine")


@pytest.mark.parametrize(
    ("experiment", "runtime", "error", "message"),
    [
        (Experiment(model="dmfs"), CPU, ConfigError, "no model 'dmfs'; did you mean 'dmsf'"),
        (
            Experiment(),
            RuntimeConfig(device="cuda:9"),
            EnvironmentProblem,
            "device 'cuda:9' cannot",
        ),
        (
            Experiment(train=TrainConfig(precision="float16")),
            CPU,
            ExtractorError,
            "the cpu has no float16 kernels",
        ),
    ],
)
def test_what_cannot_be_is_refused_first(
    calls: list[Any],
    experiment: Experiment,
    runtime: RuntimeConfig,
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        train_any("data", experiment, runtime, Path("out"))  # type: ignore[arg-type]
    assert calls == []
