"""An encoder with tuned adapters, frozen: its features are cacheable under their own recipe."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from avel.extractors.adapters.adapters import Adapters, load_adapters
from avel.extractors.adapters.config import FILE
from avel.extractors.choice import Choice, Pair, PairChoice
from avel.extractors.extractor import Extractor, FrozenExtractor
from avel.extractors.weights.files import sha256_of

VERSION = 2
"""Of how adapters correct outputs; part of the recipe. 2: the vector follows its tokens."""


@dataclass(frozen=True)
class AdaptedChoice:
    """A choice and the file of adapters that correct it."""

    base: Choice | PairChoice
    path: Path
    """The file, or the run folder that holds one."""

    @cached_property
    def recipe(self) -> Mapping[str, Any]:
        """The base's, and the adapters by content."""
        load_adapters(self.path, self.base.recipe)  # refuses what is not for this encoder
        file = self.path / FILE if self.path.is_dir() else self.path
        return {**self.base.recipe, "adapters": sha256_of(file), "corrected": VERSION}

    @property
    def cells(self) -> Mapping[str, Any]:
        """How videos must be cut for it: settings of the segments stage, by name."""
        return self.base.cells

    def load(self, device: str = "cpu") -> Extractor:
        """The encoder with the adapters in it."""
        adapters = load_adapters(self.path, self.base.recipe)
        return Adapted(self.recipe, self.base.load(device), adapters.to(device))


class Adapted:
    """An extractor whose trunks and outputs are corrected."""

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
        """Embed cells; see `Extractor`."""
        device = next(self._adapters.parameters()).device
        given = self._base(frames, samples)
        names = ("audio", "visual_map", "visual")
        audio, visual_map, visual = (given[name].to(device).float() for name in names)
        corrected = self._adapters.outputs(audio, visual_map, visual, self._base.pooling)
        return {
            name: value.to(given[name].dtype).cpu()
            for name, value in zip(names, corrected, strict=True)
        }
