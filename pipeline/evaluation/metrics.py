"""Numbers of the AVE bench: segment accuracy, event F1 and mAP over temporal IoU.

Segment accuracy is the field's number: the share of a split's segments whose predicted index
(class or background) is the annotated one (specification section 1.8). Published scripts
average per-batch percentages weighted by batch size, which is the same number. Event F1 counts
an event as found if one of the same video and class overlaps it with tIoU >= 0.5, each
annotated event once (as the LLP evaluator does, which averages per video where ours counts over
the split). mAP ranks events by score and matches greedily, as ActivityNet's evaluation does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

TIOU_THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True)
class Interval:
    """An event of one video: class index and `[onset, offset)` in seconds."""

    video: int
    label: int
    onset: float
    offset: float
    score: float = 1.0


def segment_accuracy(predicted: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Share of equal indices of two (N, T) arrays; NaN where there is none."""
    if predicted.shape != truth.shape:
        raise ValueError(f"predicted {predicted.shape} and truth {truth.shape} must have one shape")
    return float((predicted == truth).mean()) if truth.size else float("nan")


def precision_and_recall(
    predicted: NDArray[np.int64], truth: NDArray[np.int64], background: int
) -> tuple[float, float]:
    """Of segments (N, T) that are said to hold an event, and of those that do: the right ones.

    Shares in [0, 1]; NaN where there are none.
    """
    right = int(((predicted == truth) & (truth != background)).sum())
    said, there = int((predicted != background).sum()), int((truth != background).sum())
    return right / said if said else float("nan"), right / there if there else float("nan")


def accuracy_by_class(
    predicted: NDArray[np.int64], truth: NDArray[np.int64], classes: Sequence[str]
) -> dict[str, float]:
    """Share in [0, 1] of right segments among those of each class, and of background."""
    names = [*classes, "background"]
    return {
        name: float((predicted[truth == index] == index).mean())
        if (truth == index).any()
        else float("nan")
        for index, name in enumerate(names)
    }


def baselines(
    truth: NDArray[np.int64], train: NDArray[np.int64], background: int
) -> dict[str, float]:
    """Accuracy of what needs no model, on segment labels (N, T).

    Background everywhere; the training split's most common event class everywhere; and the right
    class of each video in all its segments, which is the ceiling of whatever gives one label a
    video and no background (specification section 1.8).
    """
    events = train[train != background]
    common = int(np.bincount(events).argmax()) if events.size else background
    labels = np.where(truth == background, -1, truth).max(1, keepdims=True)
    return {
        "all background": segment_accuracy(np.full_like(truth, background), truth),
        "most common class": segment_accuracy(np.full_like(truth, common), truth),
        "one right class per video": segment_accuracy(
            np.broadcast_to(np.where(labels < 0, background, labels), truth.shape), truth
        ),
    }


def intervals(decisions: NDArray[np.int64], background: int) -> list[Interval]:
    """Runs of one class in each row of an (N, T) array of segment indices."""
    found = []
    for video, row in enumerate(decisions):
        edges = [0, *(np.flatnonzero(np.diff(row)) + 1), len(row)]
        for start, end in pairwise(edges):
            if start < end and row[start] != background:
                found.append(Interval(video, int(row[start]), float(start), float(end)))
    return found


def tiou(a: Interval, b: Interval) -> float:
    """Temporal intersection over union, in [0, 1]."""
    overlap = min(a.offset, b.offset) - max(a.onset, b.onset)
    union = max(a.offset, b.offset) - min(a.onset, b.onset)
    return max(0.0, overlap) / union if union > 0 else 0.0


def event_f1(
    predicted: Sequence[Interval], truth: Sequence[Interval], threshold: float = 0.5
) -> float:
    """Harmonic mean in [0, 1] of events' precision and recall at a tIoU; 1 where both are empty."""
    if not predicted and not truth:
        return 1.0
    hits = sum(_hits(predicted, truth, threshold))
    return 2 * hits / (len(predicted) + len(truth))


def mean_average_precision(
    predicted: Sequence[Interval],
    truth: Sequence[Interval],
    thresholds: Sequence[float] = TIOU_THRESHOLDS,
) -> Mapping[float, float]:
    """Mean in [0, 1] over annotated classes of average precision, by tIoU; NaN without any."""
    labels = sorted({event.label for event in truth})
    result = {}
    for threshold in thresholds:
        values = [
            _average_precision(
                [event for event in predicted if event.label == label],
                [event for event in truth if event.label == label],
                threshold,
            )
            for label in labels
        ]
        result[threshold] = float(np.mean(values)) if values else float("nan")
    return result


def matches(
    predicted: Sequence[Interval], truth: Sequence[Interval], threshold: float = 0.5
) -> list[tuple[Interval, Interval | None]]:
    """Each prediction, best score first, with the event that it finds; None where it finds none.

    It finds the one of its video and class that it overlaps most, of a tIoU of `threshold` in
    [0, 1] at least, where no prediction before has found it.
    """
    free = list(truth)
    found = []
    for event in sorted(predicted, key=lambda e: -e.score):
        same = [t for t in free if t.video == event.video and t.label == event.label]
        best = max(same, key=lambda t: tiou(t, event), default=None)
        if best is not None and tiou(best, event) < threshold:
            best = None
        if best is not None:
            free.remove(best)
        found.append((event, best))
    return found


def _hits(predicted: Sequence[Interval], truth: Sequence[Interval], threshold: float) -> list[bool]:
    """Whether each prediction, best score first, finds an event not found before."""
    return [best is not None for _, best in matches(predicted, truth, threshold)]


def _average_precision(
    predicted: Sequence[Interval], truth: Sequence[Interval], threshold: float
) -> float:
    """Area under the precision-recall curve with precision made monotone."""
    hits = np.array(_hits(predicted, truth, threshold), float)
    if not len(hits):
        return 0.0
    found = hits.cumsum()
    precision = found / np.arange(1, len(hits) + 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((envelope * hits).sum() / len(truth))
