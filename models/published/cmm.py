"""The matching network of AVE's cross-modality localization: where in one modality is the other.

Source: Tian et al., ECCV 2018, section 4.5 (AVDLN); reference section 2.4.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

MARGIN = 2.0
SMALLEST_SQUARE = 1e-7
"""Below it a squared distance counts as this, so that the root has a gradient."""
_KERAS = {"dense_1": "video.0", "dense_2": "video.2", "dense_3": "audio.0", "dense_4": "audio.2"}
"""The published file's layers by ours."""


@dataclass(frozen=True)
class CMMConfig:
    """Sizes; the defaults are the released ones."""

    audio_dim: int = 128
    """D, values of the encoder's vector of a segment's sound."""
    visual_dim: int = 512
    """C, values of a segment's picture: the mean of its map."""
    hidden: int = 128
    """Units of the layer before the shared space, of either modality."""
    embed_dim: int = 64
    """Dimensions of the space in which sight and sound are compared."""


class CMM(nn.Module):
    """Distance of a segment's picture and sound in a shared space."""

    mixes_videos = False

    def __init__(self, config: CMMConfig) -> None:
        super().__init__()
        self.config = c = config
        self.video = _tower(c.visual_dim, c.hidden, c.embed_dim)
        self.audio = _tower(c.audio_dim, c.hidden, c.embed_dim)

    def forward(self, audio: Tensor, visual: Tensor) -> Tensor:
        """Distances (...) of sounds (..., audio_dim) and pictures (..., visual_dim)."""
        gap = self.video(visual) - self.audio(audio)
        return gap.square().sum(-1).clamp_min(SMALLEST_SQUARE).sqrt()  # type: ignore[no-any-return]

    def between(self, audio: Tensor, visual: Tensor) -> Tensor:
        """Distances (B, T, T) of every second of sound to every second of sight of its video."""
        return self(audio.unsqueeze(2), visual.unsqueeze(1))  # type: ignore[no-any-return]

    def loss(self, audio: Tensor, visual: Tensor, events: Tensor) -> Tensor:
        """Contrastive loss () of a batch; see `windows` for the shapes."""
        return contrastive_loss(self(audio, visual), events.float())

    def windows(self, audio: Tensor, visual: Tensor, events: Tensor) -> dict[str, Tensor]:
        """How well each window of the searched modality answers each query.

        Args:
            audio: (B, T, audio_dim).
            visual: Pooled map (B, T, visual_dim).
            events: Bool (B, T); the query's segments, one run of them per video.

        Returns:
            By direction, `a2v` and `v2a`, the score (B, T) of the window that starts at each
            segment, minus infinity where it would not fit. Here it is minus the summed distance
            of the query's segments to the window's, one to one. Reference 1.9.
        """
        distances = self.between(audio, visual)
        return {
            "a2v": -summed_distances(distances, events),
            "v2a": -summed_distances(distances.transpose(1, 2), events),
        }


def _tower(size: int, hidden: int, embed_dim: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, hidden), nn.LeakyReLU(0.3), nn.Linear(hidden, embed_dim))


def summed_distances(distances: Tensor, events: Tensor) -> Tensor:
    """Distance (B, T) of the event to the window that starts at each segment; infinite if too long.

    Args:
        distances: (B, T, T), rows by the query's modality, columns by the searched one.
        events: Bool (B, T), one run per video.
    """
    B, T = events.shape
    start, length = events.int().argmax(1), events.sum(1)
    i = k = torch.arange(T, device=events.device)
    rows = (start[:, None, None] + i[:, None]).clamp_max(T - 1).expand(B, T, T)  # (B, i, k)
    columns = (i[:, None] + k).clamp_max(T - 1).expand(B, T, T)
    videos = torch.arange(B, device=events.device)
    pairs = distances[videos[:, None, None], rows, columns]
    inside = (i < length[:, None]).unsqueeze(-1)
    sums = torch.where(inside, pairs, 0).sum(1)
    return sums.masked_fill(k > T - length[:, None], float("inf"))


def contrastive_loss(distance: Tensor, together: Tensor) -> Tensor:
    """`mean(y d^2 + (1 - y) max(m - d, 0)^2)` of distances (B, T); `together` is y, 1 in an event.

    Pairs of background are a segment's own picture and sound: no others are drawn.
    """
    apart = (MARGIN - distance).clamp_min(0).square()
    return (together * distance.square() + (1 - together) * apart).mean()


def keras_state(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, Tensor]:
    """State dict from the published Keras file's arrays; kernels are stored (I, O), here (O, I).

    Raises:
        ValueError: a layer is missing; names it.
    """
    state = {}
    for layer, ours in _KERAS.items():
        for part in ("kernel", "bias"):
            if f"{layer}/{part}" not in arrays:
                raise ValueError(f"no {layer}/{part} among {sorted(arrays)[:4]} …")
        state[f"{ours}.weight"] = torch.from_numpy(arrays[f"{layer}/kernel"].T.copy())
        state[f"{ours}.bias"] = torch.from_numpy(arrays[f"{layer}/bias"].copy())
    return state
