"""Trainings that are small enough for tests, and what their logs say."""

import csv
from pathlib import Path

from avel.pipeline.cli import main

OPTIONS = [
    "options.d_model=16",
    "options.heads=2",
    "options.agva_hidden=8",
    "options.feature_dropout=0.0",
    "train.learning_rate=0.004",
    "train.batch_size=8",
]


QUICK = ["train.epochs=1", "train.batch_size=24"]
"""For what is not about learning: two steps."""


def sets(*settings: str) -> list[str]:
    """Settings as words of a command line."""
    return [word for setting in settings for word in ("--set", setting)]


def run(bench: tuple[Path, Path], out: Path, *extra: str, config: str = "dmsf") -> int:
    """`avel train` of the narrow model; its exit code."""
    where = ["--data", str(bench[0]), "--cache-dir", str(bench[1]), "--out", str(out)]
    return main(["train", *where, "--config", config, "--device", "cpu", *sets(*OPTIONS), *extra])


def losses(*logs: Path) -> dict[str, str]:
    """Training loss of every epoch, as written; a later log's epochs win."""
    rows = (row for log in logs for row in csv.DictReader(log.open()))
    return {row["epoch"]: row["train_loss"] for row in rows if row["train_loss"]}


def validated(metrics: Path) -> list[int]:
    """Epochs that were validated, in order."""
    rows = csv.DictReader(metrics.open())
    return [int(row["epoch"]) for row in rows if row["val_accuracy"]]
