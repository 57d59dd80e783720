"""An encoder with tuned adapters, frozen: its features are cacheable under their own recipe."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from avel.extractors.adapters.adapters import Adapters
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.pair import Pair
from avel.extractors.protocol import CutSound


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

    @property
    def cut_sound(self) -> CutSound | None:
        """That of the encoder, which hears before it is corrected."""
        return self._base.cut_sound

    def __call__(self, frames: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """Embed cells: RGB uint8 (N, F, 3, H, W) and int16 (N, S); see `Extractor`.

        Scores of classes are the frozen encoder's: adapters were not trained towards them.
        """
        return {**self.embed_sight(frames), **self.embed_sound(samples)}

    @torch.inference_mode()
    def embed_sight(self, frames: Tensor) -> dict[str, Tensor]:
        """Sight's part: vector and map corrected, the rest as the encoder gives it."""
        given, at = self._base.embed_sight(frames), self._device
        visual_map, visual = (given[name].to(at).float() for name in ("visual_map", "visual"))
        visual_map, visual = self._adapters.sight(visual_map, visual, self._base.pooling)
        return {
            **given,
            "visual": visual.to(given["visual"]),
            "visual_map": visual_map.to(given["visual_map"]),
        }

    @torch.inference_mode()
    def embed_sound(self, samples: Tensor) -> dict[str, Tensor]:
        """Sound's part: the vector corrected, the rest as the encoder gives it."""
        given = self._base.embed_sound(samples)
        audio = self._adapters.sound(given["audio"].to(self._device).float())
        return {**given, "audio": audio.to(given["audio"])}

    @property
    def _device(self) -> torch.device:
        return next(self._adapters.parameters()).device
