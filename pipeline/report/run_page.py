"""The page of a training or an evaluation: how good it is, where it errs, how it got there."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.formats.whole import write_whole
from avel.pipeline.method.run_files import DECISIONS, METRICS
from avel.pipeline.reasons import InputError
from avel.pipeline.report import charts
from avel.pipeline.report.template import Assets, render

NAME = "report.html"
CURVES = "metrics.csv"
"""Lightning's log: a line a step."""
MOST_FILMS = 24
NONE = np.zeros((0, 10), np.int64)
STYLES, SCRIPTS = ("style.css", "run.css"), ("data.js", "still.js")


@dataclass(frozen=True)
class Evaluated:
    """What a page is made of.

    Attributes:
        name: Of the run, or of the model.
        numbers: As `avel evaluate` gives them; shares in [0, 1].
        decisions: As a run folder's `DECISIONS`; empty where they are not known.
        log: Lines of the training's log.
    """

    name: str
    numbers: Mapping[str, Any]
    decisions: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    log: list[dict[str, str]] = field(default_factory=list)


def read_run(folder: Path) -> Evaluated:
    """What a finished training left.

    Raises:
        InputError: the folder has no numbers of segments.
    """
    try:
        numbers = json.loads((folder / METRICS).read_text("utf-8"))
    except (OSError, ValueError) as err:
        raise InputError(
            f"{folder}: has no {METRICS} that can be read; give the folder of a finished "
            "`avel train`"
        ) from err
    check_events(numbers, str(folder))
    decisions: dict[str, NDArray[Any]] = {}
    if (folder / DECISIONS).is_file():
        with np.load(folder / DECISIONS, allow_pickle=False) as arrays:
            decisions = dict(arrays)
    log = folder / CURVES
    lines = list(csv.DictReader(log.read_text("utf-8").splitlines())) if log.is_file() else []
    return Evaluated(folder.resolve().name, numbers, decisions, lines)


def check_events(numbers: Mapping[str, Any], name: str) -> None:
    """Refuse numbers of a model that finds no events in segments.

    Raises:
        InputError: it is one.
    """
    if "event_f1" not in numbers:
        raise InputError(f"{name}: answers queries and finds no events; there is no page of it")


def write_run_page(folder: Path, found: Evaluated) -> Path:
    """Write the page into a folder; its path.

    Raises:
        EnvironmentProblem: the folder cannot be written.
    """
    write_whole(folder / NAME, run_page(found))
    return folder / NAME


def run_page(found: Evaluated) -> str:
    """The page as text; accuracies are shown in percent."""
    assets, known = Assets(STYLES, SCRIPTS), found.decisions
    names = [*map(str, known["classes"]), "background"] if known else []
    truth, own = (known["truth"], known["own"]) if known else (NONE, NONE)
    counts = np.bincount(truth.reshape(-1), minlength=len(names)).tolist()
    return render(
        "run.html.j2",
        title=found.name,
        facts=list(_facts(found.numbers)),
        accuracies=_accuracies(found.numbers),
        notes=_notes(found.numbers),
        learning=_learning(found.log),
        loss=_loss(found.log),
        threshold=_threshold(found.numbers),
        bars=charts.bars(found.numbers["per_class"], dict(zip(names, counts, strict=True))),
        matrix=charts.matrix(truth, own, names) if known else None,
        confused=charts.confusions(truth, own, names) if known else [],
        films=_films(known, names) if known else [],
        style=assets.style,
        script=assets.script,
        policy=assets.policy(),
    )


def _facts(numbers: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The first numbers that a reader looks for."""
    yield "segment accuracy", f"{numbers['accuracy']['own']:.1%}"
    if "val_accuracy" in numbers:
        yield "on validation", f"{numbers['val_accuracy']:.1%}"
    yield "event F1", f"{numbers['event_f1']:.2f}"
    yield "mAP at 0.5", f"{numbers['map'].get('0.5', float('nan')):.2f}"
    covered = numbers["coverage"]
    yield "videos", f"{covered['evaluated']} of {covered['rows']}"
    if "epochs" in numbers:
        yield "epochs", f"{numbers['epochs']}"
    if "train_seconds" in numbers:
        yield "trained in", f"{numbers['train_seconds']:.0f} s"


def _accuracies(numbers: Mapping[str, Any]) -> list[charts.Bar]:
    """By decoder, and of what needs no model."""
    own = f"{numbers['decoder']} (its own)"
    by = {own if name == "own" else name: share for name, share in numbers["accuracy"].items()}
    by.pop(numbers["decoder"], None)
    return charts.bars({**by, **numbers["baselines"]}, {}, numbers["baselines"])


def _notes(numbers: Mapping[str, Any]) -> list[str]:
    """Of the split's videos that are not counted, by why."""
    by_reason: dict[str, list[str]] = {}
    for video, why in numbers["coverage"]["missing"].items():
        by_reason.setdefault(why, []).append(video)
    return [
        f"{len(videos)} of the split's videos are not counted: {why} "
        f"({', '.join(videos[:6])}{', …' if len(videos) > 6 else ''})"
        for why, videos in by_reason.items()
    ]


def _learning(log: list[dict[str, str]]) -> charts.Chart | None:
    names = {"train": "train_accuracy", "validation": "val_accuracy", "test": "test_accuracy"}
    series = {name: _series(log, column) for name, column in names.items()}
    return charts.chart(series, "epoch", shares=True)


def _loss(log: list[dict[str, str]]) -> charts.Chart | None:
    return charts.chart({"loss": _series(log, "train_loss")}, "epoch")


def _series(log: list[dict[str, str]], column: str) -> list[tuple[float, float]]:
    """The last value of each epoch."""
    found = {float(line["epoch"]): float(line[column]) for line in log if line.get(column)}
    return sorted(found.items())


def _threshold(numbers: Mapping[str, Any]) -> charts.Chart | None:
    rows = numbers.get("over_threshold", [])
    names = ("precision", "recall", "accuracy")
    series = {name: [(row["threshold"], row[name]) for row in rows] for name in names}
    return charts.chart(series, "threshold", shares=True)


def _films(known: Mapping[str, NDArray[Any]], names: list[str]) -> list[charts.Film]:
    """The videos with the fewest right segments, the worst first."""
    right = (known["own"] == known["truth"]).sum(1)
    order = np.argsort(right, kind="stable")[:MOST_FILMS]
    return [
        charts.film(str(known["videos"][n]), known["truth"][n], known["own"][n], names)
        for n in order
        if right[n] < known["truth"].shape[1]
    ]
