"""Train a localization model on cached features; Lightning runs the loop.

Full and weak supervision differ by the labels they read and the loss, nothing else.
"""

import json
import logging
import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor, nn
from torch.utils.data import DataLoader

from avel.configs.load import dump
from avel.extractors import choose
from avel.models import build
from avel.models.checkpoint import Card, save_checkpoint
from avel.models.domain import fit_domain
from avel.models.losses import LOSSES, Targets
from avel.models.output import LocalizationOutput, Visual
from avel.pipeline.config import RuntimeConfig
from avel.pipeline.datasets.ave import CELLS, AveFolder
from avel.pipeline.datasets.features import Example, FeatureRows
from avel.pipeline.evaluate import evaluate, open_split
from avel.pipeline.localizer import CHECKPOINT
from avel.pipeline.reasons import InputError
from avel.pipeline.scores import probabilities
from avel.pipeline.segment import SegmentConfig
from avel.pipeline.splice import with_spliced
from avel.pipeline.stages import features_recipe


@dataclass(frozen=True)
class TrainConfig:
    """Optimisation. Reference section 3.8.2, with the learning rate of the narrow model."""

    epochs: int = 20
    warmup_epochs: int = 3
    learning_rate: float = 7e-4
    weight_decay: float = 0.02
    """Not of norms, biases and the scan's A and D."""
    batch_size: int = 32
    clip_norm: float = 1.0
    mutual_weight: float = 1.0
    mutual_ramp_epochs: int = 5
    """Epochs over which mutual learning grows from nothing to its weight."""
    patience: int = 8
    """Epochs without a better validation accuracy before training ends."""
    seed: int = 0


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a trained model, but the data."""

    model: str = "dmsf"
    options: dict[str, Any] = field(default_factory=dict)
    supervision: Literal["full", "weak"] = "full"
    extractor: str = "audioclip-tiny"
    extractor_options: dict[str, Any] = field(default_factory=dict)
    segment: dict[str, Any] = field(default_factory=dict)
    """Settings of the segments stage other than the extractor's own, by name."""
    train: TrainConfig = field(default_factory=TrainConfig)


class LocalizerTraining(lightning.LightningModule):
    """One model, its loss and its schedule."""

    def __init__(
        self, model: nn.Module, supervision: str, num_classes: int, config: TrainConfig
    ) -> None:
        super().__init__()
        self.model, self._config, self._num_classes = model, config, num_classes
        self._loss, self._weak = LOSSES[supervision], supervision == "weak"
        self._generator = torch.Generator().manual_seed(config.seed)
        self._right: dict[int, list[Tensor]] = {}

    def training_step(self, batch: Example, _: int) -> Tensor:
        known = torch.zeros_like(batch.mask)
        if self._weak:
            batch, known = with_spliced(batch, self._num_classes, self._generator)
        ramp = min(1.0, self.current_epoch / max(1, self._config.mutual_ramp_epochs))
        targets = Targets(batch.segments, batch.video, batch.mask, known)
        loss = self._loss(run_model(self.model, batch), targets, ramp * self._config.mutual_weight)
        size = len(batch.video)
        self.log("train_loss", loss, prog_bar=True, on_epoch=True, on_step=False, batch_size=size)
        return loss

    def validation_step(self, batch: Example, _: int, dataloader_idx: int = 0) -> None:
        decisions = decide(run_model(self.model, batch), self._num_classes)
        right = decisions == batch.segments
        self._right.setdefault(dataloader_idx, []).append(right.flatten().float())

    def on_validation_epoch_end(self) -> None:
        for index, name in enumerate(("val", "test")):
            if index in self._right:
                self.log(f"{name}_accuracy", torch.cat(self._right[index]).mean(), prog_bar=True)
        self._right = {}

    def configure_optimizers(self) -> Any:
        config = self._config
        decayed: list[nn.Parameter] = []
        kept: list[nn.Parameter] = []
        for parameter in self.model.parameters():
            free = parameter.ndim < 2 or getattr(parameter, "_no_weight_decay", False)
            (kept if free else decayed).append(parameter)
        groups = [
            {"params": decayed, "weight_decay": config.weight_decay},
            {"params": kept, "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, config.learning_rate)
        total = int(self.trainer.estimated_stepping_batches)
        warm = max(1, total * config.warmup_epochs // max(1, config.epochs))

        def factor(step: int) -> float:
            if step < warm:
                return (step + 1) / warm
            return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm) / max(1, total - warm))))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


def run_model(model: nn.Module, batch: Example) -> LocalizationOutput:
    """A model's output on a batch of examples."""
    return model(batch.audio, Visual(batch.visual_map, batch.visual), batch.mask)  # type: ignore[no-any-return]


def decide(output: LocalizationOutput, num_classes: int) -> Tensor:
    """Class of each segment (B, T) by the gate decoder at 0.5; background is K."""
    relevance, classes, _ = probabilities(output, num_classes)
    labels = np.broadcast_to(classes.argmax(1)[:, None], relevance.shape)
    return torch.from_numpy(np.where(relevance > 0.5, labels, num_classes))


def train(
    data: AveFolder,
    experiment: Experiment,
    runtime: RuntimeConfig,
    out: Path,
    *,
    weights: Sequence[Path] = (),
    resume: bool = False,
    half: bool = False,
) -> dict[str, Any]:
    """Train, select on the validation split, evaluate on the test split, write the run folder.

    The folder holds `model.safetensors` (what `avel localize --model` takes), `config.yaml`,
    `metrics.json`, `metrics.csv` and TensorBoard's log. With `half` the weights are stored in 16
    bits, and the numbers are those of the stored weights.

    Raises:
        InputError: a split has no features.
    """
    lightning.seed_everything(experiment.train.seed, verbose=False)
    encoder = choose(experiment.extractor, weights, experiment.extractor_options)
    segment = SegmentConfig(**{**encoder.cells, **experiment.segment})
    recipe = features_recipe(segment, encoder.recipe)
    parts = {split: open_split(data, split, recipe, runtime) for split in ("train", "val", "test")}
    weak = experiment.supervision == "weak"
    train_rows = parts["train"].with_noisy(data) if weak else parts["train"].rows
    options = _options(experiment, train_rows, len(data.classes))
    out.mkdir(parents=True, exist_ok=True)
    (out / "config.yaml").write_text(dump(experiment))
    model = build(experiment.model, options)
    rows = (train_rows, parts["val"].rows, parts["test"].rows)
    fitted = _fit(model, rows, experiment, len(data.classes), runtime, out, resume)
    card = Card(
        experiment.model,
        options,
        data.classes,
        CELLS,
        recipe,
        training={"experiment": asdict(experiment), "videos": len(train_rows)},
        knows=_knows(data),
    )
    domain = _domain(parts["train"].rows, parts["val"].rows)
    save_checkpoint(out / CHECKPOINT, card, model, domain, half=half)
    metrics = {**evaluate(data, "test", out / CHECKPOINT, runtime), **fitted}
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def _fit(
    model: nn.Module,
    rows: tuple[FeatureRows, FeatureRows, FeatureRows],
    experiment: Experiment,
    num_classes: int,
    runtime: RuntimeConfig,
    out: Path,
    resume: bool,
) -> dict[str, Any]:
    """Train on the first rows and leave the model as it was best on the second; its protocol."""
    config = experiment.train
    module = LocalizerTraining(model, experiment.supervision, num_classes, config)
    best = _TestWatch()
    last = out / "checkpoints" / "last.ckpt"
    goes_on = resume and last.exists()
    # a logger deletes what is in its folder: the epochs before a resume must stay
    log = f"resumed_{len(list(out.glob('resumed_*')))}" if goes_on else ""
    trainer, keeper = _trainer(config, runtime, out, best, log)
    loaders = [_loader(part, config, part is rows[0]) for part in rows]
    started = time.monotonic()
    trainer.fit(
        module,
        loaders[0],
        loaders[1:],
        ckpt_path=last if goes_on else None,
        weights_only=True,
    )
    state = torch.load(keeper.best_model_path, map_location="cpu", weights_only=True)["state_dict"]
    module.load_state_dict(state)
    return {
        "protocol": "val-selected",
        "val_accuracy": float(keeper.best_model_score or 0),
        "test_selected_accuracy": best.value,
        "train_seconds": round(time.monotonic() - started, 1),
    }


def _options(experiment: Experiment, rows: FeatureRows, num_classes: int) -> dict[str, Any]:
    """The model's options with the sizes that the data and the features decide."""
    features = rows.features(0)
    return {
        **experiment.options,
        "supervision": experiment.supervision,
        "num_classes": num_classes,
        "audio_dim": features.audio.shape[1],
        "visual_dim": features.visual.shape[1],
        "map_channels": features.visual_map.shape[2],
    }


def _loader(rows: FeatureRows, config: TrainConfig, shuffle: bool) -> DataLoader[Example]:
    if not len(rows):
        raise InputError(
            "a split has no video with features; run `avel extract` on the dataset first"
        )
    return DataLoader(rows, config.batch_size, shuffle=shuffle)


class _TestWatch(Callback):
    """Best test accuracy over epochs: the field's habit, reported beside the honest number."""

    value = 0.0

    def on_validation_end(self, trainer: Any, module: Any) -> None:
        if not trainer.sanity_checking and "test_accuracy" in trainer.callback_metrics:
            self.value = max(self.value, float(trainer.callback_metrics["test_accuracy"]))


def _trainer(
    config: TrainConfig, runtime: RuntimeConfig, out: Path, best: Callback, log: str
) -> tuple[lightning.Trainer, ModelCheckpoint]:
    quiet_lightning()
    keeper = ModelCheckpoint(
        out / "checkpoints",
        "best",
        monitor="val_accuracy",
        mode="max",
        save_last=True,
        enable_version_counter=False,
    )
    stopper = EarlyStopping("val_accuracy", mode="max", patience=config.patience)
    trainer = lightning.Trainer(
        max_epochs=config.epochs,
        accelerator="auto" if runtime.device == "auto" else runtime.device,
        devices=1,
        logger=[CSVLogger(out, "", log), TensorBoardLogger(out, "", log)],
        callbacks=[best, keeper, stopper],
        gradient_clip_val=config.clip_norm,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=10,
    )
    return trainer, keeper


def quiet_lightning() -> None:
    """Leave the bar and errors of Lightning, not its advice."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")


def _domain(train: FeatureRows, held_out: FeatureRows) -> dict[str, Tensor]:
    """What the training features look like, by modality, for telling strangers apart."""
    domain = {}
    for name in ("visual", "audio"):
        mine, others = (
            torch.cat([_present(rows, index, name) for index in range(len(rows))])
            for rows in (train, held_out)
        )
        domain.update({f"{name}.{key}": v for key, v in fit_domain(mine, others).items()})
    return domain


def _present(rows: FeatureRows, index: int, name: str) -> Tensor:
    features = rows.features(index)
    mask = features.visual_mask if name == "visual" else features.audio_mask
    return torch.from_numpy(getattr(features, name)[mask])


def _knows(data: AveFolder) -> str:
    if (data.root / "synth.json").exists():
        return (
            f"trained on synthetic video only: knows {len(data.classes)} drawn shapes with made-up "
            "sounds, and no event of the real world"
        )
    return f"trained on {data.root.name}: knows its {len(data.classes)} classes and nothing else"


def summary(metrics: Mapping[str, Any]) -> str:
    """One line of the main numbers."""
    return (
        f"test accuracy {metrics['accuracy']['gate']:.2%} (gate) "
        f"{metrics['accuracy']['argmax']:.2%} "
        f"(argmax), event F1 {metrics['event_f1']:.3f}, mAP@0.5 {metrics['map']['0.5']:.3f}, "
        f"coverage {metrics['coverage']['evaluated']} of {metrics['coverage']['rows']}"
    )
