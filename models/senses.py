"""What teaches adapters each sense by itself, beside the localization model."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

OUTPUTS = ("audio", "visual_map", "visual")
"""Of an encoder, in the order in which adapters give them."""


class SenseHeads(nn.Module):
    """The class of an event segment from its picture alone and from its sound alone.

    A model of both senses learns from the one that is easier and leaves the other as it is (Wang
    et al., CVPR 2020): adapters of the harder sense then learn little. These heads ask each sense
    for itself: the sound's vector, the picture's, and the map by its strongest tokens. They end
    with training; what they taught stays in the adapters.

    Args:
        channels: Of what the adapters give, by name: the map's tokens `visual_map`, the picture's
            vector `visual` and the sound's vector `audio`; what has width 0 gets no head.
        num_classes: K.
    """

    def __init__(self, channels: Mapping[str, int], num_classes: int) -> None:
        super().__init__()
        self.of = nn.ModuleDict(
            {
                name: nn.Sequential(nn.LayerNorm(width), nn.Linear(width, num_classes))
                for name in OUTPUTS
                if (width := channels[name])
            }
        )

    def forward(
        self, audio: Tensor, visual_map: Tensor, visual: Tensor, labels: Tensor, event: Tensor
    ) -> Tensor:
        """Sum of the heads' cross entropies; zero without an event.

        Args:
            audio: Vectors (B, T, D).
            visual_map: Tokens (B, T, P, C).
            visual: Vectors (B, T, D).
            labels: Class of each segment (B, T).
            event: Bool (B, T), the segments that are asked about.
        """
        strongest = visual_map.max(2).values  # whose gradient costs half of amax's
        inputs = dict(zip(OUTPUTS, (audio, strongest, visual), strict=True))
        answers = [head(inputs[name][event]) for name, head in self.of.items()]
        if not event.any():
            return torch.stack([x.sum() for x in answers]).sum() * 0
        losses = [functional.cross_entropy(x, labels[event]) for x in answers]
        return torch.stack(losses).sum()
