"""Distance from the training: near one inside, growing outside, in every direction."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from avel.models.domain import QUANTILE, SHRINKAGE, DomainFit, distance, fit_domain


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


def at_once(vectors: torch.Tensor, held_out: torch.Tensor) -> dict[str, torch.Tensor]:
    """The same from torch's own mean and covariance of all vectors."""
    covariance = torch.cov(vectors.T.double())
    sphere = torch.eye(len(covariance), dtype=torch.float64) * covariance.diagonal().mean()
    values, directions = torch.linalg.eigh((1 - SHRINKAGE) * covariance + SHRINKAGE * sphere)
    domain = {"mean": vectors.mean(0), "whitening": (directions / values.sqrt()).float()}
    return {**domain, "threshold": distance(held_out, domain).quantile(QUANTILE)}


@given(st.lists(st.integers(0, 40), min_size=1, max_size=30), st.integers(0, 99))
def test_parts_of_any_size_are_all_at_once(sizes: list[int], seed: int) -> None:
    """Equal to 1e-5: only the order of sums in float64 differs."""
    if sum(sizes) < 8:
        return
    vectors, held_out = gaussian(sum(sizes), seed), gaussian(50, seed + 1)
    fit = DomainFit()
    for part in vectors.split(sizes):
        fit.add(part)
    for part in held_out.split(7):
        fit.hold_out(part)
    found, expected = fit.finish(), at_once(vectors, held_out)
    torch.testing.assert_close(found["mean"], expected["mean"], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(
        distance(held_out, found), distance(held_out, expected), rtol=1e-5, atol=1e-5
    )
    torch.testing.assert_close(found["threshold"], expected["threshold"], rtol=1e-5, atol=1e-5)


def test_far_from_the_origin_nothing_is_lost() -> None:
    """Sums of squares alone would lose a spread of 1 beside a mean of 1e7."""
    found = []
    for offset in (0.0, 1e7):
        fit = DomainFit()
        for part in (gaussian(2000, 0).double() + offset).split(10):
            fit.add(part)
        fit.hold_out(gaussian(10, 1))
        found.append(fit.finish()["whitening"].abs())  # a direction may point either way
    torch.testing.assert_close(found[1], found[0], rtol=1e-3, atol=1e-4)


def test_what_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="at least 2 training vectors, not 0"):
        DomainFit().hold_out(gaussian(3, 0))
    fit = DomainFit()
    fit.add(gaussian(1, 0))
    with pytest.raises(ValueError, match="at least 2 training vectors, not 1"):
        fit.hold_out(gaussian(3, 0))
    fit.add(gaussian(5, 0))
    with pytest.raises(ValueError, match="at least one held-out vector"):
        fit.finish()
