"""Segment scores to events, by the two decoders of the field."""

from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.method.scores import SegmentScores, joint

DECODERS = ("gate", "argmax", "ungated")
Decoder = Literal["gate", "argmax", "ungated"]


@dataclass(frozen=True)
class EventConfig:
    """How scores become decisions.

    Attributes:
        decoder: `gate` labels a segment with the most likely class where its relevance is over
            the threshold (CMRAN and its successors); `argmax` with the most likely of all
            classes and background (AVE-ECCV18, PSP); `ungated` labels every segment with the
            most likely class, as CMBS's weak gate does in effect. Specification section 1.8.
        threshold: Of the gate; CMRAN 0.5, MAGAN 0.7.
    """

    decoder: Decoder = "gate"
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.decoder not in DECODERS:
            raise ValueError(f"decoder ({self.decoder!r}) must be one of {', '.join(DECODERS)}")
        if not 0 < self.threshold < 1:
            raise ValueError(f"threshold ({self.threshold}) must be between 0 and 1")


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
    """Runs of segments in which only one modality names a label, in time order."""
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


def segment_decisions(scores: SegmentScores, config: EventConfig) -> NDArray[np.int64]:
    """Class index of each segment (T,); background is the last column's index."""
    return decide_segments(scores.relevance, scores.classes, config)


def decide_segments(
    relevance: NDArray[np.float32], classes: NDArray[np.float32], config: EventConfig
) -> NDArray[np.int64]:
    """Class index of segments from their relevance (N,) and classes (N, K + 1)."""
    background = classes.shape[1] - 1
    if config.decoder == "argmax":
        return np.asarray(joint(relevance, classes).argmax(1), np.int64)
    labels = classes.argmax(1)
    if config.decoder == "ungated":
        return np.asarray(labels, np.int64)
    return np.asarray(np.where(relevance > config.threshold, labels, background), np.int64)


def find_events(
    scores: SegmentScores, classes: tuple[str, ...], config: EventConfig
) -> list[Event]:
    """Runs of segments with one class, in time order; the last ends with the video."""
    decisions = segment_decisions(scores, config)
    probabilities = scores.events
    events = []
    for label, group in groupby(range(len(decisions)), key=lambda t: int(decisions[t])):
        cells = list(group)
        if label < len(classes):
            offset = min(float(cells[-1] + 1), scores.duration or float(cells[-1] + 1))
            score = float(probabilities[cells, label].mean())
            events.append(Event(float(cells[0]), offset, classes[label], score))
    return events
