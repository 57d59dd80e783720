"""Train a localization model on cached features; Lightning runs the loop.

Full and weak supervision differ by the labels they read and the loss, nothing else.
"""

import json
import logging
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import lightning
import numpy as np
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
)
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch import Tensor, nn

from avel.configs.load import dump, read, read_text
from avel.extractors import AdaptedChoice, choose
from avel.extractors.adapters import FILE as ADAPTERS
from avel.extractors.adapters import AdapterConfig, Front, save_adapters
from avel.extractors.extractor import check_precision
from avel.models import build
from avel.models.checkpoint import Card, differing, load_checkpoint, save_checkpoint
from avel.models.domain import fit_domain
from avel.pipeline.augment import AugmentConfig
from avel.pipeline.card import write_card
from avel.pipeline.config import RuntimeConfig, resolve_device
from avel.pipeline.datasets.ave import CELLS, AveFolder
from avel.pipeline.datasets.features import FeatureRows, SegmentRows
from avel.pipeline.evaluate import Split, evaluate_features, open_split
from avel.pipeline.extract import Features
from avel.pipeline.learning import LocalizerTraining, TrainConfig, loader
from avel.pipeline.localizer import CHECKPOINT
from avel.pipeline.reasons import InputError
from avel.pipeline.segment import SegmentConfig
from avel.pipeline.stages import features_recipe, segments_recipe
from avel.pipeline.tuning import cached_before, fill_cache, make_front, tuned

PRECISIONS: dict[str, Any] = {
    "float32": "32-true",
    "bfloat16": "bf16-mixed",
    "float16": "16-mixed",
}
"""Lightning's names."""

DECISIONS = "decisions.npz"
"""Of a run: `rows` (N,) of the dataset, `truth`, `gate` and `argmax` (N, 10) class indices."""


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
    adapter: AdapterConfig = field(default_factory=AdapterConfig)
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    train: TrainConfig = field(default_factory=TrainConfig)


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

    The folder holds `model.safetensors` and, where adapters were tuned, `adapters.safetensors`
    (what `avel localize --model` and `avel extract --adapters` take), `card.md`, `config.yaml`,
    `metrics.json`, `metrics.csv`, `decisions.npz` and TensorBoard's log. With `half` the weights
    are stored in 16 bits, and the numbers are those of the stored weights.

    With several `devices` every process runs this; all but the first give no metrics.

    Raises:
        InputError: a split has no features, or a resumed run had another config.
        NotFinite: the loss is NaN; the best weights so far are in the folder's checkpoints.
    """
    check_precision(experiment.train.precision, torch.device(resolve_device(runtime.device)))
    lightning.seed_everything(experiment.train.seed, verbose=False)
    encoder = choose(experiment.extractor, weights, experiment.extractor_options)
    segment = SegmentConfig(**{**encoder.cells, **experiment.segment})
    recipe = prepare(data, experiment, runtime, weights)
    kind = SegmentRows if experiment.augment.enabled else FeatureRows
    parts = {
        split: open_split(data, split, recipe, runtime, kind) for split in ("train", "val", "test")
    }
    weak = experiment.supervision == "weak"
    train_rows = parts["train"].with_noisy(data) if weak else parts["train"].rows
    _remember(out, experiment, resume)
    first = train_rows.features(0)
    front = make_front(encoder, experiment.adapter, first, whole=experiment.augment.enabled)
    options = model_options(experiment, tuned(front)(first), len(data.classes))
    model = build(experiment.model, options)
    rows = (train_rows, parts["val"].rows, parts["test"].rows)
    fitted = _fit(model, front, rows, experiment, len(data.classes), runtime, out, resume)
    if not fitted:
        return {}
    recipe = features_recipe(segment, encoder.recipe)
    if front is not None and front.adapters is not None:
        save_adapters(out / ADAPTERS, front.adapters, encoder.recipe)
        recipe = features_recipe(segment, AdaptedChoice(encoder, out / ADAPTERS).recipe)
    card = Card(
        experiment.model,
        options,
        data.classes,
        CELLS,
        recipe,
        training={"experiment": asdict(experiment), "videos": len(train_rows)},
        knows=_knows(data),
    )
    domain = _domain(parts["train"].rows, parts["val"].rows, tuned(front))
    save_checkpoint(out / CHECKPOINT, card, model, domain, half=half)
    metrics = {**_evaluate(parts["test"], out, front), **fitted}
    write_card(out, card, metrics, data.root)
    (out / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def prepare(
    data: AveFolder, experiment: Experiment, runtime: RuntimeConfig, weights: Sequence[Path] = ()
) -> dict[str, Any]:
    """Recipe of the cached stage that training reads.

    Segments where they are augmented, else features, or the activations before the first in-trunk
    adapters, which are filled here.
    """
    encoder = choose(experiment.extractor, weights, experiment.extractor_options)
    segment = SegmentConfig(**{**encoder.cells, **experiment.segment})
    if experiment.augment.enabled:
        return segments_recipe(segment)
    cached = cached_before(encoder, experiment.adapter)
    recipe = features_recipe(segment, cached.recipe)
    if experiment.adapter.trunk_stages:
        fill_cache(data, cached, segment, recipe, runtime, resolve_device(runtime.device))
    return recipe


def _remember(out: Path, experiment: Experiment, resume: bool) -> None:
    """Write the run's config, or refuse to go on with another one than it had.

    Raises:
        InputError: names the settings that differ, with both values.
    """
    path, text = out / "config.yaml", dump(experiment)
    if resume and path.is_file():
        wrong = differing(read(path), read_text(text))
        if wrong:
            listed = "; ".join(f"{name}: was {old!r}, now {new!r}" for name, old, new in wrong)
            raise InputError(
                f"{path}: the run was begun with another config ({listed}); resume with the same, "
                "or train into another --out"
            )
    out.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _evaluate(part: Split, out: Path, front: Front | None) -> dict[str, Any]:
    """Numbers of the stored weights on the test split; each decision goes into `decisions.npz`."""
    card, model, extra = load_checkpoint(out / CHECKPOINT)
    features = (tuned(front)(part.rows.features(i)) for i in range(len(part.rows)))
    numbers, decisions = evaluate_features(features, part, card, model, extra)
    rows = np.array(list(part.found.keys), np.int64)
    gate, argmax = decisions["gate"], decisions["argmax"]
    np.savez(out / DECISIONS, rows=rows, truth=part.rows.segments, gate=gate, argmax=argmax)
    return {"split": "test", **numbers}


def _fit(
    model: nn.Module,
    front: Front | None,
    rows: tuple[FeatureRows, FeatureRows, FeatureRows],
    experiment: Experiment,
    num_classes: int,
    runtime: RuntimeConfig,
    out: Path,
    resume: bool,
) -> dict[str, Any]:
    """Train on the first rows and leave the model as it was best on the second; its protocol.

    Empty in all processes but the first, which has the numbers and writes the files.
    """
    config = experiment.train
    module = LocalizerTraining(
        model, front, experiment.supervision, num_classes, config, experiment.augment
    )
    best = _TestWatch()
    last = out / "checkpoints" / "last.ckpt"
    goes_on = resume and last.exists()
    # a logger deletes what is in its folder: the epochs before a resume must stay
    log = f"resumed_{len(list(out.glob('resumed_*')))}" if goes_on else ""
    trainer, keeper = _trainer(config, runtime, out, best, log)
    loaders = [loader(part, config, runtime, shuffle=part is rows[0]) for part in rows]
    started = time.monotonic()
    trainer.fit(
        module,
        loaders[0],
        loaders[1:],
        ckpt_path=last if goes_on else None,
        weights_only=True,
    )
    if not trainer.is_global_zero:
        return {}
    state = torch.load(keeper.best_model_path, map_location="cpu", weights_only=True)["state_dict"]
    module.load_state_dict(state)
    module.eval()
    return {
        "protocol": "val-selected",
        "val_accuracy": float(keeper.best_model_score or 0),
        "test_selected_accuracy": best.value,
        "train_seconds": round(time.monotonic() - started, 1),
    }


def model_options(experiment: Experiment, features: Features, num_classes: int) -> dict[str, Any]:
    """The model's options with the sizes that the data and the features decide."""
    return {
        **experiment.options,
        "supervision": experiment.supervision,
        "num_classes": num_classes,
        "audio_dim": features.audio.shape[1],
        "visual_dim": features.visual.shape[1],
        "map_channels": features.visual_map.shape[2],
    }


class _TestWatch(Callback):
    """Best test accuracy over epochs: the field's habit, reported beside the honest number."""

    value = 0.0

    def state_dict(self) -> dict[str, float]:
        return {"value": self.value}

    def load_state_dict(self, state: dict[str, float]) -> None:
        self.value = state["value"]

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
    callbacks: list[Callback] = [best, keeper, stopper]
    if config.average_decay:
        callbacks.append(EMAWeightAveraging(decay=config.average_decay))
    trainer = lightning.Trainer(
        max_epochs=config.epochs,
        accelerator="auto" if runtime.device == "auto" else runtime.device,
        devices=runtime.devices,
        strategy="ddp" if runtime.devices > 1 else "auto",
        logger=[CSVLogger(out, "", log), TensorBoardLogger(out, "", log)],
        callbacks=callbacks,
        precision=PRECISIONS[config.precision],
        accumulate_grad_batches=config.accumulate,
        use_distributed_sampler=False,
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


def _domain(
    train: FeatureRows, held_out: FeatureRows, tune: Callable[[Features], Features]
) -> dict[str, Tensor]:
    """What the training features look like, by modality, for telling strangers apart."""
    domain = {}
    mine_all, others_all = (
        [tune(rows.features(index)) for index in range(len(rows))] for rows in (train, held_out)
    )
    for name in ("visual", "audio"):
        mine, others = (
            torch.cat([_present(features, name) for features in part])
            for part in (mine_all, others_all)
        )
        domain.update({f"{name}.{key}": v for key, v in fit_domain(mine, others).items()})
    return domain


def _present(features: Features, name: str) -> Tensor:
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
