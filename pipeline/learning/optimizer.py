"""Which parameters learn how fast: the optimizer, its groups and its schedule."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from avel.pipeline.learning.settings import TrainConfig

Group = dict[str, Any]
"""Parameters that share a rate and a decay, as torch's optimizers take them."""


def optimizer_of(groups: list[Group], config: TrainConfig, total_steps: int) -> Any:
    """The optimizer of some parameters and its schedule in steps or epochs, for Lightning."""
    if config.optimizer == "adam":
        optimizer: torch.optim.Optimizer = torch.optim.Adam(
            [{**group, "weight_decay": 0.0} for group in groups], config.learning_rate
        )
    else:
        optimizer = torch.optim.AdamW(groups, config.learning_rate)
    if config.schedule == "milestones":
        steps = torch.optim.lr_scheduler.MultiStepLR(
            optimizer, list(config.milestones), config.milestone_factor
        )
        return [optimizer], [{"scheduler": steps, "interval": config.milestone_unit}]
    cosine = torch.optim.lr_scheduler.LambdaLR(optimizer, warm_cosine(config, total_steps))
    return [optimizer], [{"scheduler": cosine, "interval": "step"}]


def warm_cosine(config: TrainConfig, total_steps: int) -> Callable[[int], float]:
    """Factor in [0, 1] of the rate by step: up over the warm-up, then a cosine down to zero."""
    warm = max(1, total_steps * config.warmup_epochs // config.epochs)

    def factor(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        share = min(1.0, (step - warm) / max(1, total_steps - warm))
        return 0.5 * (1 + math.cos(math.pi * share))

    return factor


def groups_of(module: nn.Module, rate: float, decay: float) -> list[Group]:
    """Parameters that decay, and norms, biases and the scan's A and D, which do not."""
    decayed: list[nn.Parameter] = []
    kept: list[nn.Parameter] = []
    for parameter in module.parameters():
        free = parameter.ndim < 2 or getattr(parameter, "_no_weight_decay", False)
        (kept if free else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": decay, "lr": rate},
        {"params": kept, "weight_decay": 0.0, "lr": rate},
    ]
