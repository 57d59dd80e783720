"""How far a segment's features lie from those that a model was trained on."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

SHRINKAGE = 0.001
QUANTILE = 0.98


class DomainFit:
    """Means by kind, an inverse root covariance, a distance that 98 % of held-out vectors keep.

    Vectors come in parts of any size and are not kept: all of `add`, then all of `hold_out`.

    Source: Lee et al., NeurIPS 2018 (Mahalanobis distance to the nearest class of the training, one
    covariance within all of them), with shrinkage towards a multiple of the identity; parts are
    joined as in Chan et al., 1979 (updating formulae for variances).
    """

    def __init__(self) -> None:
        self._kinds: dict[int, tuple[int, Tensor]] = {}
        self._scatter = torch.zeros(0)
        self._fitted: dict[str, Tensor] | None = None
        self._distances: list[Tensor] = []

    def add(self, vectors: Tensor, kind: int = 0) -> None:
        """Take training features (N, D) of one kind; N may be 0."""
        if not len(vectors):
            return
        part = vectors.double()
        mean = part.mean(0)
        count, known = self._kinds.get(kind, (0, torch.zeros_like(mean)))
        if not self._kinds:
            self._scatter = mean.new_zeros(len(mean), len(mean))
        total, shift = count + len(part), mean - known
        between = shift * (count * len(part) / total) ** 0.5
        rows = torch.cat([part - mean, between[None]])
        self._scatter.addmm_(rows.T, rows)
        self._kinds[kind] = total, known + shift * (len(part) / total)

    def hold_out(self, vectors: Tensor) -> None:
        """Take features (M, D) of other videos, for the threshold."""
        self._distances.append(distance(vectors, self._gaussians()))

    def finish(self) -> dict[str, Tensor]:
        """`mean` (C, D) of C kinds, `whitening` (D, D) and `threshold` ().

        Raises:
            ValueError: fewer training vectors than kinds and one more, or no held-out one.
        """
        distances = torch.cat(self._distances) if self._distances else torch.zeros(0)
        if not len(distances):
            raise ValueError("a domain needs at least one held-out vector")
        return {**self._gaussians(), "threshold": distances.quantile(QUANTILE)}

    def _gaussians(self) -> dict[str, Tensor]:
        count, least = sum(count for count, _ in self._kinds.values()), max(1, len(self._kinds)) + 1
        if count < least:
            raise ValueError(f"a domain needs at least {least} training vectors, not {count}")
        if self._fitted is None:
            covariance = self._scatter / (count - len(self._kinds))
            size = len(covariance)
            sphere = torch.eye(size, dtype=torch.float64) * covariance.diagonal().mean()
            shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * sphere
            values, directions = torch.linalg.eigh(shrunk)
            whitening = (directions / values.sqrt()).float()
            means = torch.stack([mean for _, (_, mean) in sorted(self._kinds.items())])
            self._fitted = {"mean": means.float(), "whitening": whitening}
        return self._fitted


def fit_domain(
    vectors: Tensor, held_out: Tensor, kinds: Sequence[int] | None = None
) -> dict[str, Tensor]:
    """What `DomainFit` finds of all vectors at once.

    Args:
        vectors: Training features (N, D).
        held_out: Features of other videos (M, D), for the threshold.
        kinds: Of each training vector (N,); None where all are of one.
    """
    fit = DomainFit()
    of = torch.tensor([0] * len(vectors) if kinds is None else list(kinds))
    for kind in sorted(set(of.tolist())):
        fit.add(vectors[of == kind], kind)
    fit.hold_out(held_out)
    return fit.finish()


def distance(vectors: Tensor, domain: Mapping[str, Tensor]) -> Tensor:
    """To the nearest mean, root mean square of whitened coordinates (N,): about 1 in training.

    The mean of a domain is (C, D), or (D,) in models that were trained when it had but one.
    """
    means = domain["mean"].reshape(-1, vectors.shape[-1])
    white, centres = ((v - means[0]) @ domain["whitening"] for v in (vectors, means))
    exact = "donot_use_mm_for_euclid_dist"  # differences first: nothing is lost beside large ones
    apart = torch.cdist(white, centres, compute_mode=exact).amin(1)
    nearest: Tensor = apart / vectors.shape[-1] ** 0.5
    return nearest
