"""Evaluate a trained model on a split: every number with its decoder, labels and coverage."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from avel.models.card import Card
from avel.models.checkpoint import load_checkpoint
from avel.pipeline.datasets.ave import CELLS, AveFolder, segment_labels
from avel.pipeline.evaluation.metrics import (
    Interval,
    accuracy_by_class,
    baselines,
    event_f1,
    intervals,
    mean_average_precision,
    precision_and_recall,
    segment_accuracy,
)
from avel.pipeline.evaluation.protocols import DECODERS, decoder_name
from avel.pipeline.evaluation.split import Split, open_split
from avel.pipeline.method.decide import decide
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import find_events
from avel.pipeline.method.extract import Features
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.method.scoring import score_rows
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig, resolve_device

Labels = NDArray[np.int64]
"""Class index (N, 10) of every segment; background is K."""
Decisions = Mapping[str, Labels]
"""By decoder: the model's `own`, and those of `DECODERS`."""
Keep = Callable[[Mapping[str, NDArray[Any]]], object]

THRESHOLDS = tuple(round(0.05 * n, 2) for n in range(1, 20))
"""Of the gate, over which precision and recall are told."""
BATCH = 16
"""Videos scored together, in the split's order: the published test batch, on which the numbers of
MAGAN as released depend."""


def evaluate(
    data: AveFolder,
    split: str,
    checkpoint: Path,
    runtime: RuntimeConfig,
    keep: Keep | None = None,
) -> dict[str, Any]:
    """All numbers of one checkpoint on one split, by the annotations and its own decoder.

    Accuracies, F1 and precisions are shares in [0, 1].

    Args:
        data: The dataset.
        split: Its name.
        checkpoint: The model.
        runtime: Where the features are.
        keep: Takes what was decided, arrays (N, 10) and others as a run's `DECISIONS` has them.

    Raises:
        InputError: the dataset has other classes, or no features of the checkpoint's recipe.
    """
    card, model = open_model(data, checkpoint, runtime)
    part = open_split(data, split, card.features, runtime)
    numbers, decided = evaluate_features(features_of(part), part, card, model, train_labels(data))
    if keep is not None:
        keep(decisions_of(part, card, decided))
    return {"split": split, **numbers}


def decisions_of(part: Split, card: Card, decided: Decisions) -> dict[str, NDArray[Any]]:
    """What a run keeps as its `DECISIONS`: indices (N, 10) by name, and of what they are."""
    return {
        "rows": np.array(list(part.found.keys), np.int64),
        "videos": np.array(part.video_ids),
        "classes": np.array(card.classes),
        "truth": part.rows.segments,
        **decided,
    }


def open_model(data: AveFolder, checkpoint: Path, runtime: RuntimeConfig) -> tuple[Card, nn.Module]:
    """A checkpoint's model on the device that it is evaluated on.

    Raises:
        InputError: the dataset has other classes.
    """
    card, model, _ = load_checkpoint(checkpoint)
    if card.classes != data.classes:
        strange = [name for name in data.classes if name not in card.classes] or list(data.classes)
        raise InputError(
            f"{checkpoint}: does not know the dataset's classes (first: {strange[0]!r}); "
            "train on this dataset, or evaluate on the one it was trained on"
        )
    return card, model.to(resolve_device(runtime.device))


def features_of(part: Split) -> Iterator[Features]:
    """Features (T, ...) of a split's rows, in their order."""
    return (part.rows.features(index) for index in range(len(part.rows)))


def train_labels(data: AveFolder) -> Labels:
    """Segment labels (N, T) of the training split, in which the most common class is counted."""
    return segment_labels([data.rows[n] for n in data.splits["train"]], len(data.classes))


def score_split(
    features: Iterable[Features], card: Card, model: nn.Module
) -> Iterator[SegmentScores]:
    """Relevance (T,) and classes (T, K + 1) of videos in their order, `BATCH` at once."""
    videos = iter(features)
    while batch := list(islice(videos, BATCH)):
        yield from score_rows(batch, card, model)


def evaluate_features(
    features: Iterable[Features], part: Split, card: Card, model: nn.Module, train: Labels
) -> tuple[dict[str, Any], Decisions]:
    """All numbers of a model over a split's features, and what it decided, in the rows' order.

    Args:
        features: Of every row.
        part: The rows.
        card: Of the model.
        model: On any device.
        train: Segment labels (N, 10) of the training split, for the trivial baselines.
    """
    scores, background = list(score_split(features, card, model)), len(card.classes)
    own = EventConfig(**card.decoder)
    decoders = {"own": own, **DECODERS}
    decisions = {name: decide_rows(scores, d, background) for name, d in decoders.items()}
    truth = part.rows.segments
    numbers = {
        "decoder": decoder_name(own),
        "accuracy": {name: segment_accuracy(d, truth) for name, d in decisions.items()},
        "baselines": baselines(truth, train, background),
        **_event_numbers(scores, card, own, truth),
        "over_threshold": over_threshold(scores, truth, background),
        "per_class": accuracy_by_class(decisions["own"], truth, card.classes),
        "coverage": part.coverage,
    }
    return numbers, decisions


def over_threshold(
    scores: Sequence[SegmentScores], truth: Labels, background: int
) -> list[dict[str, float]]:
    """Precision, recall and accuracy of segments (N, 10), in [0, 1], by the gate's threshold."""
    found = []
    for threshold in THRESHOLDS:
        decided = decide_rows(scores, EventConfig("gate", threshold), background)
        precision, recall = precision_and_recall(decided, truth, background)
        accuracy = segment_accuracy(decided, truth)
        numbers = {"precision": precision, "recall": recall, "accuracy": accuracy}
        found.append({"threshold": threshold, **numbers})
    return found


def _event_numbers(
    scores: Iterable[SegmentScores], card: Card, decoder: EventConfig, truth: Labels
) -> dict[str, Any]:
    found = [
        Interval(video, card.classes.index(event.label), event.onset, event.offset, event.score)
        for video, s in enumerate(scores)
        for event in find_events(s, card.classes, decoder)
    ]
    known = intervals(truth, len(card.classes))
    precisions = mean_average_precision(found, known)
    return {
        "event_f1": event_f1(found, known),
        "map": {str(threshold): value for threshold, value in precisions.items()},
    }


def decide_rows(scores: Iterable[SegmentScores], decoder: EventConfig, background: int) -> Labels:
    """Class index (N, 10) of each row's segments.

    A video of fewer than ten seconds is background after its end, as the bench counts.
    """
    return np.stack([_ten(decide(s, s.present, decoder), background) for s in scores])


def _ten(decisions: Labels, background: int) -> Labels:
    fitted = np.full(CELLS, background)
    fitted[: len(decisions)] = decisions[:CELLS]
    return fitted
