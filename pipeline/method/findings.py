"""What the everyday model finds in one video, with the evidence and in words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from avel.configs.events import Row
from avel.models.everyday import Array, Events, Rule, hear_any
from avel.models.everyday import Evidence as Weighed
from avel.pipeline.method.clearest import Named, clearest, from_odds
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import Disagreement, Event, Evidence, Found, Sound, seconds
from avel.pipeline.method.hysteresis import spans
from avel.pipeline.method.scores import SegmentScores

CLEARLY_SEEN = 6.0
"""Ratio by sight from which something is said to be seen though it is not heard."""
DISTINCT = 0.5
"""Least weight of a class of sound that is enough to say that an unseen event is heard."""
ALIKE = 0.5
"""Log-odds taken off where an unseen event's classes count together: they partly say the same."""
KIN = 0.3
"""Least weight of a class that makes two events that share it rivals for the same seconds."""
COVERED = 0.5
"""Share of a span from which a stronger rival over it leaves nothing to say."""


@dataclass(frozen=True)
class _Span:
    """Cells of one event, and how strongly it is there."""

    event: int
    cells: range
    strength: float


@dataclass(frozen=True)
class Findings:
    """One video's evidence, (T, E) each, beside the table that it was weighed by."""

    table: Mapping[str, Row]
    events: Events
    rule: Rule
    scores: SegmentScores
    weighed: Weighed
    sounds: tuple[str, ...]
    """Names of the classes of sound."""

    def all(self, config: EventConfig) -> Found:
        """Events, and what only one of the senses names, by hysteresis over a threshold."""
        found = self._without_rivals(self._both(config.log_odds))
        alone = self._beside(self._heard(config.log_odds), found)
        unheard = self._beside(self._seen(config.log_odds), found)
        return Found(
            sorted(map(self._event, found)),
            sorted([*map(self._only_heard, alone), *map(self._only_seen, unheard)]),
            sorted(self._sounds(config.log_odds)),
            *self._senses(),
        )

    def _senses(self) -> tuple[Named, Named]:
        """How clearly each sense names its best event.

        Sound by the event's probability if sight fully supported it, sight by how far it supports.
        """
        held = self.rule.sight_weight * self.rule.most_sight
        heard, seen = self.scores.heard + held, self.scores.seen - self.rule.support
        labels = list(self.table)
        return clearest(from_odds(heard), labels), clearest(from_odds(seen), labels)

    def _sounds(self, start: float) -> Iterator[Sound]:
        """Every class of sound, by itself."""
        odds = self.scores.sounds
        for span in self._spans(odds, odds, start):
            yield Sound(*self._when(span), self.sounds[span.event], _probability(span.strength))

    def _both(self, start: float) -> list[_Span]:
        onset = np.where(self.scores.present[:, None], self.weighed.onset, -np.inf)
        going = np.where(self.scores.present[:, None], self.weighed.going, -np.inf)
        return list(self._spans(onset, going, start))

    def _heard(self, start: float) -> list[_Span]:
        """What its own sounds say together; those that it shares with many others do not count."""
        own = np.where(self.events.heard >= DISTINCT, self.events.heard, 0)
        heard = hear_any(self.scores.sounds, self.events._replace(heard=own), self.rule, ALIKE)
        return list(self._spans(heard, heard, start))

    def _seen(self, start: float) -> list[_Span]:
        """What sight can tell and shows more clearly than anything else."""
        seen = _steady(self.scores.seen)
        clearest = seen >= seen.max(1, keepdims=True)
        unheard = self.scores.heard < start
        odds = np.where(clearest & unheard & self.events.tells, seen, -np.inf)
        return list(self._spans(odds, odds, CLEARLY_SEEN))

    def _spans(self, onset: Array, going: Array, start: float) -> Iterator[_Span]:
        end = min(self.rule.offset, start)
        for event in np.flatnonzero((onset > start).any(0)).tolist():
            for cells in spans(
                onset[:, event],
                going[:, event],
                start=start,
                end=end,
                drop=self.rule.drop,
                gap=self.rule.gap,
            ):
                yield _Span(event, cells, float(onset[cells.start : cells.stop, event].max()))

    @cached_property
    def _kin(self) -> NDArray[np.bool_]:
        """Which events (E, E) share a sound or a sight, so that one may be taken for the other."""
        heard, seen = ((w >= KIN).astype(np.float32) for w in (self.events.heard, self.events.seen))
        return np.asarray((heard.T @ heard + seen.T @ seen) > 0)

    def _without_rivals(self, found: list[_Span], others: list[_Span] | None = None) -> list[_Span]:
        """The spans that no stronger one of the same kind covers, strongest first.

        Args:
            found: The spans.
            others: Spans that are known already and are stronger than all of these.
        """
        covered = np.zeros((len(self._kin), len(self.scores.seen)), np.bool_)  # by a rival (E, T)
        for rival in others or []:
            covered[self._kin[rival.event], rival.cells.start : rival.cells.stop] = True
        kept: list[_Span] = []
        for span in sorted(found, key=lambda span: -span.strength):
            cells = slice(span.cells.start, span.cells.stop)
            if covered[span.event, cells].sum() < COVERED * len(span.cells):
                covered[self._kin[span.event], cells] = True
                kept.append(span)
        return kept

    def _beside(self, spans: Iterable[_Span], events: list[_Span]) -> Iterator[_Span]:
        """What one sense says beside the events: no rivals of theirs, nor their own seconds."""
        for span in self._without_rivals(list(spans), events):
            same = [event.cells for event in events if event.event == span.event]
            rest = [cell for cell in span.cells if not any(cell in cells for cells in same)]
            for cells in np.split(rest, np.flatnonzero(np.diff(rest) > 1) + 1):
                yield replace(span, cells=range(int(cells[0]), int(cells[-1]) + 1))

    def _event(self, span: _Span) -> Event:
        sight = self._mean(self.weighed.sight, span)
        supports = self.events.tells[span.event] or sight >= self.rule.support
        says = "supports" if supports else "cannot tell"
        evidence = Evidence(self._mean(self.scores.heard, span), sight, says)
        return Event(*self._when(span), self._label(span), _probability(span.strength), evidence)

    def _only_heard(self, span: _Span) -> Disagreement:
        row = self.table[self._label(span)]
        looked = self.scores.present[span.cells.start : span.cells.stop].any()
        tells = self.events.tells[span.event]
        denies = looked and tells and self._mean(self.weighed.sight, span) < self.rule.support
        kind = "heard, not seen" if denies or not looked else "heard, sight cannot tell"
        cannot = "the picture cannot tell" if looked else "there is no picture"
        why = f"no {row.thing} in the picture" if denies else cannot
        return Disagreement(
            *self._when(span),
            self._label(span),
            kind,
            _probability(span.strength),
            why,
        )

    def _only_seen(self, span: _Span) -> Disagreement:
        row = self.table[self._label(span)]
        return Disagreement(
            *self._when(span),
            self._label(span),
            "seen, not heard",
            _probability(span.strength - CLEARLY_SEEN),
            f"{row.thing} in the picture",
        )

    def _mean(self, values: Array, span: _Span) -> float:
        return float(values[span.cells.start : span.cells.stop, span.event].mean())

    def _when(self, span: _Span) -> tuple[float, float]:
        return seconds(span.cells, self.scores.duration)

    def _label(self, span: _Span) -> str:
        return list(self.table)[span.event]


def _probability(odds: float) -> float:
    return float(1 / (1 + np.exp(-odds)))


def _steady(values: Array) -> Array:
    """What stays: the least (T, E) of a second and its better neighbour."""
    if len(values) < 2:
        return values
    before = np.concatenate([values[1:2], values[:-1]])
    after = np.concatenate([values[1:], values[-2:-1]])
    return np.asarray(np.minimum(values, np.maximum(before, after)))
