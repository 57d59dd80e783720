"""Where both senses name a label: fused, corrected by what the video shows, and held over time."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.method.clearest import clearest
from avel.pipeline.method.decide import log_odds
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import Disagreement, Event, Evidence, Found, Sound, seconds
from avel.pipeline.method.hysteresis import DEPTH, spans
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.method.shift import Shift

Array = NDArray[np.float32]
GAP = 1
"""Segments between two parts of one event."""


def fuse(seen: Array, heard: Array) -> Array:
    """Probability (T, L) by both senses, of what each says: the geometric mean."""
    return np.asarray(np.sqrt(seen * heard), np.float32)


def agree(seen: Array, heard: Array, shift: Shift) -> Array:
    """Both senses' probability (T, L), corrected by label shift; 0 where a sense is missing."""
    both = fuse(seen, heard)
    return np.where(both > 0, probability(log_odds(both) + shift.over(both)), 0).astype(np.float32)


def probability(odds: NDArray[np.floating]) -> Array:
    """Probability in [0, 1] of log-odds (T, L), however large."""
    return np.asarray(np.exp(-np.logaddexp(0, -odds)), np.float32)


@dataclass(frozen=True)
class Agreement:
    """One video's scores with what is sought in them.

    Args:
        labels: L of them.
        scores: With what is seen and heard, (T, L) each.
        shift: The correction that the scores have.
        sounds: Names of the K' classes of sound that the scores have; none where they have none.
    """

    labels: tuple[str, ...]
    scores: SegmentScores
    shift: Shift
    sounds: tuple[str, ...] = ()

    def find(self, config: EventConfig) -> Found:
        """Events in seconds, which may overlap; what one sense alone names; all that is heard."""
        found = list(self._spans(self._agreed, config.log_odds))
        going = np.zeros(self._agreed.shape, bool)
        for label, cells in found:
            going[cells.start : cells.stop, label] = True
        return Found(
            sorted(self._event(label, cells, config) for label, cells in found),
            sorted([*self._only_heard(going, config), *self._only_seen(going, config)]),
            sorted(self._all_heard(config)),
            clearest(self.scores.heard, self.labels),
            clearest(self.scores.seen, self.labels),
        )

    @cached_property
    def _agreed(self) -> Array:
        both = agree(self.scores.seen, self.scores.heard, self.shift)
        return both * self.scores.present[:, None]

    def _spans(self, probabilities: Array, start: float) -> Iterator[tuple[int, range]]:
        """Spans of each label or class, of its probability (T, L), by hysteresis."""
        odds = log_odds(probabilities)
        for label in np.flatnonzero((odds > start).any(0)).tolist():
            one = odds[:, label]
            for cells in spans(one, one, start=start, end=start - DEPTH, gap=GAP):
                yield label, cells

    def _event(self, label: int, cells: range, config: EventConfig) -> Event:
        seen = self._mean(self.scores.seen, label, cells)
        says = "supports" if seen > config.threshold else "cannot tell"
        evidence = Evidence(
            self._mean_odds(self.scores.heard, label, cells),
            self._mean_odds(self.scores.seen, label, cells),
            says,
        )
        score = self._mean(self._agreed, label, cells)
        return Event(*self._when(cells), self.labels[label], score, evidence)

    def _only_heard(self, going: NDArray[np.bool_], config: EventConfig) -> Iterator[Disagreement]:
        says, denies = self.scores.heard, self.scores.seen
        for label, cells in self._alone(says, denies, going, config):
            looked = self.scores.present[cells.start : cells.stop].any()
            why = f"no {self.labels[label]} in the picture" if looked else "there is no picture"
            yield self._disagreement("heard, not seen", says, label, cells, why)

    def _only_seen(self, going: NDArray[np.bool_], config: EventConfig) -> Iterator[Disagreement]:
        says, denies = self.scores.seen, self.scores.heard
        for label, cells in self._alone(says, denies, going, config):
            why = f"{self.labels[label]} in the picture"
            yield self._disagreement("seen, not heard", says, label, cells, why)

    def _alone(
        self, says: Array, denies: Array, going: NDArray[np.bool_], config: EventConfig
    ) -> Iterator[tuple[int, range]]:
        """Spans that one sense names and the other does not, outside the label's events."""
        open_to = (denies <= config.threshold) & ~going
        odds = np.where(open_to, log_odds(says), -np.inf)
        for label in range(odds.shape[1]):
            one = odds[:, label]
            for cells in spans(one, one, start=config.log_odds, end=config.log_odds):
                yield label, cells

    def _disagreement(
        self, kind: str, says: Array, label: int, cells: range, why: str
    ) -> Disagreement:
        score = self._mean(says, label, cells)
        return Disagreement(*self._when(cells), self.labels[label], kind, score, why)

    def _all_heard(self, config: EventConfig) -> Iterator[Sound]:
        if self.sounds:
            heard = probability(self.scores.sounds)
            for number, cells in self._spans(heard, config.log_odds):
                score = self._mean(heard, number, cells)
                yield Sound(*self._when(cells), self.sounds[number], score)

    def _mean(self, values: NDArray[np.floating], label: int, cells: range) -> float:
        return float(values[cells.start : cells.stop, label].mean())

    def _mean_odds(self, values: NDArray[np.floating], label: int, cells: range) -> float:
        return float(log_odds(values[cells.start : cells.stop, label]).mean())

    def _when(self, cells: range) -> tuple[float, float]:
        return seconds(cells, self.scores.duration)
