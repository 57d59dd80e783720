"""Which stretches of films to label next: those whose labels would teach most.

What is new and what is rare comes first, what is uncertain only later: with few labels doubt says
more of the model than of the film (`benchmarks.suggest` measures it; Hacohen et al., ICML 2022,
found the same for pictures).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.annotations.space import Array
from avel.pipeline.annotations.windows import Window

PARTS = ("disagreement", "uncertainty", "novelty", "balance")
"""Each in [0, 1]; a window's worth is their weighted mean."""
DISAGREEMENT = 0.5
"""Its weight beside novelty and balance, which have 1."""
DOUBT, DOUBT_AFTER = 0.5, 100
"""Weight of uncertainty with very many labels, and the number of labels with which it has half."""


@dataclass(frozen=True)
class Suggestion:
    """A window that is worth a label.

    Attributes:
        window: It.
        novelty: How far it is from all that is labelled or suggested before it, 1 being as far as
            two windows usually are from each other.
        balance: 1 / (1 + films that are labelled, or suggested before it, of its guess).
        doubt: The weight of its uncertainty.
    """

    window: Window
    novelty: float
    balance: float
    doubt: float

    @property
    def parts(self) -> dict[str, float]:
        """What its worth is made of, each in [0, 1]."""
        window = self.window
        given = (window.disagreement, window.uncertainty, self.novelty, self.balance)
        return dict(zip(PARTS, given, strict=True))

    @property
    def worth(self) -> float:
        """In [0, 1]."""
        weights = (DISAGREEMENT, self.doubt, 1, 1)
        total = sum(w * part for w, part in zip(weights, self.parts.values(), strict=True))
        return total / sum(weights)


def suggest(
    windows: Sequence[Window],
    points: Array,
    count: int,
    *,
    labelled: Sequence[bool] = (),
    labels: Mapping[str, int] | None = None,
) -> list[Suggestion]:
    """The windows to label, the worthiest first; of equal ones the earlier.

    Each one changes the worth of the others: what is like it is no news any more, and its guess is
    no rare label. No two share a second.

    Args:
        windows: n of them.
        points: Where each is, (n, D), of length 1.
        count: How many at most.
        labelled: Which of them are labelled already, (n,); empty for none.
        labels: Number of labelled films by label.

    Source: the greedy choice of far points is that of k-centers (Sener and Savarese, ICLR 2018).
    """
    taken = np.array(labelled, bool) if len(labelled) else np.zeros(len(windows), bool)
    differ = DISAGREEMENT * np.array([w.disagreement for w in windows])
    unsure = np.array([w.uncertainty for w in windows])
    films, starts, stops = np.array([(w.film, w.start, w.stop) for w in windows]).T
    names, guesses = np.unique([w.guess for w in windows], return_inverse=True)
    seen = np.array([(labels or {}).get(str(name), 0) for name in names])
    far, usual = np.full(len(windows), np.inf), _usual_distance(points)
    for number in np.flatnonzero(taken).tolist():
        far = np.minimum(far, _distances(points, number))
    found: list[Suggestion] = []
    while len(found) < count and not taken.all():
        novelty, balance = np.minimum(1.0, far / usual), 1 / (1 + seen[guesses])
        number = len(found) + int(sum((labels or {}).values()))
        doubt = DOUBT * number / (number + DOUBT_AFTER)
        worth = differ + doubt * unsure + novelty + balance
        best = int(np.argmax(np.where(taken, -1.0, worth)))
        found.append(Suggestion(windows[best], float(novelty[best]), float(balance[best]), doubt))
        seen[guesses[best]] += 1
        far = np.minimum(far, _distances(points, best))
        taken |= (films == films[best]) & (starts < stops[best]) & (starts[best] < stops)
    return found


def _distances(points: Array, number: int) -> NDArray[np.float64]:
    squares = 2 - 2 * (points @ points[number]).astype(np.float64)
    distances: NDArray[np.float64] = np.sqrt(np.clip(squares, 0, None))
    return distances


def _usual_distance(points: Array) -> float:
    """Root of the mean squared distance of two points; 1 where all are one."""
    middle = points.mean(0)
    usual = float(np.sqrt(2 * np.square(points - middle).sum(1).mean()))
    return usual if usual > 1e-6 else 1.0
