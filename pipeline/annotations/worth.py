"""What a label of a second would teach, by what a result says of the second: numbers in [0, 1].

A number of a result that nobody knows (null in its JSON) counts as 0 here, as on its page.

Source: uncertainty sampling by the margin, and query by committee with sight and sound as its two
members (Settles, Active Learning Literature Survey, 2009, 3.1 and 3.2).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.method.results import Result

Array = NDArray[np.float64]
MIDDLE = 0.5
"""The threshold of a decoder that has none."""


def uncertainty(result: Result) -> Array:
    """How near each second (T,) is to being decided otherwise.

    1 at the decoder's threshold, 0 where relevance is 0 or 1; or, where it is higher, how likely an
    event of another class than the likeliest is.
    """
    relevance = _known(result.relevance)
    level = threshold(result)
    near: Array = np.where(relevance < level, relevance / level, (1 - relevance) / (1 - level))
    if not result.top_classes:
        return near
    sure = _known([share for _, share in result.top_classes])
    other: Array = np.clip(relevance - sure, 0, 1)
    return np.maximum(near, other)


def threshold(result: Result) -> float:
    """Of the decoder, in (0, 1)."""
    level = float(result.decoder.get("threshold") or MIDDLE)
    return level if 0 < level < 1 else MIDDLE


def disagreement(result: Result) -> Array:
    """How clearly sight and sound name different things in each second (T,).

    Of one label the difference of how clearly both name it; of two labels, how clearly the clearer
    one does. A model that does not know the senses by themselves may still tell disagreements;
    without these it is 0.
    """
    if result.heard and result.seen:
        pairs = zip(result.heard, result.seen, strict=True)
        return _known([_differ(*heard, *seen) for heard, seen in pairs])
    found = np.zeros(len(result.relevance))
    for each in result.disagreements:
        cells = slice(int(each.onset), max(int(each.onset) + 1, round(each.offset)))
        found[cells] = np.maximum(found[cells], _known([each.score]))
    return found


def _differ(heard: str, clear: float, seen: str, clearly: float) -> float:
    return abs(clear - clearly) if heard == seen else float(np.maximum(clear, clearly))


def _known(shares: Sequence[float]) -> Array:
    return np.clip(np.nan_to_num(np.array(shares, np.float64)), 0, 1)
