"""Rates and decays: known values of the schedules, and which parameters do not decay."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from avel.models.table import build
from avel.pipeline.learning.optimizer import groups_of, optimizer_of, warm_cosine
from avel.pipeline.learning.settings import TrainConfig


def test_the_cosine_by_hand() -> None:
    factor = warm_cosine(TrainConfig(epochs=10, warmup_epochs=2), 100)
    assert [factor(step) for step in (0, 9, 19)] == [1 / 20, 10 / 20, 1.0]
    assert factor(20) == 1.0
    assert factor(60) == pytest.approx(0.5)
    assert factor(40) == pytest.approx(0.5 * (1 + math.cos(math.pi / 4)))
    assert factor(100) == pytest.approx(0.0)
    assert factor(500) == pytest.approx(0.0)  # a run that goes on too long does not rise again


@given(st.integers(1, 40), st.integers(0, 40), st.integers(1, 400), st.data())
def test_the_rate_grows_and_then_falls(
    epochs: int, warm: int, steps: int, data: st.DataObject
) -> None:
    factor = warm_cosine(TrainConfig(epochs=epochs, warmup_epochs=warm), steps)
    values = [factor(step) for step in range(steps)]
    top = values.index(max(values))
    assert all(0 <= value <= 1 for value in values)
    assert values[:top] == sorted(values[:top])
    assert values[top:] == sorted(values[top:], reverse=True)


def test_without_warm_up_the_first_step_is_whole() -> None:
    assert warm_cosine(TrainConfig(epochs=5, warmup_epochs=0), 50)(0) == 1.0


def rates(config: TrainConfig, steps: int) -> list[float]:
    """Rate at each step of a schedule that Lightning would call so."""
    module = nn.Linear(2, 2)
    (optimizer,), (schedule,) = optimizer_of(groups_of(module, 0.1, 0.0), config, steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule["scheduler"].step()
    return found


def test_milestones_cut_the_rate() -> None:
    config = TrainConfig(
        learning_rate=0.1, schedule="milestones", milestones=(2, 4), milestone_factor=0.5
    )
    assert rates(config, 6) == pytest.approx([0.1, 0.1, 0.05, 0.05, 0.025, 0.025])


@pytest.mark.parametrize("unit", ["epoch", "step"])
def test_milestones_are_counted_in_their_unit(unit: str) -> None:
    config = TrainConfig(schedule="milestones", milestones=(2,), milestone_unit=unit)  # type: ignore[arg-type]
    _, (schedule,) = optimizer_of(groups_of(nn.Linear(2, 2), 0.1, 0.0), config, 9)
    assert schedule["interval"] == unit


def test_norms_biases_and_the_scan_do_not_decay() -> None:
    model = build("dmsf", {"d_model": 16, "heads": 2})
    decayed, kept = groups_of(model, 0.1, 0.02)
    assert (decayed["weight_decay"], kept["weight_decay"]) == (0.02, 0.0)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    free = {names[id(parameter)] for parameter in kept["params"]}
    assert {name for name in names.values() if name.endswith((".A_log", ".D", ".bias"))} <= free
    assert not any(name.endswith("proj.weight") for name in free)
    assert len(decayed["params"]) + len(kept["params"]) == len(names)


def test_adam_never_decays_and_adamw_does() -> None:
    """One step on a gradient of zero leaves adam's weights and shrinks adamw's by rate x decay."""
    for name, factor in (("adam", 1.0), ("adamw", 1 - 0.1 * 0.02)):
        module = nn.Linear(3, 3)
        before = module.weight.detach().clone()
        config = TrainConfig(optimizer=name, schedule="milestones")  # type: ignore[arg-type]
        (optimizer,), _ = optimizer_of(groups_of(module, 0.1, 0.02), config, 1)
        for parameter in module.parameters():
            parameter.grad = torch.zeros_like(parameter)
        optimizer.step()
        torch.testing.assert_close(module.weight.detach(), before * factor)
