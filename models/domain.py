"""How far a segment's features lie from those that a model was trained on."""

from collections.abc import Mapping

import torch
from torch import Tensor

SHRINKAGE = 0.1
QUANTILE = 0.99


def fit_domain(vectors: Tensor, held_out: Tensor) -> dict[str, Tensor]:
    """Mean, inverse root covariance and a distance that all but 1 % of held-out vectors keep.

    Args:
        vectors: Training features (N, D).
        held_out: Features of other videos (M, D), for the threshold.

    Source: Lee et al., NeurIPS 2018 (Mahalanobis distance to the training features), with one
    Gaussian and shrinkage towards a multiple of the identity.
    """
    mean = vectors.mean(0)
    covariance = torch.cov(vectors.T.double())
    size = len(covariance)
    sphere = torch.eye(size, dtype=torch.float64) * covariance.diagonal().mean()
    values, directions = torch.linalg.eigh((1 - SHRINKAGE) * covariance + SHRINKAGE * sphere)
    whitening = (directions / values.sqrt()).float()
    domain = {"mean": mean, "whitening": whitening}
    domain["threshold"] = distance(held_out, domain).quantile(QUANTILE)
    return domain


def distance(vectors: Tensor, domain: Mapping[str, Tensor]) -> Tensor:
    """Root mean square of whitened coordinates (N,): about 1 for training features."""
    white = (vectors - domain["mean"]) @ domain["whitening"]
    return white.square().mean(-1).sqrt()
