"""Train a localization model on cached features; Lightning runs the loop.

Full and weak supervision differ by the labels they read and the loss, nothing else.
"""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import lightning
from torch import nn

from avel.cache.whole import replacing
from avel.extractors.adapters.fronts import Front
from avel.models.card import MATCHERS, Card
from avel.models.checkpoint import load_checkpoint, save_checkpoint
from avel.models.table import loss_of
from avel.pipeline.datasets.ave import CELLS, AveFolder
from avel.pipeline.datasets.features import FeatureRows, SegmentRows
from avel.pipeline.evaluation.cost import cost
from avel.pipeline.evaluation.evaluate import decisions_of, evaluate_features
from avel.pipeline.evaluation.split import Split, open_split
from avel.pipeline.learning.batches import loader
from avel.pipeline.learning.card import knows, write_card
from avel.pipeline.learning.domain import domain_of
from avel.pipeline.learning.experiment import Experiment, model_options
from avel.pipeline.learning.fronts import tuned
from avel.pipeline.learning.module import LocalizerTraining
from avel.pipeline.learning.prepare import Prepared, build_model
from avel.pipeline.learning.run_folder import RunFolder
from avel.pipeline.learning.start import begin_with
from avel.pipeline.learning.trainer import BEST, BEST_ON_TEST, fit, kept
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig, resolve_device


@dataclass(frozen=True)
class Parts:
    """The rows of a training: its splits, and those that are learned from."""

    train: Split
    val: Split
    test: Split
    learned: FeatureRows
    """The training split's, and the background-only videos where supervision is weak."""


@dataclass(frozen=True)
class Learner:
    """What learns: the model, what stands before it, and how the model was built."""

    model: nn.Module
    front: Front | None
    options: dict[str, Any]
    begun: str
    """What another checkpoint gave, in words; empty where none was asked for."""


def train(
    data: AveFolder,
    experiment: Experiment,
    prepared: Prepared,
    runtime: RuntimeConfig,
    out: Path,
    *,
    resume: bool = False,
    half: bool = False,
) -> dict[str, Any]:
    """Train, select on the validation split, evaluate on the test split, write the run folder.

    The folder holds `model.safetensors` and, where adapters were tuned, `adapters.safetensors`
    (what `avel localize --model` and `avel extract --adapters` take), `card.md`, `config.yaml`,
    `run.json`, `metrics.json`, `metrics.csv`, `decisions.npz` and TensorBoard's log, and
    `test_selected.safetensors`, the epoch that was best on the test split, for the published
    protocols that select so (not where adapters were tuned). With `half` the weights are stored in
    16 bits, and the numbers are those of the stored weights.

    With several `devices` every process runs this; all but the first give no metrics.

    Args:
        data: The dataset.
        experiment: What is trained, and how.
        prepared: What it reads, which is in the cache.
        runtime: Where and with what.
        out: The run folder.
        resume: Whether to go on from the folder's last epoch.
        half: Whether weights are stored in 16 bits.

    Raises:
        InputError: a split has no features, settings do not go together, or a resumed run had
            another config, dataset or features.
        ConfigError: a setting is wrong.
        NotFinite: the loss is NaN; the best weights so far are in the folder's checkpoints.
    """
    if experiment.model in MATCHERS:
        raise InputError(f"model '{experiment.model}' answers queries; `train_matcher` trains it")
    runtime = replace(runtime, device=resolve_device(runtime.device))
    lightning.seed_everything(experiment.train.seed, verbose=False)
    parts = open_parts(data, experiment, prepared, runtime)
    folder = RunFolder(out)
    folder.begin(experiment, data, prepared.identity, resume=resume)
    learner = make_learner(experiment, prepared, parts, runtime, len(data.classes))
    fitted = _fit(learner, parts, experiment, runtime, folder, resume)
    if not fitted:
        return {}
    card = Card(
        experiment.model,
        learner.options,
        data.classes,
        CELLS,
        prepared.tuned_recipe(learner.front, folder),
        training={"experiment": asdict(experiment), "videos": len(parts.learned)},
        knows=knows(data),
        decoder=asdict(experiment.decoder),
    )
    metrics = _finish(card, learner, parts, runtime.device, folder, half) | fitted
    metrics |= {"start": learner.begun} if learner.begun else {}
    write_card(folder.card, card, metrics, data.root)
    folder.write_metrics(metrics)
    return metrics


def open_parts(
    data: AveFolder, experiment: Experiment, prepared: Prepared, runtime: RuntimeConfig
) -> Parts:
    """The dataset's splits with what training reads of them, (T, ...) by row.

    Raises:
        InputError: one has no features.
    """
    kind = SegmentRows if experiment.augment.enabled else FeatureRows
    train, val, test = (
        open_split(data, split, prepared.recipe, runtime, kind)
        for split in ("train", "val", "test")
    )
    learned = train.with_noisy(data) if experiment.supervision == "weak" else train.rows
    return Parts(train, val, test, learned)


def make_learner(
    experiment: Experiment,
    prepared: Prepared,
    parts: Parts,
    runtime: RuntimeConfig,
    num_classes: int,
) -> Learner:
    """The model and what stands before it, as training begins with them.

    Raises:
        ConfigError: the model cannot be built with these options and features.
        InputError: too few weights of `start` fit.
    """
    first = parts.learned.features(0)
    front = prepared.front(first, runtime.device)
    options = model_options(experiment, tuned(front)(first), num_classes)
    model = build_model(experiment, options)
    begun = ""
    if experiment.start:
        partial = experiment.start_partial
        begun = str(begin_with(model, Path(experiment.start), partial=partial))
    return Learner(model, front, options, begun)


def _fit(
    learner: Learner,
    parts: Parts,
    experiment: Experiment,
    runtime: RuntimeConfig,
    folder: RunFolder,
    resume: bool,
) -> dict[str, Any]:
    """Learn, and leave model and front as they were best on validation; the run's protocol."""
    config = experiment.train
    module = LocalizerTraining(
        learner.model,
        learner.front,
        loss_of(experiment.model, experiment.supervision, corrected=experiment.loss == "corrected"),
        parts.learned.background,
        config,
        weak=experiment.supervision == "weak",
        augment=experiment.augment,
        decoder=experiment.decoder,
    )
    batches = loader(parts.learned, config, runtime, training=True)
    held_out = [loader(p.rows, config, runtime, training=False) for p in (parts.val, parts.test)]
    fitted = fit(module, batches, held_out, config, runtime, folder, resume=resume)
    if fitted:
        module.load_state_dict(kept(folder, BEST))
        module.eval()
    return fitted


def _finish(
    card: Card, learner: Learner, parts: Parts, device: str, folder: RunFolder, half: bool
) -> dict[str, Any]:
    """Write the weights, and the numbers of what was written."""
    model = learner.model
    domain = domain_of(parts.train.rows, parts.val.rows, tuned(learner.front))
    with replacing(folder.checkpoint) as part:
        save_checkpoint(part, card, model, domain, half=half)
    metrics = {**_evaluate(parts, learner.front, device, folder), **cost(card, model.to("cpu"))}
    if learner.front is None:
        model.load_state_dict(kept(folder, BEST_ON_TEST, "model."))
        with replacing(folder.test_selected) as part:
            save_checkpoint(part, card, model, domain, half=half)
    return metrics


def _evaluate(parts: Parts, front: Front | None, device: str, folder: RunFolder) -> dict[str, Any]:
    """Numbers of the stored weights on the test split; each decision goes into `decisions.npz`."""
    card, model, _ = load_checkpoint(folder.checkpoint)
    part, tune = parts.test, tuned(front)
    features = (tune(part.rows.features(i)) for i in range(len(part.rows)))
    numbers, decisions = evaluate_features(
        features, part, card, model.to(device), parts.learned.segments
    )
    folder.write_decisions(decisions_of(part, card, decisions))
    return {"split": "test", **numbers}
