"""Train cross-modality localization: CMM and DCMR on AVE's match splits."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from avel.cache.whole import replacing
from avel.models.card import Card
from avel.models.checkpoint import save_checkpoint
from avel.models.table import Matcher
from avel.pipeline.datasets.ave import CELLS, AveFolder
from avel.pipeline.evaluation.cost import cost
from avel.pipeline.evaluation.match import (
    MatchRows,
    accuracies,
    answers,
    matching_numbers,
    open_match,
    read_rows,
)
from avel.pipeline.evaluation.queries import queries
from avel.pipeline.evaluation.split import Split
from avel.pipeline.learning.batches import EpochSampler, derived_seed
from avel.pipeline.learning.card import knows
from avel.pipeline.learning.experiment import Experiment, model_options
from avel.pipeline.learning.optimizer import optimizer_of
from avel.pipeline.learning.prepare import Prepared, build_model
from avel.pipeline.learning.run_folder import RunFolder
from avel.pipeline.learning.settings import TrainConfig
from avel.pipeline.learning.trainer import BEST, fit, kept
from avel.pipeline.work.runtime import RuntimeConfig


def training_rows(rows: MatchRows, model: str) -> MatchRows:
    """CMM learns from single segments (N * T, 1, ...), as published.

    DCMR learns from videos (N, T, ...) that have an event.
    """
    arrays = rows.audio, rows.visual, rows.events
    if model == "cmm":
        return MatchRows(*(x.flatten(0, 1).unsqueeze(1) for x in arrays))
    some = rows.events.any(1)
    return MatchRows(*(x[some] for x in arrays))


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
    prepared: Prepared,
    runtime: RuntimeConfig,
    out: Path,
    *,
    resume: bool = False,
) -> dict[str, Any]:
    """Train on the match split, select on its validation rows, answer its test queries.

    The run folder is that of `train`, and so are the arguments. Accuracies are shares in [0, 1].
    Runs on the CPU: these models are small.

    Raises:
        InputError: the dataset has no match splits, or what `train` refuses.
    """
    runtime = replace(runtime, device="cpu", devices=1)
    lightning.seed_everything(experiment.train.seed, verbose=False)
    names = ("train", "val", "test")
    parts = {name: open_match(data, name, prepared.recipe, runtime) for name in names}
    folder = RunFolder(out)
    folder.begin(experiment, data, prepared.identity, resume=resume)
    rows = {name: read_rows(part) for name, part in parts.items()}
    options = model_options(experiment, parts["val"].rows.features(0), len(data.classes))
    model: Matcher = build_model(experiment, options)  # type: ignore[assignment]
    fitted = _fit(model, rows, experiment, runtime, folder, resume)
    card = Card(
        experiment.model,
        options,
        data.classes,
        CELLS,
        prepared.recipe,
        training={"experiment": asdict(experiment), "videos": len(parts["train"].rows)},
        knows=knows(data),
    )
    with replacing(folder.checkpoint) as part:
        save_checkpoint(part, card, model, {})
    _write_answers(model, rows["test"], parts["test"], folder)
    numbers = matching_numbers(model, rows["test"], parts["test"])
    metrics = {**numbers, **fitted, **cost(card, model)}
    folder.write_metrics(metrics)
    return metrics


def _write_answers(model: Matcher, rows: MatchRows, part: Split, folder: RunFolder) -> None:
    asked = queries(rows.events.numpy())
    numbers = np.array(list(part.found.keys), np.int64)[asked.rows]
    folder.write_decisions({"rows": numbers, "truth": asked.starts, **answers(model, rows)})


def _fit(
    model: Matcher,
    rows: Mapping[str, MatchRows],
    experiment: Experiment,
    runtime: RuntimeConfig,
    folder: RunFolder,
    resume: bool,
) -> dict[str, Any]:
    """Learn, and leave the model as it was best on validation; the run's protocol."""
    config = experiment.train
    learned = training_rows(rows["train"], experiment.model)
    sampler = EpochSampler(learned, config)
    batches = DataLoader(learned, config.batch_size, sampler=sampler, drop_last=config.drop_last)
    held = {name: rows[name] for name in ("val", "test")}
    once = DataLoader(learned, 1, sampler=range(1))
    module = MatchTraining(model, config, held)
    fitted = fit(module, batches, [once], config, runtime, folder, resume=resume)
    model.load_state_dict(kept(folder, BEST, "model."))
    model.eval()
    return fitted
