"""An encoder with tuned adapters, frozen: its features are cacheable under their own recipe."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from avel.extractors.adapters.adapters import Adapters
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.pair import Pair


class Adapted:
    """An extractor whose trunks and outputs are corrected; see `Extractor`."""

    def __init__(
        self, recipe: Mapping[str, Any], base: FrozenExtractor | Pair, adapters: Adapters
    ) -> None:
        self.recipe, self.name = recipe, f"{base.name}, adapted"
        self.model: nn.Module = nn.ModuleList([base.model, adapters]).eval()
        self._base, self._adapters = base, adapters
        if adapters.config.trunk_stages and isinstance(base, FrozenExtractor):
            base.adapters = adapters

    @torch.inference_mode()
    def __call__(self, frames: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """Embed cells: RGB uint8 (N, F, 3, H, W) and int16 (N, S); see `Extractor`.

        Scores of classes are the frozen encoder's: adapters were not trained towards them.
        """
        device = next(self._adapters.parameters()).device
        given = self._base(frames, samples)
        names = ("audio", "visual_map", "visual")
        audio, visual_map, visual = (given[name].to(device).float() for name in names)
        corrected = self._adapters.outputs(audio, visual_map, visual, self._base.pooling)
        for name, value in zip(names, corrected, strict=True):
            given[name] = value.to(given[name].dtype).cpu()
        return given
