"""A run's accuracy as each published code base counts it: its decoder, labels and selection."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avel.cache.ave_h5 import read_one_hot
from avel.models.card import CHECKPOINT, Card
from avel.pipeline.datasets.ave import CELLS, AveFolder
from avel.pipeline.evaluation.evaluate import (
    Labels,
    decide_rows,
    features_of,
    open_model,
    score_split,
    train_labels,
)
from avel.pipeline.evaluation.metrics import baselines, segment_accuracy
from avel.pipeline.evaluation.protocols import PROTOCOLS, Protocol, decoder_name
from avel.pipeline.evaluation.split import Split, open_split
from avel.pipeline.method.run_files import TEST_SELECTED
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.work.runtime import RuntimeConfig


@dataclass(frozen=True)
class Scored:
    """One checkpoint's scores of a split."""

    card: Card
    part: Split
    scores: list[SegmentScores]


def evaluate_protocols(
    data: AveFolder,
    split: str,
    run: Path,
    runtime: RuntimeConfig,
    names: Iterable[str],
    labels: Path | None = None,
) -> dict[str, Any]:
    """Accuracy in [0, 1] of a run under published protocols, each with what it was measured by.

    Beside them, in `baselines`, what needs no model, by the annotations.

    Labels are those of the file that the protocol reads where the dataset's folder has it, else the
    annotations'; weights are the run's best epoch on the protocol's split where the run kept it.

    Args:
        data: The dataset.
        split: Its split.
        run: Run folder or checkpoint.
        runtime: Where the features are.
        names: Of `PROTOCOLS`, at least one.
        labels: A file of segment labels to use instead.

    Raises:
        InputError: as `evaluate`.
        LayoutError: a label file is damaged or is not one-hot.
    """
    scored: dict[Path, Scored] = {}
    rows = []
    for name in names:
        protocol = PROTOCOLS[name]
        checkpoint, selection = selected(run, protocol)
        if checkpoint not in scored:
            scored[checkpoint] = _score(data, split, checkpoint, runtime)
        found = scored[checkpoint]
        wanted = labels or data.root / protocol.labels
        truth, source = read_truth(wanted, found.part, data, missing_ok=labels is None)
        row = _row(protocol, found, truth)
        rows.append({"protocol": name, **row, "labels": source, "selection": selection})
    annotated = next(iter(scored.values())).part.rows.segments
    constants = baselines(annotated, train_labels(data), len(data.classes))
    return {"split": split, "protocols": rows, "baselines": constants}


def _score(data: AveFolder, split: str, checkpoint: Path, runtime: RuntimeConfig) -> Scored:
    card, model = open_model(data, checkpoint, runtime)
    part = open_split(data, split, card.features, runtime)
    return Scored(card, part, list(score_split(features_of(part), card, model)))


def _row(protocol: Protocol, found: Scored, truth: Labels) -> dict[str, Any]:
    decoder = protocol.decoder(found.card.options.get("supervision", "full"))
    decided = decide_rows(found.scores, decoder, len(found.card.classes))
    return {
        "accuracy": segment_accuracy(decided, truth),
        "decoder": decoder_name(decoder),
        "note": protocol.note if decoder.decoder == "ungated" else "",
    }


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
    """Segment labels (N, 10) of a split's rows from a label file, and where they are from.

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
