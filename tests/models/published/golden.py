"""Inputs of the golden files, and how close to them is close."""

from pathlib import Path

import numpy as np
import torch
from torch import nn

from avel.models.output import Visual
from tests import fill


def filled(model: nn.Module, golden: Path) -> nn.Module:
    model.load_state_dict(fill.weights(model.state_dict(), fill.seed_of(golden)))
    return model.eval()


def inputs(golden: Path) -> tuple[torch.Tensor, Visual, torch.Tensor]:
    seed = fill.seed_of(golden)
    audio = np.abs(fill.array("audio", (4, 10, 128), seed))
    visual = np.maximum(fill.array("visual", (4, 10, 7, 7, 512), seed), 0)
    return whole(torch.from_numpy(audio), torch.from_numpy(visual).flatten(2, 3))


def whole(
    audio: torch.Tensor, visual_map: torch.Tensor
) -> tuple[torch.Tensor, Visual, torch.Tensor]:
    """Inputs of windows without padding; the published models read no pooled picture."""
    mask = torch.ones(visual_map.shape[:2], dtype=torch.bool)
    return audio, Visual(visual_map, visual_map.mean(2)), mask


def close(ours: torch.Tensor, theirs: np.ndarray, tolerance: float = 1e-4) -> None:
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=tolerance * np.abs(theirs).max())
