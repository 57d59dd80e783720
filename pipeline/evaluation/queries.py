"""Cross-modality localization: where in one modality a query of the other is, by the exact rule.

The query is the event's consecutive segments of one modality; the answer is the start of a window
as long in the other one. It is right only if it is exactly the event's start. Source: Tian et al.,
ECCV 2018, section 4.5; reference section 1.9.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Queries:
    """Event segments (N, T) of the samples that can be asked, and where they are.

    Attributes:
        rows: Positions (N,) among all samples; full and empty ones are left out.
        starts: First event segment (N,).
        lengths: Number of event segments (N,).
    """

    rows: NDArray[np.int64]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int64]


def queries(events: NDArray[np.bool_]) -> Queries:
    """What can be asked of samples (N, T): some segments are event, and not all."""
    counts = events.sum(1)
    rows = np.flatnonzero((counts > 0) & (counts < events.shape[1]))
    return Queries(rows, events[rows].argmax(1), counts[rows])


def exact_accuracy(answers: NDArray[np.int64], asked: Queries) -> float:
    """Share in [0, 1] of answers (N,) that are exactly the start."""
    return float((answers == asked.starts).mean())


def baselines(events: NDArray[np.bool_]) -> dict[str, float]:
    """What answers without looking reach, in [0, 1]: a random start, the first, the last."""
    asked = queries(events)
    places = events.shape[1] - asked.lengths + 1
    return {
        "random start": float((1 / places).mean()),
        "always at the start": exact_accuracy(np.zeros_like(asked.starts), asked),
        "always at the end": exact_accuracy(places - 1, asked),
    }
