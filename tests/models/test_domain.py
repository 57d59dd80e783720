"""Distance from the training: near one inside, growing outside, in every direction."""

import numpy as np
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
    assert inside.item() == pytest.approx(QUANTILE, abs=0.01)


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)])
def test_far_away_is_outside(direction: tuple[int, ...]) -> None:
    domain = fit_domain(gaussian(4000, 0), gaussian(2000, 1))
    away = gaussian(200, 3) + 40 * torch.tensor(direction, dtype=torch.float32)
    assert (distance(away, domain) > domain["threshold"]).all()


def test_the_mean_is_nearest() -> None:
    domain = fit_domain(gaussian(4000, 0), gaussian(2000, 1))
    assert distance(domain["mean"], domain).item() == pytest.approx(0, abs=1e-6)


def at_once(vectors: torch.Tensor, held_out: torch.Tensor) -> dict[str, torch.Tensor]:
    """The same from torch's own mean and covariance of all vectors."""
    covariance = torch.cov(vectors.T.double())
    sphere = torch.eye(len(covariance), dtype=torch.float64) * covariance.diagonal().mean()
    values, directions = torch.linalg.eigh((1 - SHRINKAGE) * covariance + SHRINKAGE * sphere)
    domain = {"mean": vectors.mean(0)[None], "whitening": (directions / values.sqrt()).float()}
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


def kinds(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Two heaps far apart, each thin where the line between them is thick."""
    near, far = gaussian(count, seed), gaussian(count, seed + 1) + torch.tensor([60.0, 0.0, 0.0])
    return torch.cat([near, far]), torch.arange(2).repeat_interleave(count)


def test_between_two_kinds_is_outside() -> None:
    """One mean for all would lie there, with what is most familiar around it."""
    vectors, labels = kinds(2000, 0)
    held_out, _ = kinds(1000, 5)
    between = gaussian(200, 9) + torch.tensor([30.0, 0.0, 0.0])
    apart = fit_domain(vectors, held_out, labels.tolist())
    together = fit_domain(vectors, held_out)
    assert apart["mean"].shape == (2, 3)
    assert (distance(between, apart) > apart["threshold"]).all()
    assert (distance(between, together) < together["threshold"]).float().mean() > 0.9
    inside = (distance(kinds(1000, 7)[0], apart) <= apart["threshold"]).float().mean()
    assert inside.item() == pytest.approx(QUANTILE, abs=0.01)


def test_the_nearest_kind_counts() -> None:
    """Against numpy's distance to each mean under one covariance within both."""
    vectors, labels = kinds(300, 0)
    domain = fit_domain(vectors, vectors[:20], labels.tolist())
    own = np.stack([vectors[labels == kind].double().mean(0) for kind in (0, 1)])
    spread = vectors.double().numpy() - own[labels.numpy()]
    covariance = spread.T @ spread / (len(vectors) - 2)
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * np.eye(3) * covariance.trace() / 3
    asked = gaussian(50, 3).double().numpy() * 4
    off = asked[:, None] - own[None]
    expected = np.sqrt(np.einsum("ncd,de,nce->nc", off, np.linalg.inv(shrunk), off) / 3).min(1)
    found = distance(torch.tensor(asked, dtype=torch.float32), domain)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4)


def test_kinds_in_parts_and_in_any_order() -> None:
    vectors, labels = kinds(40, 0)
    fit = DomainFit()
    for start in (60, 0, 20, 40):
        fit.add(vectors[start : start + 20], int(labels[start]))
    fit.hold_out(vectors[:10])
    found, expected = fit.finish(), fit_domain(vectors, vectors[:10], labels.tolist())
    torch.testing.assert_close(found["mean"], expected["mean"], rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found["threshold"], expected["threshold"], rtol=1e-4, atol=1e-5)


def test_a_domain_of_one_mean_as_it_was_stored_before() -> None:
    domain = fit_domain(gaussian(500, 0), gaussian(100, 1))
    before = {**domain, "mean": domain["mean"][0]}
    torch.testing.assert_close(
        distance(gaussian(9, 2), before), distance(gaussian(9, 2), domain), rtol=0, atol=0
    )


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
    fit.add(gaussian(1, 0), 1)
    with pytest.raises(ValueError, match="at least 3 training vectors, not 2"):
        fit.hold_out(gaussian(3, 0))
    fit.add(gaussian(1, 0), 2)
    fit.add(gaussian(0, 0), 3)
    fit.add(gaussian(5, 0))
    with pytest.raises(ValueError, match="at least one held-out vector"):
        fit.finish()
