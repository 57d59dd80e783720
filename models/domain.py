"""How far a segment's features lie from those that a model was trained on."""

from collections.abc import Mapping

import torch
from torch import Tensor

SHRINKAGE = 0.1
QUANTILE = 0.99


class DomainFit:
    """Mean, inverse root covariance and a distance that all but 1 % of held-out vectors keep.

    Vectors come in parts of any size and are not kept: all of `add`, then all of `hold_out`.

    Source: Lee et al., NeurIPS 2018 (Mahalanobis distance to the training features), with one
    Gaussian and shrinkage towards a multiple of the identity; parts are joined as in Chan et al.,
    1979 (updating formulae for variances).
    """

    def __init__(self) -> None:
        self._count = 0
        self._mean = self._scatter = torch.zeros(0)
        self._fitted: dict[str, Tensor] | None = None
        self._distances: list[Tensor] = []

    def add(self, vectors: Tensor) -> None:
        """Take training features (N, D); N may be 0."""
        if not len(vectors):
            return
        part = vectors.double()
        mean, total = part.mean(0), self._count + len(part)
        if not self._count:
            self._mean = torch.zeros_like(mean)
            self._scatter = mean.new_zeros(len(mean), len(mean))
        shift = mean - self._mean
        between = shift * (self._count * len(part) / total) ** 0.5
        rows = torch.cat([part - mean, between[None]])
        self._scatter.addmm_(rows.T, rows)
        self._mean += shift * (len(part) / total)
        self._count = total

    def hold_out(self, vectors: Tensor) -> None:
        """Take features (M, D) of other videos, for the threshold."""
        self._distances.append(distance(vectors, self._gaussian()))

    def finish(self) -> dict[str, Tensor]:
        """`mean` (D,), `whitening` (D, D) and `threshold` ().

        Raises:
            ValueError: fewer than two training vectors, or no held-out one.
        """
        distances = torch.cat(self._distances) if self._distances else torch.zeros(0)
        if not len(distances):
            raise ValueError("a domain needs at least one held-out vector")
        return {**self._gaussian(), "threshold": distances.quantile(QUANTILE)}

    def _gaussian(self) -> dict[str, Tensor]:
        if self._count < 2:
            raise ValueError(f"a domain needs at least 2 training vectors, not {self._count}")
        if self._fitted is None:
            covariance = self._scatter / (self._count - 1)
            size = len(covariance)
            sphere = torch.eye(size, dtype=torch.float64) * covariance.diagonal().mean()
            shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * sphere
            values, directions = torch.linalg.eigh(shrunk)
            whitening = (directions / values.sqrt()).float()
            self._fitted = {"mean": self._mean.float(), "whitening": whitening}
        return self._fitted


def fit_domain(vectors: Tensor, held_out: Tensor) -> dict[str, Tensor]:
    """What `DomainFit` finds of all vectors at once.

    Args:
        vectors: Training features (N, D).
        held_out: Features of other videos (M, D), for the threshold.
    """
    fit = DomainFit()
    fit.add(vectors)
    fit.hold_out(held_out)
    return fit.finish()


def distance(vectors: Tensor, domain: Mapping[str, Tensor]) -> Tensor:
    """Root mean square of whitened coordinates (N,): about 1 for training features."""
    white = (vectors - domain["mean"]) @ domain["whitening"]
    return white.square().mean(-1).sqrt()
