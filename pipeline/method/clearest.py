"""What each sense names by itself, second by second: the label that it says most clearly."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Named = tuple[tuple[str, float], ...]
"""Per segment a label and how clearly a sense names it, in [0, 1]."""


def clearest(clarity: NDArray[np.floating], labels: Sequence[str]) -> Named:
    """The clearest label of each segment; nothing where there is no label.

    Args:
        clarity: How clearly each label is named, (T, L), in [0, 1].
        labels: L of them.
    """
    if not clarity.size:
        return ()
    best = clarity.argmax(1)
    return tuple((labels[k], float(clarity[t, k])) for t, k in enumerate(best.tolist()))


def clearer(one: Named, other: Named) -> Named:
    """The clearer of two in each of the segments (T,); the first where they are alike."""
    if not (one and other):
        return one or other
    return tuple(max(a, b, key=lambda each: each[1]) for a, b in zip(one, other, strict=True))


def from_odds(odds: NDArray[np.floating]) -> NDArray[np.float32]:
    """Log-odds (T, L), however large, as shares in [0, 1]."""
    return np.asarray(np.exp(-np.logaddexp(0, -odds)), np.float32)
