"""Distance from the training: near one inside, growing outside, in every direction."""

import pytest
import torch

from avel.models.domain import distance, fit_domain


def gaussian(count: int, seed: int) -> torch.Tensor:
    g = torch.Generator().manual_seed(seed)
    mixing = torch.tensor([[3.0, 0.0, 0.0], [1.0, 0.5, 0.0], [0.0, 0.2, 0.1]])
    return torch.randn(count, 3, generator=g) @ mixing.T + torch.tensor([5.0, -2.0, 0.0])


def test_nearly_all_of_the_same_kind_are_inside() -> None:
    domain = fit_domain(gaussian(4000, 0), gaussian(2000, 1))
    inside = (distance(gaussian(2000, 2), domain) <= domain["threshold"]).float().mean()
    assert inside.item() == pytest.approx(0.99, abs=0.01)


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)])
def test_far_away_is_outside(direction: tuple[int, ...]) -> None:
    domain = fit_domain(gaussian(4000, 0), gaussian(2000, 1))
    away = gaussian(200, 3) + 40 * torch.tensor(direction, dtype=torch.float32)
    assert (distance(away, domain) > domain["threshold"]).all()


def test_the_mean_is_nearest() -> None:
    domain = fit_domain(gaussian(4000, 0), gaussian(2000, 1))
    assert distance(domain["mean"][None], domain).item() == pytest.approx(0, abs=1e-6)
