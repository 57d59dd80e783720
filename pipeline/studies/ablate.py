"""Many trainings that differ in one setting each, over seeds, side by side."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.fill import fill
from avel.pipeline.learning.prepare import Prepared, prepare
from avel.pipeline.learning.run import train_any
from avel.pipeline.learning.run_folder import RunFolder
from avel.pipeline.reasons import InputError
from avel.pipeline.studies.pairs import Pair, pair
from avel.pipeline.studies.runs import metrics_of, right_segments, run_folder
from avel.pipeline.studies.table import Ablation
from avel.pipeline.work.runtime import RuntimeConfig
from avel.pipeline.work.workers import Crashed, map_unordered

Run = tuple[str, int]
"""A row and a seed."""


@dataclass(frozen=True)
class Line:
    """One row's numbers; accuracies in percent.

    Attributes:
        name: Of the row.
        accuracies: Test accuracy of each seed that is done.
        pair: The row beside the first row; None for that.
        train_seconds: Mean over seeds.
    """

    name: str
    accuracies: tuple[float, ...]
    pair: Pair | None
    train_seconds: float

    @property
    def mean(self) -> float:
        """Mean accuracy over seeds, in percent."""
        return float(np.mean(self.accuracies)) if self.accuracies else float("nan")

    @property
    def std(self) -> float:
        """Standard deviation over seeds, in points of percent."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.accuracies) > 1 else 0.0


def ablate(
    data: AveFolder,
    experiments: Mapping[Run, Experiment],
    runtime: RuntimeConfig,
    out: Path,
    *,
    weights: Sequence[Path] = (),
    processes: int = 1,
) -> Iterator[tuple[str, int, str]]:
    """Train what is missing; (row, seed, error or nothing) as runs end.

    Every run has a folder `<row>-seed<seed>`; one that is done is kept, one that was stopped goes
    on. Nothing is trained where one of them was begun on something else: its numbers would stand
    in this table.

    Args:
        data: The dataset.
        experiments: What is trained, as `Ablation.experiments` gives it.
        runtime: Where and with what.
        out: Folder of the runs.
        weights: The encoder's files; none to look where weights are kept.
        processes: Number of trainings at once.

    Raises:
        InputError: a run in `out` had another config, dataset or features; names what differs.
    """
    prepared = _prepared(experiments, runtime, weights)
    missing = _missing(data, experiments, prepared, out)
    _fill(data, [prepared[run] for run in missing], runtime)
    for row, seed in experiments:
        if (row, seed) not in missing:
            yield row, seed, ""
    for later in (False, True):  # rows that begin with another's weights come second
        runs = [run for run, experiment in missing.items() if bool(experiment.start) == later]
        jobs = [(data, missing[r], runtime, run_folder(out, *r), prepared[r]) for r in runs]
        for number, result in map_unordered(_train_one, jobs, processes):
            row, seed = runs[number]
            yield row, seed, "the worker process died" if isinstance(result, Crashed) else result


def _prepared(
    experiments: Mapping[Run, Experiment], runtime: RuntimeConfig, weights: Sequence[Path]
) -> dict[Run, Prepared]:
    """What each run reads, worked out once where runs read the same."""
    known: dict[str, Prepared] = {}
    found = {}
    for run, experiment in experiments.items():
        key = _what_is_read(experiment)
        if key not in known:
            known[key] = prepare(experiment, runtime, weights)
        found[run] = known[key]
    return found


def _missing(
    data: AveFolder,
    experiments: Mapping[Run, Experiment],
    prepared: Mapping[Run, Prepared],
    out: Path,
) -> dict[Run, Experiment]:
    """The runs that have not ended."""
    done = {
        run: RunFolder(run_folder(out, *run)).is_done(experiment, data, prepared[run].identity)
        for run, experiment in experiments.items()
    }
    return {run: experiment for run, experiment in experiments.items() if not done[run]}


def _fill(data: AveFolder, prepared: Sequence[Prepared], runtime: RuntimeConfig) -> None:
    """Make what is read, once for each recipe."""
    for one in {str(each.recipe): each for each in reversed(prepared)}.values():
        fill(one, data, runtime)


def _what_is_read(experiment: Experiment) -> str:
    """What `prepare` looks at; experiments that are alike in it share what it finds."""
    blank = Experiment(
        extractor=experiment.extractor,
        extractor_options=experiment.extractor_options,
        segment=experiment.segment,
        features=experiment.features,
        adapter=experiment.adapter,
    )
    return str(replace(blank, augment=replace(blank.augment, enabled=experiment.augment.enabled)))


def _train_one(
    data: AveFolder,
    experiment: Experiment,
    runtime: RuntimeConfig,
    out: Path,
    prepared: Prepared,
) -> str:
    """Train one run, its progress into its own log; the error's text where it fails."""
    out.mkdir(parents=True, exist_ok=True)
    if threads := os.environ.get("OMP_NUM_THREADS"):
        torch.set_num_threads(int(threads))
    with (
        (out / "train.log").open("a") as log,
        redirect_stdout(log),
        redirect_stderr(log),
    ):
        try:
            train_any(data, experiment, runtime, out, prepared=prepared, resume=True)
        except (InputError, ValueError, RuntimeError, LookupError) as err:
            return f"{type(err).__name__}: {err}"
    return ""


def lines(ablation: Ablation, out: Path) -> list[Line]:
    """The table of what is done; accuracies in percent, times in seconds.

    Raises:
        InputError: not one run of the first row is done.
    """
    right = {row: right_segments(out, row, ablation.seeds) for row in ablation.rows}
    first = ablation.first
    if not right[first]:
        raise InputError(f"{out}: no run of the first row '{first}' is done; see its train.log")
    return [
        Line(
            row,
            tuple(100 * float(values.mean()) for values in found.values()),
            None if row == first else pair(row, first, right[first], found),
            _seconds(out, row, ablation.seeds),
        )
        for row, found in right.items()
    ]


def _seconds(out: Path, row: str, seeds: Sequence[int]) -> float:
    found = [run["train_seconds"] for run in metrics_of(out, row, seeds)]
    return float(np.mean(found)) if found else float("nan")
