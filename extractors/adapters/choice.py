"""An encoder chosen together with tuned adapters: its features have a recipe of their own."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.extractors.adapters.card import adapter_file, read_card
from avel.extractors.choice import Choice, PairChoice
from avel.extractors.weights.files import sha256_of

if TYPE_CHECKING:
    from avel.extractors.adapters.adapted import Adapted

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
        """The base's, and the adapters by content.

        Raises:
            WeightsError: no such file, or its adapters are another encoder's.
        """
        file, base = adapter_file(self.path), self.base.recipe
        read_card(file, base)  # refuses what is not for this encoder
        return {**base, "adapters": sha256_of(file), "corrected": VERSION}

    @property
    def cells(self) -> Mapping[str, Any]:
        """How videos must be cut into cells for it: settings of the segments stage, by name."""
        return self.base.cells

    @property
    def visual_classes(self) -> tuple[str, ...]:
        """Those of the base, whose scores are not corrected."""
        return self.base.visual_classes

    @property
    def audio_classes(self) -> tuple[str, ...]:
        """Those of the base, whose scores are not corrected."""
        return self.base.audio_classes

    def load(self, device: str = "cpu") -> "Adapted":
        """The encoder with the adapters in it, on a torch device."""
        from avel.extractors.adapters.adapted import Adapted  # slow: loads torch
        from avel.extractors.adapters.files import load_adapters

        adapters = load_adapters(self.path, self.base.recipe)
        return Adapted(self.recipe, self.base.load(device), adapters.to(device))
