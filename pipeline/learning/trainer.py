"""Lightning's trainer as every training here uses it, and the epochs that it keeps."""

import logging
import sys
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import (
    Callback,
    EarlyStopping,
    EMAWeightAveraging,
    ModelCheckpoint,
)
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.plugins.io import TorchCheckpointIO
from torch import Tensor

from avel.cache.whole import replacing
from avel.pipeline.learning.run_folder import RunFolder
from avel.pipeline.learning.settings import TrainConfig
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig
from avel.pipeline.work.talk import is_quiet

PRECISIONS: dict[str, Any] = {
    "float32": "32-true",
    "bfloat16": "bf16-mixed",
    "float16": "16-mixed",
}
"""Lightning's names."""

BEST, BEST_ON_TEST = "best", "best_on_test"
"""Names of the kept epochs. The field's habit is the second; it is reported beside the first."""
NEVER = sys.maxsize
"""Epochs between validations when there shall be none."""


def fit(
    module: lightning.LightningModule,
    batches: Any,
    held_out: Sequence[Any],
    config: TrainConfig,
    runtime: RuntimeConfig,
    folder: RunFolder,
    *,
    resume: bool,
) -> dict[str, Any]:
    """Train from the beginning, or from the last epoch that the folder has; the run's protocol.

    Empty in all processes but the first, which has the numbers: accuracies in [0, 1] and seconds.
    There the module is on the runtime's device again: Lightning leaves it on the CPU, and an
    encoder that follows its adapters there may be of a precision that a CPU lacks.
    """
    goes_on = resume and folder.last.exists()
    log = folder.next_log() if goes_on else ""
    trainer, (best_on_test, best) = make_trainer(config, runtime, folder, log)
    started = time.monotonic()
    last = folder.last if goes_on else None
    trainer.fit(module, batches, list(held_out), ckpt_path=last, weights_only=True)
    if not trainer.is_global_zero:
        return {}
    module.to(runtime.device)
    return {
        "protocol": "val-selected",
        "val_accuracy": float(best.best_model_score or 0),
        "test_selected_accuracy": float(best_on_test.best_model_score or 0),
        "epochs": trainer.current_epoch,
        "train_seconds": round(time.monotonic() - started, 1),
    }


def make_trainer(
    config: TrainConfig, runtime: RuntimeConfig, folder: RunFolder, log: str
) -> tuple[lightning.Trainer, tuple[ModelCheckpoint, ModelCheckpoint]]:
    """Lightning's trainer, and what keeps the best epoch on test and the best on validation."""
    quiet_lightning()
    callbacks, keepers = _callbacks(config, folder)
    trainer = lightning.Trainer(
        max_epochs=config.epochs,
        **placement(runtime.device, runtime.devices),
        strategy="ddp" if runtime.devices > 1 else "auto",
        logger=[CSVLogger(folder.path, "", log), TensorBoardLogger(folder.path, "", log)],
        callbacks=callbacks,
        plugins=[WholeCheckpoints()],
        precision=PRECISIONS[config.precision],
        accumulate_grad_batches=config.accumulate,
        use_distributed_sampler=False,
        gradient_clip_val=config.clip_norm or None,
        enable_model_summary=False,
        enable_progress_bar=not is_quiet(),
        num_sanity_val_steps=0,
        log_every_n_steps=10,
    )
    return trainer, keepers


def placement(device: str, devices: int) -> dict[str, Any]:
    """Lightning's words for a device such as `cuda:1`, and a number of processes.

    Raises:
        InputError: one numbered device for several processes.
    """
    kind, _, number = device.partition(":")
    if not number:
        return {"accelerator": kind, "devices": devices}
    if devices > 1:
        raise InputError(f"--device {device} is one device, --devices {devices} wants more")
    return {"accelerator": kind, "devices": [int(number)]}


def _callbacks(
    config: TrainConfig, folder: RunFolder
) -> tuple[list[Callback], tuple[ModelCheckpoint, ModelCheckpoint]]:
    def keeper(name: str, **options: Any) -> ModelCheckpoint:
        return ModelCheckpoint(
            folder.epochs, name, mode="max", enable_version_counter=False, **options
        )

    # only a whole checkpoint has averaged weights in the place of the weights
    light = not config.average_decay
    best_on_test = keeper(BEST_ON_TEST, monitor="test_accuracy", save_weights_only=light)
    best = keeper(BEST, monitor="val_accuracy", save_weights_only=light)
    callbacks: list[Callback] = [ValidationSchedule(config), best_on_test, best]
    if config.patience:
        # an epoch without a validation must not count the one before again
        at_epochs_end = None if config.validate_every == 1 else False
        callbacks.append(
            EarlyStopping(
                "val_accuracy",
                mode="max",
                patience=config.patience,
                check_on_train_epoch_end=at_epochs_end,
            )
        )
    # after the others, whose states it holds
    callbacks.append(keeper("last", monitor=None, save_top_k=1, save_on_train_epoch_end=True))
    if config.average_decay:
        callbacks.append(EMAWeightAveraging(decay=config.average_decay))
    return callbacks, (best_on_test, best)


class ValidationSchedule(Callback):
    """Validates after the epochs that the config names; Lightning itself only counts from one."""

    def __init__(self, config: TrainConfig) -> None:
        self._config = config

    def on_train_epoch_start(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> None:
        due = self._config.validates(trainer.current_epoch)
        trainer.check_val_every_n_epoch = 1 if due else NEVER


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints that are on the disk before they take the place of those before."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        with replacing(Path(path)) as part:
            torch.save(checkpoint, part)


def quiet_lightning() -> None:
    """Leave the bar and errors of Lightning, not its advice."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")


def kept(folder: RunFolder, name: str, prefix: str = "") -> dict[str, Tensor]:
    """Weights of a kept epoch whose names begin with a prefix, without it."""
    state = torch.load(folder.epoch(name), map_location="cpu", weights_only=True)["state_dict"]
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
