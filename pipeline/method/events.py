"""Segment scores to events, by the decoders of the field and by hysteresis."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.method.clearest import Named, clearest
from avel.pipeline.method.decide import decide, joint, log_odds
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.scores import SegmentScores


@dataclass(frozen=True)
class Evidence:
    """Why an event is believed.

    Attributes:
        heard: Mean log-odds that it is heard.
        seen: Mean log-likelihood ratio of its sight against ordinary pictures.
        sight: `supports` or `cannot tell`; what it contradicts is no event.
    """

    heard: float
    seen: float
    sight: str


@dataclass(frozen=True, order=True)
class Event:
    """One audio-visual event `[onset, offset)` in seconds.

    Attributes:
        score: Its mean probability; with the everyday model that of its clearest second.
        evidence: What each sense says, where the model knows them by themselves.
    """

    onset: float
    offset: float
    label: str
    score: float
    evidence: Evidence | None = field(default=None, compare=False)


@dataclass(frozen=True, order=True)
class Disagreement:
    """A label that one modality names and the other does not, `[onset, offset)` in seconds.

    Attributes:
        kind: `heard, not seen`, `heard, sight cannot tell` or `seen, not heard`.
        score: Probability in the modality that names it.
        words: What the other modality has instead, in words; empty where the model has none for it.
    """

    onset: float
    offset: float
    label: str
    kind: str
    score: float = field(default=0.0, compare=False)
    words: str = field(default="", compare=False)


@dataclass(frozen=True, order=True)
class Sound:
    """A class of sound, `[onset, offset)` in seconds, with its clearest second's probability."""

    onset: float
    offset: float
    label: str
    score: float


class Found(NamedTuple):
    """What is found in one video, each list in time order."""

    events: list[Event]
    disagreements: list[Disagreement]
    sounds: list[Sound]
    """All that is heard, whatever is seen, where the encoder names sounds."""
    heard: Named = ()
    """Per segment what sound alone names most clearly, where the senses are known by themselves."""
    seen: Named = ()
    """The same of sight alone."""


def find(scores: SegmentScores, classes: tuple[str, ...], config: EventConfig) -> Found:
    """Events, and where the senses disagree if the scores say what each of them names."""
    return Found(
        find_events(scores, classes, config),
        find_disagreements(scores, classes, config),
        [],
        clearest(scores.heard, classes),
        clearest(scores.seen, classes),
    )


def find_disagreements(
    scores: SegmentScores, classes: tuple[str, ...], config: EventConfig
) -> list[Disagreement]:
    """Runs of segments, in seconds, in which only one modality names a label, in time order."""
    found = []
    for kind, says, denies in (
        ("heard, not seen", scores.heard, scores.seen),
        ("seen, not heard", scores.seen, scores.heard),
    ):
        for number, label in enumerate(classes) if says.size else ():
            alone = (says[:, number] > config.threshold) & (denies[:, number] <= config.threshold)
            for is_alone, group in groupby(enumerate(alone.tolist()), key=itemgetter(1)):
                cells = [cell for cell, _ in group]
                if is_alone:
                    onset, offset = seconds(range(cells[0], cells[-1] + 1), scores.duration)
                    score = float(says[cells, number].mean())
                    found.append(Disagreement(onset, offset, label, kind, score))
    return sorted(found)


def find_events(
    scores: SegmentScores, classes: tuple[str, ...], config: EventConfig
) -> list[Event]:
    """Runs of segments with one class, in seconds, in time order; the last ends with the video."""
    probabilities = joint(scores)
    runs = _overlapping if config.decoder == "hysteresis" else _one_after_another
    events = []
    for label, span in runs(scores, probabilities, config):
        if label < len(classes):
            onset, offset = seconds(span, scores.duration)
            score = float(probabilities[span.start : span.stop, label].mean())
            events.append(Event(onset, offset, classes[label], score))
    return sorted(events)


def seconds(span: range, duration: float) -> tuple[float, float]:
    """Onset and offset of a span of cells; the last one ends with the video."""
    return float(span.start), min(float(span.stop), duration or float(span.stop))


def _one_after_another(
    scores: SegmentScores, probabilities: NDArray[np.float32], config: EventConfig
) -> Iterator[tuple[int, range]]:
    decisions = decide(scores, scores.present, config)
    for label, group in groupby(range(len(decisions)), key=lambda t: int(decisions[t])):
        cells = list(group)
        yield label, range(cells[0], cells[-1] + 1)


def _overlapping(
    scores: SegmentScores, probabilities: NDArray[np.float32], config: EventConfig
) -> Iterator[tuple[int, range]]:
    """Spans of every class; a segment that lacks a sense holds no audio-visual event."""
    from avel.pipeline.method.hysteresis import DEPTH, spans  # few models decide by it

    odds = np.where(scores.present[:, None], log_odds(probabilities), -np.inf)
    for label in range(odds.shape[1] - 1):
        one, start = odds[:, label], config.log_odds
        for span in spans(one, one, start=start, end=start - DEPTH):
            yield label, span
