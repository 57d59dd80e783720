"""Two rows of a table on the same videos: their difference as a whole, by seed and by video."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.studies.bootstrap import Difference, paired_difference


@dataclass(frozen=True)
class Pair:
    """A row beside the one that it is compared with; differences in points of accuracy.

    Attributes:
        name: Of the row.
        reference: Name of the other.
        difference: Mean and interval.
        seeds: By seed that both have.
        videos: Of each video, the mean over these seeds.
    """

    name: str
    reference: str
    difference: Difference
    seeds: Mapping[int, float]
    videos: tuple[float, ...]


def pair(
    name: str,
    reference: str,
    first: Mapping[int, NDArray[np.float64]],
    other: Mapping[int, NDArray[np.float64]],
) -> Pair | None:
    """How a row differs from its reference; None without a shared seed.

    Args:
        name: Of the row.
        reference: Name of the other.
        first: The reference's share of right segments (N,) of every video, by seed.
        other: The row's, of the same videos.
    """
    difference = paired_difference(first, other)
    if difference is None:
        return None
    by_seed = {
        seed: 100 * (other[seed] - first[seed]) for seed in sorted(first.keys() & other.keys())
    }
    means = {seed: float(values.mean()) for seed, values in by_seed.items()}
    videos = np.mean([*by_seed.values()], axis=0)
    return Pair(name, reference, difference, means, tuple(videos.tolist()))
