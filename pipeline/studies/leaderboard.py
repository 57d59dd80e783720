"""The leaderboard: every system on one feature set, over seeds, by every decoder of the field."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from avel.models.card import MATCHERS
from avel.pipeline.evaluation.protocols import DECODERS
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.studies.pairs import Pair, pair
from avel.pipeline.studies.published import ACCURACY, EXACT_STARTS, SOURCES
from avel.pipeline.studies.runs import metrics_of, right_segments
from avel.pipeline.studies.table import Ablation

Cells = list[list[str]]

HEADER = [
    "system",
    "supervision",
    "accuracy (%)",
    "decoder",
    *(f"by {name} (%)" for name in DECODERS),
    "best on test (%)",
    "to the first (95 %)",
    "epochs",
    "parameters",
    "multiply-adds",
    "train (s)",
    "infer (ms/video)",
    "published (%)",
]
MATCH_HEADER = [
    "system",
    "A2V (%)",
    "V2A (%)",
    "best on test (%)",
    "epochs",
    "parameters",
    "multiply-adds",
    "train (s)",
    "infer (ms/video)",
    "published A2V, V2A (%)",
]


@dataclass(frozen=True)
class Leaderboard:
    """Both tables as text cells, and what a reader must know."""

    localization: Cells
    matching: Cells
    notes: list[str]
    pairs: Sequence[Pair] = ()
    """Rows beside the first of their supervision."""


def leaderboard(bench: Ablation, out: Path) -> Leaderboard:
    """Tables of the runs that are done; accuracies in percent, times as the headers say.

    A row is compared with the first of its supervision by a paired bootstrap over videos.
    """
    localization, matching, pairs = _lines(bench, out)
    notes = [
        "mean ± standard deviation over seeds; selected on validation unless said; parameters "
        "without those that no output depends on; multiply-adds of one ten-second video",
        "published: on AVE's own test split and features, another bench; "
        + "; ".join(f"[{mark}] {what}" for mark, what in SOURCES.items()),
    ]
    return Leaderboard(
        localization + _constants(bench, out, len(HEADER), 2, matching=False),
        matching + _constants(bench, out, len(MATCH_HEADER), 1, matching=True),
        notes,
        pairs,
    )


def _lines(bench: Ablation, out: Path) -> tuple[Cells, Cells, list[Pair]]:
    """Lines of the systems that localize, and of those that match; and how the former differ."""
    firsts: dict[str, str] = {}
    localization, matching, pairs = [], [], []
    for row in bench.rows:
        experiment = bench.experiment(row, bench.seeds[0], out)
        runs = metrics_of(out, row, bench.seeds)
        if not runs:
            continue
        if experiment.model in MATCHERS:
            matching.append(_matching_line(row, experiment, runs))
            continue
        first = firsts.setdefault(experiment.supervision, row)
        found = None
        if row != first:
            both = (right_segments(out, name, bench.seeds) for name in (first, row))
            found = pair(row, first, *both)
        pairs += [found] if found else []
        localization.append(_line(row, experiment, runs, found))
    return localization, matching, pairs


def _line(
    row: str,
    experiment: Experiment,
    runs: Sequence[Mapping[str, Any]],
    found: Pair | None,
) -> list[str]:
    difference = found.difference if found else None
    published = ACCURACY.get((experiment.model, experiment.supervision), "?")
    return [
        row,
        experiment.supervision,
        _spread([100 * run["accuracy"]["own"] for run in runs]),
        str(runs[0]["decoder"]),
        *(_spread([100 * run["accuracy"][name] for run in runs]) for name in DECODERS),
        _spread([100 * run["test_selected_accuracy"] for run in runs]),
        f"{difference.mean:+.1f} ({difference.low:+.1f} to {difference.high:+.1f})"
        if difference
        else "",
        *_costs(runs),
        published,
    ]


def _matching_line(
    row: str, experiment: Experiment, runs: Sequence[Mapping[str, Any]]
) -> list[str]:
    ways = ("a2v", "v2a")
    found = [[100 * run["accuracy"][way] for run in runs if way in run["accuracy"]] for way in ways]
    known = [EXACT_STARTS[experiment.model, way] for way in ways]
    return [
        row,
        *(_spread(values) if values else "" for values in found),
        _spread([100 * run["test_selected_accuracy"] for run in runs]),
        *_costs(runs),
        ", ".join(known if all(found) else [k for k, f in zip(known, found, strict=True) if f]),
    ]


def _costs(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    first = runs[0]
    return [
        _spread([run["epochs"] for run in runs], 0),
        f"{first['parameters'] / 1e6:.2f} M",
        f"{first['multiply_adds'] / 1e6:.0f} M",
        _spread([run["train_seconds"] for run in runs], 0),
        _spread([1e3 * run["seconds_per_video"] for run in runs]),
    ]


def _constants(bench: Ablation, out: Path, width: int, at: int, *, matching: bool) -> Cells:
    """What needs no model, from the first run of the kind."""
    for row in bench.rows:
        is_matcher = bench.experiment(row, bench.seeds[0], out).model in MATCHERS
        runs = metrics_of(out, row, bench.seeds) if is_matcher == matching else []
        if runs:
            lines = []
            for name, value in runs[0]["baselines"].items():
                cells = [""] * width
                cells[0] = name
                cells[at : at + 1 + matching] = [f"{100 * value:.1f}"] * (1 + matching)
                lines.append(cells)
            return lines
    return []


def _spread(values: Sequence[float], digits: int = 1) -> str:
    mean = f"{np.mean(values):.{digits}f}"
    if len(values) < 2 or not np.std(values):
        return mean
    return f"{mean} ± {np.std(values, ddof=1):.{digits}f}"
