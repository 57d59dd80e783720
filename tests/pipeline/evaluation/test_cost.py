"""What a model costs, counted on paper and by the counter."""

import pytest
import torch

from avel.models.card import Card
from avel.models.table import MATCHING, MODELS, build
from avel.pipeline.evaluation.cost import cost, multiply_adds, parameters, window


def test_multiply_adds_by_hand() -> None:
    """A matching network is four products; AV_att's sum was done on paper."""
    card = Card("cmm", {}, (), 10, {})
    towers = 512 * 128 + 128 * 64 + 128 * 128 + 128 * 64
    assert multiply_adds(card, build("cmm", {})) == 10 * towers
    n, lstm = 490, 2 * 10 * 512
    attention = n * (512 * 512 + 512 * 49 + 49 + 512) + 10 * (128 * 512 + 512 * 49)
    recurrent = lstm * (512 + 128) + lstm * (128 + 128)
    rest = 10 * (512 * 64 + 64 * 29)
    found = multiply_adds(Card("av_att", {}, (), 10, {}), build("av_att", {}))
    assert found == attention + recurrent + rest
    costs = cost(Card("dmsf", {}, (), 10, {}), build("dmsf", {}))
    assert costs["parameters"] == sum(p.numel() for p in build("dmsf", {}).parameters())
    assert 0 < costs["seconds_per_video"] < 5


@pytest.mark.parametrize("name", [*MODELS, *MATCHING])
def test_windows_have_the_models_shapes(name: str) -> None:
    model, card = build(name, {}), Card(name, {}, (), 10, {})
    audio, visual_map, visual, mask = window(card, model, 2, 49)
    assert audio.shape == (2, 10, 128)
    assert visual_map.shape[:3] == (2, 10, 49)
    assert visual.shape[:2] == (2, 10)
    assert mask.all()
    assert parameters(model) > 10_000


def test_counting_leaves_the_model_as_it_was() -> None:
    """Fused kernels are off while counting and on again afterwards, and gradients do not stay."""
    model, card = build("dmsf", {}).eval(), Card("dmsf", {}, (), 10, {})
    before = torch.backends.mkldnn.enabled
    one, two = (multiply_adds(card, model) for _ in range(2))
    assert one == two > 1e6
    assert torch.backends.mkldnn.enabled == before
    assert all(parameter.grad is None for parameter in model.parameters())
