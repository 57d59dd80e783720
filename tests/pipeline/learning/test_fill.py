"""Only activations before in-trunk adapters are made by training, and of every video once."""

from pathlib import Path
from typing import Any

import pytest

from avel.extractors.adapters.config import AdapterConfig
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.learning import fill as module
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.fill import fill
from avel.pipeline.learning.prepare import Prepared, prepare
from avel.pipeline.learning.settings import AugmentConfig
from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import Reason
from avel.pipeline.work.runtime import RuntimeConfig

TRUNK = AdapterConfig("trunk", (4,))


@pytest.mark.parametrize(
    "experiment",
    [
        Experiment(),
        Experiment(adapter=AdapterConfig("output")),
        Experiment(adapter=TRUNK, augment=AugmentConfig(True)),
    ],
)
def test_nothing_to_fill(
    bench: tuple[Path, Path], experiment: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "harvest", lambda *_: pytest.fail("nothing is made here"))
    runtime = RuntimeConfig(bench[1], device="cpu")
    assert fill(prepare(experiment, runtime), open_ave(bench[0]), runtime) == 0
    assert fill(Prepared({}, None), open_ave(bench[0]), runtime) == 0


def test_every_video_is_asked_for_once(
    bench: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def harvest(paths: list[Path], stores: Any, plan: Any, runtime: RuntimeConfig) -> list[Outcome]:
        asked.append((paths, stores.features.recipe, plan))
        broken = Outcome(paths[0], None, reason=Reason.EMPTY)
        return [broken, *(Outcome(path, "key") for path in paths[1:])]

    monkeypatch.setattr(module, "harvest", harvest)
    runtime = RuntimeConfig(bench[1], device="cpu")
    prepared = prepare(Experiment(adapter=TRUNK), runtime)
    assert fill(prepared, open_ave(bench[0]), runtime) == 72 + 16 - 1
    ((paths, recipe, plan),) = asked
    assert len(paths) == len(set(paths)) == 72 + 16
    assert recipe == prepared.recipe
    assert plan.encoder.options.until == 4  # type: ignore[union-attr]
