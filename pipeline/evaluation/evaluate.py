"""Evaluate a trained model on a split: every number with its decoder, labels and coverage."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from avel.cache.ave_h5 import read_one_hot
from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store
from avel.models.card import CHECKPOINT, Card
from avel.models.checkpoint import load_checkpoint
from avel.pipeline.datasets.ave import CELLS, AveFolder, segment_labels
from avel.pipeline.datasets.features import FeatureRows, RowKeys, find_rows, noisy_keys
from avel.pipeline.evaluation.metrics import (
    Interval,
    accuracy_by_class,
    baselines,
    event_f1,
    intervals,
    mean_average_precision,
    segment_accuracy,
)
from avel.pipeline.evaluation.protocols import DECODERS, PROTOCOLS, Protocol, decoder_name
from avel.pipeline.method.decide import EventConfig, decide
from avel.pipeline.method.events import find_events
from avel.pipeline.method.extract import Features
from avel.pipeline.method.recipes import open_store
from avel.pipeline.method.run_files import TEST_SELECTED
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.method.scoring import score_rows
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig

Labels = NDArray[np.int64]
"""Class index (N, 10) of every segment; background is K."""
Decisions = Mapping[str, Labels]
"""By decoder: the model's `own`, and those of `DECODERS`."""

BATCH = 16
"""Videos scored together, in the split's order: the published test batch, on which the numbers of
MAGAN as released depend."""


@dataclass(frozen=True)
class Split:
    """Rows of a split that have features, and those that do not."""

    rows: FeatureRows
    found: RowKeys
    store: Store
    contents: ContentKeys
    video_ids: tuple[str, ...]

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
    numbers = {**data.splits, **data.match_splits}[split]
    found = find_rows(data, store, contents, [int(row) for row in numbers])
    if not found.keys:
        adapters = " --adapters RUN" if "adapters" in recipe.get("config", {}) else ""
        raise InputError(
            f"{data.root}: no video of split '{split}' ({len(numbers)} rows) has "
            f"{store.stage} {store.fingerprint[:12]} in {runtime.cache_dir}; run "
            f"`avel extract {data.root}{adapters}` first"
        )
    rows = [data.rows[number] for number in found.keys]
    examples = kind(store, list(found.keys.values()), rows, len(data.classes))
    return Split(examples, found, store, contents, tuple(row.video_id for row in rows))


def evaluate(
    data: AveFolder, split: str, checkpoint: Path, runtime: RuntimeConfig
) -> dict[str, Any]:
    """All numbers of one checkpoint on one split, by the annotations and its own decoder.

    Raises:
        InputError: the dataset has other classes, or no features of the checkpoint's recipe.
    """
    card, model = _open(data, checkpoint)
    part = open_split(data, split, card.features, runtime)
    features = (part.rows.features(i) for i in range(len(part.rows)))
    numbers, _ = evaluate_features(features, part, card, model, train_labels(data))
    return {"split": split, **numbers}


def evaluate_protocols(
    data: AveFolder,
    split: str,
    run: Path,
    runtime: RuntimeConfig,
    names: Iterable[str],
    labels: Path | None = None,
) -> dict[str, Any]:
    """Accuracy of a run under published protocols, each with what it really was measured by.

    Beside them, in `baselines`, what needs no model, by the annotations.

    Labels are those of the file that the protocol reads where the dataset's folder has it, else the
    annotations'; weights are the run's best epoch on the protocol's split where the run kept it.

    Args:
        data: The dataset.
        split: Its split.
        run: Run folder or checkpoint.
        runtime: Where the features are.
        names: Of `PROTOCOLS`.
        labels: A file of segment labels to use instead.

    Raises:
        InputError: as `evaluate`.
        LayoutError: a label file is damaged or is not one-hot.
    """
    scored: dict[Path, tuple[Card, Split, list[SegmentScores]]] = {}
    rows = []
    for name in names:
        protocol = PROTOCOLS[name]
        checkpoint, selection = selected(run, protocol)
        if checkpoint not in scored:
            card, model = _open(data, checkpoint)
            part = open_split(data, split, card.features, runtime)
            features = (part.rows.features(i) for i in range(len(part.rows)))
            scored[checkpoint] = card, part, list(score_split(features, card, model))
        card, part, scores = scored[checkpoint]
        decoder = protocol.decoder(card.options.get("supervision", "full"))
        wanted = labels or data.root / protocol.labels
        truth, source = read_truth(wanted, part, data, missing_ok=labels is None)
        decided = _decide(scores, decoder, len(card.classes))
        rows.append(
            {
                "protocol": name,
                "accuracy": segment_accuracy(decided, truth),
                "decoder": decoder_name(decoder),
                "labels": source,
                "selection": selection,
                "note": protocol.note if decoder.decoder == "ungated" else "",
            }
        )
    return {
        "split": split,
        "protocols": rows,
        "baselines": baselines(part.rows.segments, train_labels(data), len(data.classes)),
    }


def train_labels(data: AveFolder) -> Labels:
    """Segment labels of the training split, which the most common class is counted in."""
    return segment_labels([data.rows[n] for n in data.splits["train"]], len(data.classes))


def selected(run: Path, protocol: Protocol) -> tuple[Path, str]:
    """The checkpoint that a protocol reports, and in words how it was selected."""
    if not run.is_dir():
        return run, f"as given (the protocol: best on {protocol.selection})"
    if protocol.selection == "test" and (run / TEST_SELECTED).is_file():
        return run / TEST_SELECTED, "best on test"
    wanted = "" if protocol.selection == "val" else "; the run kept no epoch that was best on test"
    return run / CHECKPOINT, f"best on val{wanted}"


def read_truth(
    path: Path, part: Split, data: AveFolder, *, missing_ok: bool = False
) -> tuple[Labels, str]:
    """Segment labels of a split's rows from a label file, and where they are from, in words.

    Raises:
        LayoutError: the file is missing (unless that is fine), or not one-hot labels of all rows.
    """
    derived = part.rows.segments
    if missing_ok and not path.is_file():
        return derived, f"annotations ({path.name} is not in {data.root.name})"
    shape = (len(data.rows), CELLS, len(data.classes) + 1)
    truth = read_one_hot(path, shape)[list(part.found.keys)]
    other = truth != derived
    return truth, (
        f"{path.name} ({int(other.sum())} segments of {int(other.any(1).sum())} rows differ from "
        "the annotations)"
    )


def _open(data: AveFolder, checkpoint: Path) -> tuple[Card, nn.Module]:
    card, model, _ = load_checkpoint(checkpoint)
    if card.classes != data.classes:
        strange = [name for name in data.classes if name not in card.classes] or list(data.classes)
        raise InputError(
            f"{checkpoint}: does not know the dataset's classes (first: {strange[0]!r}); "
            "train on this dataset, or evaluate on the one it was trained on"
        )
    return card, model


def score_split(
    features: Iterable[Features], card: Card, model: nn.Module
) -> Iterator[SegmentScores]:
    """Scores of videos in their order, `BATCH` at once."""
    videos = iter(features)
    while batch := list(islice(videos, BATCH)):
        yield from score_rows(batch, card, model)


def evaluate_features(
    features: Iterable[Features], part: Split, card: Card, model: nn.Module, train: Labels
) -> tuple[dict[str, Any], Decisions]:
    """All numbers of a model over a split's features, and what it decided, in the rows' order.

    `train` are the segment labels of the training split, for the trivial baselines.
    """
    scores = list(score_split(features, card, model))
    own = EventConfig(**card.decoder)
    decoders = {"own": own, **DECODERS}
    decisions = {name: _decide(scores, d, len(card.classes)) for name, d in decoders.items()}
    truth, background = part.rows.segments, len(card.classes)
    found = [
        Interval(video, card.classes.index(event.label), event.onset, event.offset, event.score)
        for video, s in enumerate(scores)
        for event in find_events(s, card.classes, own)
    ]
    known, missing = intervals(truth, background), part.found.missing
    numbers = {
        "decoder": decoder_name(own),
        "accuracy": {name: segment_accuracy(d, truth) for name, d in decisions.items()},
        "baselines": baselines(truth, train, background),
        "event_f1": event_f1(found, known),
        "map": {str(t): value for t, value in mean_average_precision(found, known).items()},
        "per_class": accuracy_by_class(decisions["own"], truth, card.classes),
        "coverage": {
            "rows": len(part.rows) + len(missing),
            "evaluated": len(part.rows),
            "missing": missing,
        },
    }
    return numbers, decisions


def _decide(scores: Iterable[SegmentScores], decoder: EventConfig, background: int) -> Labels:
    return np.stack([_ten(decide(s, s.present, decoder), background) for s in scores])


def _ten(decisions: Labels, background: int) -> Labels:
    """Decisions (10,): filled with background where the video is shorter, as the bench counts."""
    fitted = np.full(CELLS, background)
    fitted[: len(decisions)] = decisions[:CELLS]
    return fitted
