"""Batches of made-up examples, for what needs no cache."""

import torch

from avel.models.losses import IGNORED
from avel.pipeline.datasets.features import Example


def example(
    B: int = 6, T: int = 10, *, channels: int = 5, positions: int = 4, seed: int = 0
) -> Example:
    """Random features of whole videos without labels of two classes; every segment is there."""
    g = torch.Generator().manual_seed(seed)
    there = torch.ones(B, T, dtype=torch.bool)
    return Example(
        torch.randn(B, T, channels, generator=g),
        torch.randn(B, T, positions, channels, generator=g),
        torch.randn(B, T, channels, generator=g),
        there,
        there.clone(),
        torch.randint(0, 4, (B, T), generator=g),
        torch.randint(0, 3, (B,), generator=g),
        torch.arange(B),
        torch.full((B,), IGNORED),
    )
