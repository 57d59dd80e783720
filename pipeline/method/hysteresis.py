"""Log-odds over time to spans: what has begun goes on at less than it took to begin."""

import numpy as np
from numpy.typing import NDArray

DEPTH = 2.0
"""Log-odds below the threshold at which an event of a trained model ends."""


def spans(
    onset: NDArray[np.floating],
    going: NDArray[np.floating],
    *,
    start: float,
    end: float,
    drop: float = np.inf,
    gap: int = 0,
) -> list[range]:
    """Spans of cells in which something is there, in time order.

    Args:
        onset: Log-odds (T,) for beginning.
        going: Log-odds (T,) for going on, at least as large.
        start: A span holds a cell whose `onset` is over this.
        end: It reaches as far as `going` stays over this,
        drop: and within this of its peak so far.
        gap: Spans this many cells apart are one.
    """
    found: list[range] = []
    for first in np.flatnonzero(onset > start).tolist():
        if found and first < found[-1].stop:
            continue
        span = range(
            first - _reach(going[first::-1], end, drop),
            first + 1 + _reach(going[first:], end, drop),
        )
        if found and span.start - found[-1].stop <= gap:
            span = range(found.pop().start, span.stop)
        found.append(span)
    return found


def _reach(going: NDArray[np.floating], end: float, drop: float) -> int:
    """How many cells after the first one belong to it."""
    after = going[1:]
    peak = np.maximum.accumulate(going)[:-1]
    over = np.flatnonzero((after <= end) | (after <= peak - drop))
    return int(over[0]) if len(over) else len(after)
