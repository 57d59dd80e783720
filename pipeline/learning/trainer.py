"""Lightning's trainer as every training here uses it, and the epochs that it keeps."""

import logging
import warnings
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
from torch import Tensor

from avel.pipeline.learning.module import TrainConfig
from avel.pipeline.work.runtime import RuntimeConfig

PRECISIONS: dict[str, Any] = {
    "float32": "32-true",
    "bfloat16": "bf16-mixed",
    "float16": "16-mixed",
}
"""Lightning's names."""

CHECKPOINTS = "checkpoints"
BEST, BEST_ON_TEST = "best", "best_on_test"
"""Names of the kept epochs. The field's habit is the second; it is reported beside the first."""


def make_trainer(
    config: TrainConfig, runtime: RuntimeConfig, out: Path, log: str
) -> tuple[lightning.Trainer, tuple[ModelCheckpoint, ModelCheckpoint]]:
    """Lightning's trainer, and what keeps the best epoch on test and the best on validation."""
    quiet_lightning()

    def keeper(name: str, **options: Any) -> ModelCheckpoint:
        return ModelCheckpoint(
            out / CHECKPOINTS, name, mode="max", enable_version_counter=False, **options
        )

    # only a whole checkpoint has averaged weights in the place of the weights
    light = not config.average_decay
    best_on_test = keeper(BEST_ON_TEST, monitor="test_accuracy", save_weights_only=light)
    best = keeper(BEST, monitor="val_accuracy", save_weights_only=light)
    callbacks: list[Callback] = [best_on_test, best]
    if config.patience:
        callbacks.append(EarlyStopping("val_accuracy", mode="max", patience=config.patience))
    # after the others, whose states it holds
    callbacks.append(keeper("last", monitor=None, save_top_k=1))
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
        gradient_clip_val=config.clip_norm or None,
        check_val_every_n_epoch=config.validate_every,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        log_every_n_steps=10,
    )
    return trainer, (best_on_test, best)


def quiet_lightning() -> None:
    """Leave the bar and errors of Lightning, not its advice."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module="lightning")


def kept(out: Path, name: str, prefix: str = "") -> dict[str, Tensor]:
    """Weights of a kept epoch whose names begin with a prefix, without it."""
    path = out / CHECKPOINTS / f"{name}.ckpt"
    state = torch.load(path, map_location="cpu", weights_only=True)["state_dict"]
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
