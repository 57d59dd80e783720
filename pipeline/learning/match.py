"""Train and evaluate cross-modality localization: CMM and DCMR on AVE's match splits."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from avel.models.card import CHECKPOINT, Card
from avel.models.checkpoint import load_checkpoint, save_checkpoint
from avel.models.table import Matcher, build
from avel.pipeline.datasets.ave import CELLS, AveFolder
from avel.pipeline.evaluation.cost import cost
from avel.pipeline.evaluation.evaluate import Split, open_split
from avel.pipeline.evaluation.queries import baselines, exact_accuracy, queries
from avel.pipeline.learning.batches import EpochSampler
from avel.pipeline.learning.experiment import Experiment, model_options
from avel.pipeline.learning.module import TrainConfig, derived_seed, optimizer_of
from avel.pipeline.learning.train import knows, prepare, remember
from avel.pipeline.learning.trainer import BEST, CHECKPOINTS, kept, make_trainer
from avel.pipeline.method.run_files import DECISIONS, METRICS
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig


class MatchRows(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Sound (T, D), pooled picture (T, C) and event segments (T,) of rows, held in memory.

    The picture is the mean over the map's positions, as `visual_feature_vec.h5` has it.
    """

    def __init__(self, audio: Tensor, visual: Tensor, events: Tensor) -> None:
        self.audio, self.visual, self.events = audio, visual, events

    def __len__(self) -> int:
        return len(self.audio)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        return self.audio[index], self.visual[index], self.events[index]


def read_rows(part: Split) -> MatchRows:
    """All rows of a split."""
    examples = [part.rows[index] for index in range(len(part.rows))]
    segments = torch.stack([example.segments for example in examples])
    return MatchRows(
        torch.stack([example.audio for example in examples]),
        torch.stack([example.visual_map.float().mean(1) for example in examples]),
        segments != part.rows.background,
    )


def _training_rows(part: Split, model: str) -> MatchRows:
    """CMM learns from single segments, as published; DCMR from videos that have an event."""
    rows = read_rows(part)
    arrays = rows.audio, rows.visual, rows.events
    if model == "cmm":
        return MatchRows(*(x.flatten(0, 1).unsqueeze(1) for x in arrays))
    some = rows.events.any(1)
    return MatchRows(*(x[some] for x in arrays))


def answers(model: Matcher, rows: MatchRows) -> dict[str, NDArray[np.int64]]:
    """Start of the chosen window by direction, for each query of the rows in order."""
    asked = queries(rows.events.numpy())
    places = torch.from_numpy(asked.rows)
    with torch.inference_mode():
        scores = model.windows(rows.audio[places], rows.visual[places], rows.events[places])
    return {direction: each.numpy().argmax(1) for direction, each in scores.items()}


def accuracies(model: Matcher, rows: MatchRows) -> dict[str, float]:
    """Share of queries that are answered exactly, by direction."""
    asked = queries(rows.events.numpy())
    return {way: exact_accuracy(found, asked) for way, found in answers(model, rows).items()}


class MatchTraining(lightning.LightningModule):
    """One matching model, its loss and its schedule; validates on whole splits."""

    def __init__(
        self, model: Matcher, config: TrainConfig, splits: Mapping[str, MatchRows]
    ) -> None:
        super().__init__()
        self.model, self._config, self._splits = model, config, splits

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], number: int) -> Tensor:
        torch.manual_seed(derived_seed(self._config.seed, self.current_epoch, number))
        loss: Tensor = self.model.loss(*batch)
        self.log("train_loss", loss, on_epoch=True, on_step=False, batch_size=len(batch[0]))
        return loss

    def validation_step(self, batch: Any, number: int) -> None:
        """Everything is done at the end, on whole splits."""

    def on_validation_epoch_end(self) -> None:
        for name, rows in self._splits.items():
            found = accuracies(self.model, rows)
            self.log(f"{name}_accuracy", float(np.mean(list(found.values()))), prog_bar=True)

    def configure_optimizers(self) -> Any:
        config = self._config
        groups = [{"params": list(self.model.parameters()), "weight_decay": config.weight_decay}]
        return optimizer_of(groups, config, int(self.trainer.estimated_stepping_batches))


def train_matcher(
    data: AveFolder,
    experiment: Experiment,
    runtime: RuntimeConfig,
    out: Path,
    *,
    weights: Sequence[Path] = (),
    resume: bool = False,
) -> dict[str, Any]:
    """Train on the match split, select on its validation rows, answer its test queries.

    The run folder is that of `train`. Runs on the CPU: these models are small.

    Raises:
        InputError: the dataset has no match splits, or what `train` refuses.
    """
    runtime = replace(runtime, device="cpu", devices=1)
    lightning.seed_everything(experiment.train.seed, verbose=False)
    recipe = prepare(data, experiment, runtime, weights)
    parts = {name: open_match(data, name, recipe, runtime) for name in ("train", "val", "test")}
    remember(out, experiment, resume)
    rows = _training_rows(parts["train"], experiment.model)
    held = {name: read_rows(parts[name]) for name in ("val", "test")}
    options = model_options(experiment, parts["val"].rows.features(0), len(data.classes))
    model: Matcher = build(experiment.model, options)  # type: ignore[assignment]
    fitted = _fit(model, rows, held, experiment.train, runtime, out, resume)
    card = Card(
        experiment.model,
        options,
        data.classes,
        CELLS,
        recipe,
        training={"experiment": asdict(experiment), "videos": len(parts["train"].rows)},
        knows=knows(data),
    )
    save_checkpoint(out / CHECKPOINT, card, model, {})
    found = answers(model, held["test"])
    asked = queries(held["test"].events.numpy())
    numbers = np.array(list(parts["test"].found.keys), np.int64)[asked.rows]
    arrays: dict[str, Any] = {"rows": numbers, "truth": asked.starts, **found}
    np.savez(out / DECISIONS, **arrays)
    numbers_of = matching_numbers(model, held["test"], parts["test"])
    metrics = {**numbers_of, **fitted, **cost(card, model)}
    (out / METRICS).write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def matching_numbers(model: Matcher, rows: MatchRows, part: Split) -> dict[str, Any]:
    """Accuracy by direction beside the constants that look at nothing, and the coverage."""
    missing = part.found.missing
    return {
        "accuracy": accuracies(model, rows),
        "baselines": baselines(rows.events.numpy()),
        "queries": len(queries(rows.events.numpy()).rows),
        "coverage": {
            "rows": len(part.rows) + len(missing),
            "evaluated": len(part.rows),
            "missing": missing,
        },
    }


def evaluate_matcher(
    data: AveFolder, split: str, checkpoint: Path, runtime: RuntimeConfig
) -> dict[str, Any]:
    """Numbers of a trained matching model on a match split, by the exact rule (reference 1.9)."""
    card, loaded, _ = load_checkpoint(checkpoint)
    model: Matcher = loaded  # type: ignore[assignment]
    part = open_match(data, split, card.features, runtime)
    return {"split": f"{split}_match", **matching_numbers(model, read_rows(part), part)}


def open_match(
    data: AveFolder, split: str, recipe: Mapping[str, Any], runtime: RuntimeConfig
) -> Split:
    """Rows of a match split with their features.

    Raises:
        InputError: the dataset has no such split.
    """
    name = f"{split}_match"
    if name not in data.match_splits:
        raise InputError(
            f"{data.root}: has no {split}_order_match.h5, the split of cross-modality "
            "localization; it is in the AVE code repository, and `avel synth` writes one"
        )
    return open_split(data, name, recipe, runtime)


def _fit(
    model: Matcher,
    rows: MatchRows,
    held: Mapping[str, MatchRows],
    config: TrainConfig,
    runtime: RuntimeConfig,
    out: Path,
    resume: bool,
) -> dict[str, Any]:
    last = out / CHECKPOINTS / "last.ckpt"
    goes_on = resume and last.exists()
    log = f"resumed_{len(list(out.glob('resumed_*')))}" if goes_on else ""
    trainer, (best_on_test, best) = make_trainer(config, runtime, out, log)
    batches = DataLoader(
        rows, config.batch_size, sampler=EpochSampler(rows, config), drop_last=config.drop_last
    )
    once = DataLoader(rows, 1, sampler=range(1))
    started = time.monotonic()
    trainer.fit(
        MatchTraining(model, config, held),
        batches,
        once,
        ckpt_path=last if goes_on else None,
        weights_only=True,
    )
    seconds = time.monotonic() - started
    model.load_state_dict(kept(out, BEST, "model."))
    model.eval()
    return {
        "protocol": "val-selected",
        "val_accuracy": float(best.best_model_score or 0),
        "test_selected_accuracy": float(best_on_test.best_model_score or 0),
        "epochs": trainer.current_epoch,
        "train_seconds": round(seconds, 1),
    }
