"""Train a localization model on cached features; Lightning runs the loop.

Full and weak supervision differ by the labels they read and the loss, nothing else.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from torch import Tensor, nn

from avel.cache.maintenance import find
from avel.configs.load import dump, read, read_text
from avel.extractors import AdaptedChoice, choose
from avel.extractors.adapters.card import FILE as ADAPTERS
from avel.extractors.adapters.files import save_adapters
from avel.extractors.adapters.fronts import Front
from avel.extractors.extractor import check_precision
from avel.models.card import MATCHERS, Card, differing
from avel.models.checkpoint import load_checkpoint, save_checkpoint
from avel.models.domain import fit_domain
from avel.models.table import build, loss_of
from avel.pipeline.datasets.ave import CELLS, AveFolder
from avel.pipeline.datasets.features import FeatureRows, SegmentRows
from avel.pipeline.evaluation.cost import cost
from avel.pipeline.evaluation.evaluate import Split, evaluate_features, open_split
from avel.pipeline.learning.batches import loader
from avel.pipeline.learning.card import write_card
from avel.pipeline.learning.experiment import Experiment, check_experiment, model_options
from avel.pipeline.learning.fronts import cached_before, fill_cache, make_front, tuned
from avel.pipeline.learning.module import LocalizerTraining
from avel.pipeline.learning.trainer import BEST, BEST_ON_TEST, CHECKPOINTS, kept, make_trainer
from avel.pipeline.media.segment import SegmentConfig
from avel.pipeline.method.extract import Features
from avel.pipeline.method.plan import plan_features
from avel.pipeline.method.recipes import features_recipe, segments_recipe
from avel.pipeline.method.run_files import (
    CHECKPOINT,
    CONFIG,
    DECISIONS,
    METRICS,
    TEST_SELECTED,
    checkpoint_of,
)
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig, resolve_device


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
    `metrics.json`, `metrics.csv`, `decisions.npz` and TensorBoard's log, and
    `test_selected.safetensors`, the epoch that was best on the test split, for the published
    protocols that select so (not where adapters were tuned). With `half` the weights are stored in
    16 bits, and the numbers are those of the stored weights.

    With several `devices` every process runs this; all but the first give no metrics.

    Raises:
        InputError: a split has no features, settings do not go together, or a resumed run had
            another config.
        NotFinite: the loss is NaN; the best weights so far are in the folder's checkpoints.
    """
    if experiment.model in MATCHERS:
        raise InputError(f"model '{experiment.model}' answers queries; `train_matcher` trains it")
    check_experiment(experiment)
    check_precision(experiment.train.precision, torch.device(resolve_device(runtime.device)))
    lightning.seed_everything(experiment.train.seed, verbose=False)
    recipe = prepare(data, experiment, runtime, weights)
    kind = SegmentRows if experiment.augment.enabled else FeatureRows
    parts = {
        split: open_split(data, split, recipe, runtime, kind) for split in ("train", "val", "test")
    }
    weak = experiment.supervision == "weak"
    train_rows = parts["train"].with_noisy(data) if weak else parts["train"].rows
    remember(out, experiment, resume)
    first = train_rows.features(0)
    front = _front(experiment, first, weights, resolve_device(runtime.device))
    options = model_options(experiment, tuned(front)(first), len(data.classes))
    model = build(experiment.model, options)
    if experiment.start:
        begin_with(model, Path(experiment.start))
    rows = (train_rows, parts["val"].rows, parts["test"].rows)
    fitted = _fit(model, front, rows, experiment, len(data.classes), runtime, out, resume)
    if not fitted:
        return {}
    card = Card(
        experiment.model,
        options,
        data.classes,
        CELLS,
        _final_recipe(experiment, front, recipe, out, weights),
        training={"experiment": asdict(experiment), "videos": len(train_rows)},
        knows=knows(data),
        decoder=asdict(experiment.decoder),
    )
    domain = _domain(parts["train"].rows, parts["val"].rows, tuned(front))
    save_checkpoint(out / CHECKPOINT, card, model, domain, half=half)
    metrics = {**_evaluate(parts["test"], out, front, train_rows), **fitted, **cost(card, model)}
    if front is None:
        model.load_state_dict(kept(out, BEST_ON_TEST, "model."))
        save_checkpoint(out / TEST_SELECTED, card, model, domain, half=half)
    write_card(out, card, metrics, data.root)
    (out / METRICS).write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def prepare(
    data: AveFolder, experiment: Experiment, runtime: RuntimeConfig, weights: Sequence[Path] = ()
) -> dict[str, Any]:
    """Recipe of the cached stage that training reads.

    Segments where they are augmented, else features, or the activations before the first in-trunk
    adapters, which are filled here.
    """
    if experiment.features:
        return dict(find(runtime.cache_dir, experiment.features).recipe)
    encoder = choose(experiment.extractor, weights, experiment.extractor_options)
    segment = SegmentConfig(**{**encoder.cells, **experiment.segment})
    if experiment.augment.enabled:
        return segments_recipe(segment)
    plan = plan_features(cached_before(encoder, experiment.adapter), experiment.segment)
    if experiment.adapter.trunk_stages:
        fill_cache(data, plan, runtime, resolve_device(runtime.device))
    return dict(plan.features)


def _front(
    experiment: Experiment, cached: Features, weights: Sequence[Path], device: str
) -> Front | None:
    if experiment.features:
        return None
    encoder = choose(experiment.extractor, weights, experiment.extractor_options)
    whole = experiment.augment.enabled
    return make_front(encoder, experiment.adapter, cached, whole=whole, device=device)


def _final_recipe(
    experiment: Experiment,
    front: Front | None,
    recipe: dict[str, Any],
    out: Path,
    weights: Sequence[Path],
) -> dict[str, Any]:
    """Recipe of the features that the model reads in the end; writes tuned adapters."""
    if experiment.features:
        return recipe
    encoder = choose(experiment.extractor, weights, experiment.extractor_options)
    segment = SegmentConfig(**{**encoder.cells, **experiment.segment})
    if front is None or front.adapters is None:
        return features_recipe(segment, encoder.recipe)
    save_adapters(out / ADAPTERS, front.adapters, encoder.recipe)
    return features_recipe(segment, AdaptedChoice(encoder, out / ADAPTERS).recipe)


def begin_with(model: nn.Module, path: Path) -> int:
    """Copy a checkpoint's weights of the same name and shape into a model; how many there were.

    Raises:
        InputError: not one fits.
    """
    _, other, _ = load_checkpoint(checkpoint_of(path))
    mine = model.state_dict()
    fitting = {
        name: value
        for name, value in other.state_dict().items()
        if name in mine and mine[name].shape == value.shape
    }
    if not fitting:
        raise InputError(f"start: not one tensor of {path} has a name and shape of this model")
    model.load_state_dict(fitting, strict=False)
    return len(fitting)


def remember(out: Path, experiment: Experiment, resume: bool) -> None:
    """Write the run's config, or refuse to go on with another one than it had.

    Raises:
        InputError: names the settings that differ, with both values.
    """
    path, text = out / CONFIG, dump(experiment)
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


def _evaluate(
    part: Split, out: Path, front: Front | None, train_rows: FeatureRows
) -> dict[str, Any]:
    """Numbers of the stored weights on the test split; each decision goes into `decisions.npz`."""
    card, model, _ = load_checkpoint(out / CHECKPOINT)
    features = (tuned(front)(part.rows.features(i)) for i in range(len(part.rows)))
    numbers, decisions = evaluate_features(features, part, card, model, train_rows.segments)
    arrays: dict[str, Any] = {
        "rows": np.array(list(part.found.keys), np.int64),
        "videos": np.array(part.video_ids),
        "classes": np.array(card.classes),
        "truth": part.rows.segments,
        **decisions,
    }
    np.savez(out / DECISIONS, **arrays)
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
        model,
        front,
        loss_of(experiment.model, experiment.supervision, corrected=experiment.loss == "corrected"),
        num_classes,
        config,
        weak=experiment.supervision == "weak",
        augment=experiment.augment,
        decoder=experiment.decoder,
    )
    last = out / CHECKPOINTS / "last.ckpt"
    goes_on = resume and last.exists()
    # a logger deletes what is in its folder: the epochs before a resume must stay
    log = f"resumed_{len(list(out.glob('resumed_*')))}" if goes_on else ""
    trainer, (best_on_test, best) = make_trainer(config, runtime, out, log)
    loaders = [loader(part, config, runtime, training=part is rows[0]) for part in rows]
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
    seconds = time.monotonic() - started
    module.load_state_dict(kept(out, BEST))
    module.eval()
    return {
        "protocol": "val-selected",
        "val_accuracy": float(best.best_model_score or 0),
        "test_selected_accuracy": float(best_on_test.best_model_score or 0),
        "epochs": trainer.current_epoch,
        "train_seconds": round(seconds, 1),
    }


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


def knows(data: AveFolder) -> str:
    """What a model that was trained on a dataset can and cannot know."""
    if (data.root / "synth.json").exists():
        return (
            f"trained on synthetic video only: knows {len(data.classes)} drawn shapes with made-up "
            "sounds, and no event of the real world"
        )
    return f"trained on {data.root.name}: knows its {len(data.classes)} classes and nothing else"


def summary(metrics: Mapping[str, Any]) -> str:
    """One line of the main numbers."""
    if "queries" in metrics:
        found = ", ".join(f"{way} {value:.2%}" for way, value in metrics["accuracy"].items())
        constants = ", ".join(f"{name} {v:.2%}" for name, v in metrics["baselines"].items())
        return f"exact starts of {metrics['queries']} queries: {found} ({constants})"
    return (
        f"test accuracy {metrics['accuracy']['own']:.2%} ({metrics['decoder']} decoder), "
        f"event F1 {metrics['event_f1']:.3f}, mAP@0.5 {metrics['map']['0.5']:.3f}, "
        f"coverage {metrics['coverage']['evaluated']} of {metrics['coverage']['rows']}"
    )
