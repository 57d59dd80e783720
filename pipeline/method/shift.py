"""Label shift inside a video: what it shows elsewhere makes a label likelier, or less so.

Under label shift the look and sound of a label stay the same and only its frequency changes, so a
posterior is corrected by the ratio of priors,

    p'(l | x) ∝ p(l | x) π(l) / π0(l).

Words are compared as if all L labels were equally frequent, π0 = 1 / L. The video's own prior
around segment t is the mean of what is said of the segments s near it,

    π_t(l) = (a / L + Σ_s p_s(l)) / (a + Σ_k Σ_s p_s(k)),    |s - t| <= reach,

with `a` segments of no knowledge, and what speaks for a label is corrected by

    ln odds'_t(l) = ln odds_t(l) + clip(ln(L π_t(l)), -most, most).

A prior that is uniform, that of a single label or of a video that shows none, changes nothing.

Source: Saerens et al., Neural Computation 2002, equation 2.4, one step of their algorithm;
correcting for label shift inside a video follows AV2A (Shaar et al., CVPR 2025), which lowers each
label's threshold by the shift that earlier segments show. Ours differs: the prior is of both
directions of time and of a neighbourhood, and it is bounded, so that a brief event in a long film
is not lost.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Shift:
    """Constants of the correction; none was fitted to data."""

    unknown: float = 2.0
    """Segments of no knowledge, shared by all labels."""
    reach: int = 30
    """Segments before and after that tell of one."""
    most: float = 1.5
    """Largest correction, as log-odds."""

    def over(self, probabilities: Array) -> Array:
        """Corrections (T, L) of log-odds, for the probability (T, L) of each label."""
        T, L = probabilities.shape
        sums = np.concatenate([np.zeros((1, L)), probabilities.cumsum(0, dtype=np.float64)])
        t = np.arange(T)
        near = sums[np.minimum(t + self.reach + 1, T)] - sums[np.maximum(t - self.reach, 0)]
        prior = (self.unknown / L + near) / (self.unknown + near.sum(1, keepdims=True))
        return np.asarray(np.clip(np.log(L * prior), -self.most, self.most), np.float32)
