"""Many trainings that differ in one setting each, over seeds, side by side."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from avel.configs.load import dump, load
from avel.models.card import MATCHERS
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.learning.match import train_matcher
from avel.pipeline.learning.train import prepare, train
from avel.pipeline.method.run_files import DECISIONS, METRICS
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig
from avel.pipeline.work.workers import Crashed, map_unordered

RESAMPLES = 10_000


@dataclass(frozen=True)
class Ablation:
    """Rows of one table; the first is what the others are compared with."""

    base: str
    rows: dict[str, dict[str, Any]]
    """Settings by dotted name that a row changes, by the row's name. Two are not settings: `base`,
    a config of its own, and `after`, a row whose weights of the same seed are where it starts."""
    seeds: Sequence[int] = (0, 1, 2)
    settings: dict[str, Any] = field(default_factory=dict)
    """Settings of all rows."""

    def __post_init__(self) -> None:
        if not self.rows or not self.seeds:
            raise ValueError("an ablation needs at least one row and one seed")
        slugs = [_slug(row) for row in self.rows]
        if len(set(slugs)) < len(slugs):
            raise ValueError(f"rows {list(self.rows)} must differ in letters or digits")

        after = [row["after"] for row in self.rows.values() if "after" in row]
        strange = [row for row in after if row not in self.rows]
        if strange:
            raise ValueError(f"after: there is no row '{strange[0]}'")
        chained = [row for row in after if "after" in self.rows[row]]
        if chained:
            raise ValueError(f"after: row '{chained[0]}' itself comes after another; one step only")

    @property
    def first(self) -> str:
        """The row that the others are compared with."""
        return next(iter(self.rows))

    def experiment(self, row: str, seed: int, out: Path) -> Experiment:
        """The experiment of one row and seed, whose runs are in `out`.

        Raises:
            ConfigError: a setting does not exist.
        """
        own = dict(self.rows[row])
        base = Path(own.pop("base", self.base))
        if (after := own.pop("after", None)) is not None:
            own["start"] = str(run_folder(out, after, seed))
        settings = {**self.settings, **own, "train.seed": seed}
        overrides = [f"{name}={json.dumps(value)}" for name, value in settings.items()]
        return load(base, Experiment, overrides)


@dataclass(frozen=True)
class Line:
    """One row's numbers; accuracies in percent.

    Attributes:
        name: Of the row.
        accuracies: Test accuracy of each seed that is done.
        difference: Mean difference to the first row, with the ends of its 95 % interval from a
            paired bootstrap over videos; None for the first row.
        train_seconds: Mean over seeds.
    """

    name: str
    accuracies: tuple[float, ...]
    difference: tuple[float, float, float] | None
    train_seconds: float

    @property
    def mean(self) -> float:
        """Mean accuracy over seeds."""
        return float(np.mean(self.accuracies)) if self.accuracies else float("nan")

    @property
    def std(self) -> float:
        """Standard deviation over seeds."""
        return float(np.std(self.accuracies, ddof=1)) if len(self.accuracies) > 1 else 0.0


def ablate(
    data: AveFolder,
    ablation: Ablation,
    runtime: RuntimeConfig,
    out: Path,
    *,
    weights: Sequence[Path] = (),
    processes: int = 1,
) -> Iterator[tuple[str, int, str]]:
    """Train what is missing; (row, seed, error or nothing) as runs end.

    Every run has a folder `<row>-seed<seed>`; one that is done with the same config is kept, one
    that was stopped goes on.
    """
    experiments = {
        (row, seed): ablation.experiment(row, seed, out)
        for row in ablation.rows
        for seed in ablation.seeds
    }
    for later in (False, True):  # rows that begin with another's weights come second
        jobs, names = [], []
        for (row, seed), experiment in experiments.items():
            if bool(experiment.start) != later:
                continue
            folder = run_folder(out, row, seed)
            if _is_done(folder, experiment):
                yield row, seed, ""
                continue
            prepare(data, experiment, runtime, weights)  # workers start none themselves
            names.append((row, seed))
            jobs.append((data, experiment, runtime, folder, weights))
        for number, result in map_unordered(_train_one, jobs, processes):
            row, seed = names[number]
            yield row, seed, "the worker process died" if isinstance(result, Crashed) else result


def run_folder(out: Path, row: str, seed: int) -> Path:
    """Where the run of one row and seed is."""
    return out / f"{_slug(row)}-seed{seed}"


def _slug(row: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", row.lower()).strip("_")


def _is_done(folder: Path, experiment: Experiment) -> bool:
    config = folder / "config.yaml"
    if not (folder / METRICS).is_file() or not config.is_file():
        return False
    return config.read_text("utf-8") == dump(experiment)


def _train_one(
    data: AveFolder, experiment: Experiment, runtime: RuntimeConfig, out: Path, weights: Any
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
            run = train_matcher if experiment.model in MATCHERS else train
            run(data, experiment, runtime, out, weights=weights, resume=True)
        except (ValueError, RuntimeError, LookupError) as err:
            return f"{type(err).__name__}: {err}"
    return ""


def lines(ablation: Ablation, out: Path) -> list[Line]:
    """The table of what is done.

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
            None if row == first else paired_difference(right[first], found),
            _seconds(out, row, ablation.seeds),
        )
        for row, found in right.items()
    ]


def right_segments(out: Path, row: str, seeds: Sequence[int]) -> dict[int, NDArray[np.float64]]:
    """Share of right segments (N,) of every test row, by seed."""
    found = {}
    for seed in seeds:
        path = run_folder(out, row, seed) / DECISIONS
        if path.is_file() and (path.parent / METRICS).is_file():
            with np.load(path, allow_pickle=False) as run:
                found[seed] = (run["own"] == run["truth"]).mean(1)
    return found


def _seconds(out: Path, row: str, seeds: Sequence[int]) -> float:
    paths = (run_folder(out, row, seed) / METRICS for seed in seeds)
    found = [json.loads(path.read_text())["train_seconds"] for path in paths if path.is_file()]
    return float(np.mean(found)) if found else float("nan")


def paired_difference(
    reference: Mapping[int, NDArray[np.float64]], other: Mapping[int, NDArray[np.float64]]
) -> tuple[float, float, float] | None:
    """Mean difference in points, and the ends of its 95 % interval.

    Seeds that both have are averaged per video; videos are drawn with replacement, both rows' same
    ones (Efron and Tibshirani, 1993, chapter 13: percentile interval). None without a shared seed.
    """
    seeds = sorted(reference.keys() & other.keys())
    if not seeds:
        return None
    each = np.mean([other[seed] - reference[seed] for seed in seeds], axis=0)
    rng = np.random.default_rng(0)
    draws = each[rng.integers(0, len(each), (RESAMPLES, len(each)))].mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return 100 * float(each.mean()), 100 * float(low), 100 * float(high)
