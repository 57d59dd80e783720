"""How surely two rows of a table differ: a paired bootstrap over videos."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

RESAMPLES = 10_000
LEVEL = 0.95
AT_ONCE = 500
"""Resamples that are drawn together: bounds the memory by 4 kB per video."""


@dataclass(frozen=True)
class Difference:
    """Mean difference in points, and the ends of its 95 % interval."""

    mean: float
    low: float
    high: float


def paired_difference(
    reference: Mapping[int, NDArray[np.float64]], other: Mapping[int, NDArray[np.float64]]
) -> Difference | None:
    """How much better the other is than the reference; None without a shared seed.

    Seeds that both have are averaged per video.

    Args:
        reference: Share of right segments (N,) of every video, by seed.
        other: The same of the same videos.
    """
    seeds = sorted(reference.keys() & other.keys())
    if not seeds:
        return None
    return difference_interval(np.mean([other[s] - reference[s] for s in seeds], axis=0))


def difference_interval(differences: NDArray[np.float64]) -> Difference:
    """The interval of a mean over videos, which are drawn with replacement.

    Args:
        differences: In share of right segments, (N,): both rows' same videos are drawn.

    Source: Efron and Tibshirani, 1993, chapter 13 (percentile interval), by scipy.
    """
    mean = 100 * float(differences.mean())
    if len(differences) < 2:  # scipy refuses a single one, which can be drawn in one way only
        return Difference(mean, mean, mean)
    found = bootstrap(
        (differences,),
        np.mean,
        n_resamples=RESAMPLES,
        batch=AT_ONCE,
        confidence_level=LEVEL,
        method="percentile",
        rng=np.random.default_rng(0),
    ).confidence_interval
    return Difference(mean, 100 * float(found.low), 100 * float(found.high))
