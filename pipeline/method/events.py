"""Segment scores to events, by the decoders of the field."""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from avel.pipeline.method.decide import EventConfig, decide, joint
from avel.pipeline.method.scores import SegmentScores


@dataclass(frozen=True, order=True)
class Event:
    """One audio-visual event `[onset, offset)` in seconds; score is its mean probability."""

    onset: float
    offset: float
    label: str
    score: float


@dataclass(frozen=True, order=True)
class Disagreement:
    """A label that one modality names and the other does not, `[onset, offset)` in seconds."""

    onset: float
    offset: float
    label: str
    kind: str


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
                    offset = min(cells[-1] + 1.0, scores.duration or cells[-1] + 1.0)
                    found.append(Disagreement(float(cells[0]), offset, label, kind))
    return sorted(found)


def find_events(
    scores: SegmentScores, classes: tuple[str, ...], config: EventConfig
) -> list[Event]:
    """Runs of segments with one class, in seconds, in time order; the last ends with the video."""
    decisions = decide(scores, scores.present, config)
    probabilities = joint(scores)
    events = []
    for label, group in groupby(range(len(decisions)), key=lambda t: int(decisions[t])):
        cells = list(group)
        if label < len(classes):
            offset = min(float(cells[-1] + 1), scores.duration or float(cells[-1] + 1))
            score = float(probabilities[cells, label].mean())
            events.append(Event(float(cells[0]), offset, classes[label], score))
    return events
