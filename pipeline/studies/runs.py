"""What finished runs left in their folders: numbers and decisions, read in one place."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.method.run_files import DECISIONS, METRICS
from avel.pipeline.reasons import InputError


def slug(row: str) -> str:
    """A row's name as a file name: lower-case letters and digits."""
    return re.sub(r"[^a-z0-9]+", "_", row.lower()).strip("_")


def run_folder(out: Path, row: str, seed: int) -> Path:
    """Where the run of one row and seed is."""
    return out / f"{slug(row)}-seed{seed}"


def metrics_of(out: Path, row: str, seeds: Sequence[int]) -> list[dict[str, Any]]:
    """Numbers of a row's runs that are done, in the seeds' order; accuracies in [0, 1]."""
    paths = (run_folder(out, row, seed) / METRICS for seed in seeds)
    return [json.loads(path.read_text("utf-8")) for path in paths if path.is_file()]


def right_segments(out: Path, row: str, seeds: Sequence[int]) -> dict[int, NDArray[np.float64]]:
    """Share of right segments (N,) of every test row, by seed, of the runs that are done."""
    found = {}
    for seed in seeds:
        folder = run_folder(out, row, seed)
        if (folder / DECISIONS).is_file() and (folder / METRICS).is_file():
            run = decisions(folder)
            found[seed] = (run["own"] == run["truth"]).mean(1)
    return found


def decisions(folder: Path) -> dict[str, NDArray[Any]]:
    """A run's decisions (N, T) on its test rows, see `DECISIONS`.

    Raises:
        InputError: there are none, or they are answers to queries.
    """
    path = folder / DECISIONS
    if not path.is_file():
        raise InputError(
            f"{folder}: has no {DECISIONS}; give the folder of a finished `avel train`"
        )
    with np.load(path, allow_pickle=False) as run:
        if "own" not in run:
            raise InputError(f"{path}: holds answers to queries, not decisions on segments")
        return dict(run)
