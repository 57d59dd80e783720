"""A training's run folder: what is in it, written whole or not at all, and whether it may go on."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.cache.whole import replacing
from avel.configs.load import dump
from avel.extractors.adapters.card import FILE
from avel.models.card import CHECKPOINT, CheckpointError, describe, differing
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.learning.experiment import Experiment, load_experiment
from avel.pipeline.method.run_files import CONFIG, DECISIONS, METRICS, TEST_SELECTED
from avel.pipeline.reasons import InputError

CARD = "card.md"
RECORD = "run.json"
"""What the run was begun on: the dataset, and the recipe of its features."""
FORMAT = 1
STAGES = ("data", "features")


def write_text(path: Path, text: str) -> None:
    """Write a text file whole."""
    with replacing(path) as part:
        part.write_text(text, "utf-8")


class RunFolder:
    """The files of one run, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.config, self.record = path / CONFIG, path / RECORD
        self.checkpoint, self.test_selected = path / CHECKPOINT, path / TEST_SELECTED
        self.metrics, self.decisions = path / METRICS, path / DECISIONS
        self.adapters, self.card = path / FILE, path / CARD
        self.epochs = path / "checkpoints"
        self.last = self.epochs / "last.ckpt"

    def epoch(self, name: str) -> Path:
        """A kept epoch's checkpoint of Lightning."""
        return self.epochs / f"{name}.ckpt"

    def begin(
        self,
        experiment: Experiment,
        data: AveFolder,
        features: Mapping[str, Any],
        *,
        resume: bool = False,
    ) -> None:
        """Write what the run is begun on, or refuse to go on with something else.

        Args:
            experiment: Its config.
            data: Its dataset.
            features: Everything that decides the features that it learns from.
            resume: Whether to go on where the folder has a run.

        Raises:
            InputError: names what differs, with both values.
        """
        if resume and self.config.is_file():
            self.resume_or_refuse(experiment, data, features)
        else:
            # whatever a later `--resume` or an evaluation would take for this run's
            epochs = self.epochs.glob("*.ckpt")
            for stale in (self.metrics, self.decisions, self.test_selected, *epochs):
                stale.unlink(missing_ok=True)
        record = {"format": FORMAT, "folder": str(data.root), **_record(data, features)}
        write_text(self.config, dump(experiment))
        write_text(self.record, json.dumps(record, indent=2) + "\n")

    def resume_or_refuse(
        self, experiment: Experiment, data: AveFolder, features: Mapping[str, Any]
    ) -> None:
        """Refuse to go on with another config, another dataset, or other features.

        A folder of before these were recorded is held to what it knows.

        Raises:
            InputError: names what differs, with both values.
        """
        was = asdict(load_experiment(self.config))
        self._refuse("config", self.config, _plain(was), _plain(asdict(experiment)))
        if self.record.is_file():
            then, now = json.loads(self.record.read_text("utf-8")), _plain(_record(data, features))
            for stage in STAGES:
                self._refuse(stage, self.record, then[stage], now[stage])
        elif self.checkpoint.is_file():
            self._refuse_other_classes(data)

    def is_done(self, experiment: Experiment, data: AveFolder, features: Mapping[str, Any]) -> bool:
        """Whether the run has ended; its numbers are then those of these three.

        Raises:
            InputError: it was begun on something else; names what differs, with both values.
        """
        if not self.config.is_file():
            return False
        self.resume_or_refuse(experiment, data, features)
        return self.metrics.is_file()

    def next_log(self) -> str:
        """Folder for the logs of what goes on: a logger deletes those that are where it writes."""
        return f"resumed_{len(list(self.path.glob('resumed_*')))}"

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write `metrics.json`, which says that the run has ended."""
        write_text(self.metrics, json.dumps(metrics, indent=2) + "\n")

    def write_decisions(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Write `decisions.npz`: arrays (N, ...) by name, a row for each video or query."""
        with replacing(self.decisions) as part:
            np.savez(part, **arrays)  # type: ignore[arg-type]

    def _refuse(
        self, what: str, file: Path, then: Mapping[str, Any], now: Mapping[str, Any]
    ) -> None:
        wrong = differing(then, now)
        if wrong:
            listed = "; ".join(f"{name}: was {old!r}, now {new!r}" for name, old, new in wrong)
            raise InputError(
                f"{file}: the run was begun with another {what} ({listed}); resume with the same, "
                "or train into another --out"
            )

    def _refuse_other_classes(self, data: AveFolder) -> None:
        try:
            card = describe(self.checkpoint).card
        except CheckpointError:
            return  # it is written again when the run ends
        then, now = {"classes": list(card.classes)}, {"classes": list(data.classes)}
        self._refuse("data", self.checkpoint, then, now)


def _record(data: AveFolder, features: Mapping[str, Any]) -> dict[str, Any]:
    splits = {name: rows.tolist() for name, rows in {**data.splits, **data.match_splits}.items()}
    parts = {"rows": data.sha256, "splits": _sha256(splits), "noisy": _sha256(data.noisy)}
    return {"data": {"classes": list(data.classes), **parts}, "features": dict(features)}


def _sha256(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()


def _plain(value: Any) -> Any:
    """As JSON gives it back: tuples as lists."""
    return json.loads(json.dumps(value))
