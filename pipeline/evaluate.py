"""Evaluate a trained model on a split: every number with its decoder and its coverage."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store
from avel.models.checkpoint import Card, load_checkpoint
from avel.pipeline.config import RuntimeConfig
from avel.pipeline.datasets.ave import CELLS, AveFolder
from avel.pipeline.datasets.features import FeatureRows, RowKeys, find_rows, noisy_keys
from avel.pipeline.events import EventConfig, find_events, segment_decisions
from avel.pipeline.extract import Features
from avel.pipeline.metrics import (
    Interval,
    accuracy_by_class,
    event_f1,
    intervals,
    mean_average_precision,
    segment_accuracy,
)
from avel.pipeline.reasons import InputError
from avel.pipeline.scores import ScoreConfig, SegmentScores, score_segments
from avel.pipeline.stages import open_store

Decisions = Mapping[str, NDArray[np.int64]]
"""Class index (N, 10) of every segment by decoder; background is K."""


@dataclass(frozen=True)
class Split:
    """Rows of a split that have features, and those that do not."""

    rows: FeatureRows
    found: RowKeys
    store: Store
    contents: ContentKeys

    def with_noisy(self, data: AveFolder) -> FeatureRows:
        """These rows and the background-only videos after them, as the weak setting trains."""
        noisy = noisy_keys(data, self.store, self.contents)
        rows = [data.rows[number] for number in self.found.keys]
        keys = [*self.found.keys.values(), *noisy]
        kind = type(self.rows)
        return kind(self.store, keys, [*rows, *[None] * len(noisy)], len(data.classes))


def open_split(
    data: AveFolder,
    split: str,
    recipe: Mapping[str, Any],
    runtime: RuntimeConfig,
    kind: type[FeatureRows] = FeatureRows,
) -> Split:
    """Rows of a split with their cached features, or segments where `kind` reads those.

    Raises:
        InputError: not one row has features.
    """
    store = open_store(runtime.cache_dir, recipe, make=False)
    contents = ContentKeys(runtime.cache_dir)
    found = find_rows(data, store, contents, [int(row) for row in data.splits[split]])
    if not found.keys:
        adapters = " --adapters RUN" if "adapters" in recipe.get("config", {}) else ""
        raise InputError(
            f"{data.root}: no video of split '{split}' ({len(data.splits[split])} rows) has "
            f"{store.stage} {store.fingerprint[:12]} in {runtime.cache_dir}; run "
            f"`avel extract {data.root}{adapters}` first"
        )
    rows = [data.rows[number] for number in found.keys]
    examples = kind(store, list(found.keys.values()), rows, len(data.classes))
    return Split(examples, found, store, contents)


def evaluate(
    data: AveFolder, split: str, checkpoint: Path, runtime: RuntimeConfig
) -> dict[str, Any]:
    """All numbers of one checkpoint on one split.

    Raises:
        InputError: the dataset has other classes, or no features of the checkpoint's recipe.
    """
    card, model, extra = load_checkpoint(checkpoint)
    if card.classes != data.classes:
        strange = [name for name in data.classes if name not in card.classes] or list(data.classes)
        raise InputError(
            f"{checkpoint}: does not know the dataset's classes (first: {strange[0]!r}); "
            "train on this dataset, or evaluate on the one it was trained on"
        )
    part = open_split(data, split, card.features, runtime)
    features = (part.rows.features(i) for i in range(len(part.rows)))
    return {"split": split, **evaluate_features(features, part, card, model, extra)[0]}


def evaluate_features(
    features: Iterable[Features],
    part: Split,
    card: Card,
    model: nn.Module,
    extra: dict[str, Tensor],
) -> tuple[dict[str, Any], Decisions]:
    """All numbers of a model over a split's features, and what it decided, in the rows' order."""
    scores = [score_segments(f, card, model, extra, ScoreConfig()) for f in features]
    decisions = {
        name: np.stack(
            [
                _ten(segment_decisions(s, EventConfig(decoder=name)), len(card.classes))
                for s in scores
            ]
        )
        for name in ("gate", "argmax")
    }
    return _numbers(scores, decisions, part, card.classes), decisions


def _numbers(
    scores: list[SegmentScores], decisions: Decisions, part: Split, classes: tuple[str, ...]
) -> dict[str, Any]:
    background, truth = len(classes), part.rows.segments
    known = intervals(truth, background)
    found = [
        Interval(video, classes.index(event.label), event.onset, event.offset, event.score)
        for video, s in enumerate(scores)
        for event in find_events(s, classes, EventConfig())
    ]
    missing = part.found.missing
    return {
        "accuracy": {name: segment_accuracy(d, truth) for name, d in decisions.items()},
        "all_background_accuracy": float((truth == background).mean()),
        "event_f1": event_f1(found, known),
        "map": {str(t): value for t, value in mean_average_precision(found, known).items()},
        "per_class": accuracy_by_class(decisions["gate"], truth, classes),
        "coverage": {
            "rows": len(part.rows) + len(missing),
            "evaluated": len(part.rows),
            "missing": missing,
        },
    }


def _ten(decisions: np.ndarray, background: int) -> np.ndarray:
    """Decisions (10,): cut, or filled with background, as the bench counts."""
    fitted = np.full(CELLS, background)
    fitted[: len(decisions)] = decisions[:CELLS]
    return fitted
