from types import SimpleNamespace
from typing import Any

import pytest

from avel.pipeline.method.plan import LocalizationPlan
from avel.pipeline.server import warm as module
from avel.pipeline.server.warm import Kept, Warm


class Encoder:
    """Counts how often it is loaded."""

    def __init__(self, name: str = "a") -> None:
        self.recipe, self.loads = {"name": name}, 0

    def load(self, device: str) -> str:
        self.loads += 1
        return f"{self.recipe['name']} on {device}, {self.loads}"


def test_it_is_loaded_once_a_device() -> None:
    encoder, loaded = Encoder(), dict[tuple[str, str], Any]()
    kept = Kept(encoder, loaded)
    assert kept.load("cpu") == kept.load("cpu") == "a on cpu, 1"
    assert kept.load("cuda") == "a on cuda, 2"


def test_models_of_one_recipe_share_it() -> None:
    loaded = dict[tuple[str, str], Any]()
    one, same, other = Encoder(), Encoder(), Encoder("b")
    assert Kept(one, loaded).load() == Kept(same, loaded).load() == "a on cpu, 1"
    assert Kept(other, loaded).load() == "b on cpu, 1"
    assert same.loads == 0


def test_all_else_is_the_encoders_own() -> None:
    assert Kept(Encoder(), {}).recipe == {"name": "a"}


def test_a_plan_over_it_is_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "resolve_device", lambda device: device)  # it asks torch
    encoder, localizer = Encoder(), SimpleNamespace()
    plan: Any = LocalizationPlan(
        None,
        {"a": 1},
        lambda: encoder,
        localizer,
        None,
        None,  # type: ignore[arg-type, return-value]
    )
    warm = Warm()
    over = warm.over(plan)
    assert (over.features, over.localizer) == (plan.features, localizer)
    assert warm.encoder(over, "cpu") == ("a on cpu, 1", True)
    assert warm.encoder(over, "cpu") == ("a on cpu, 1", False)
