"""libswscale's filters as matrices, so that a GPU scales pictures as the CPU's decoder does."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SHARPNESS = 0.6
"""libswscale's own for bicubic (its second parameter); PIL and torch have 0.5."""


@lru_cache(maxsize=16)
def weights(before: int, after: int, interpolation: str) -> NDArray[np.float32]:
    """A line of so many pixels to one of so many others: (after, before), each row sums to 1.

    When it shrinks, the support grows as much, so that nothing aliases; beyond the edge lies the
    last pixel.

    Args:
        before: Pixels of the line.
        after: Pixels that it gets.
        interpolation: `bicubic` or `bilinear`.

    Source: Keys, IEEE Trans. ASSP 1981, with a = -0.6 as in libswscale's initFilter.
    """
    step = before / after
    wide = max(step, 1.0)
    middles = (np.arange(after) + 0.5) * step - 0.5
    reach = int(np.ceil(2 * wide)) + 1
    places = np.floor(middles).astype(int)[:, None] + np.arange(-reach, reach + 2)
    kernel = _bicubic if interpolation == "bicubic" else _bilinear
    parts = kernel(np.abs(places - middles[:, None]) / wide)
    found = np.zeros((after, before))
    np.add.at(found, (np.arange(after)[:, None], places.clip(0, before - 1)), parts)
    return np.asarray(found / found.sum(1, keepdims=True), np.float32)


def _bilinear(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.maximum(0.0, 1 - distance)


def _bicubic(distance: NDArray[np.float64]) -> NDArray[np.float64]:
    d, c = distance, SHARPNESS
    near = (2 - c) * d**3 - (3 - c) * d**2 + 1
    far = c * (-(d**3) + 5 * d**2 - 8 * d + 4)
    return np.where(d < 1, near, np.where(d < 2, far, 0.0))
