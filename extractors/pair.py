"""Two extractors as one: sight of the first, sound of the second."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from avel.extractors.adapters.adapters import Pooling
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.protocol import CutSound


class Pair:
    """Two extractors as one; see `Extractor`."""

    def __init__(
        self, recipe: Mapping[str, Any], sight: FrozenExtractor, sound: FrozenExtractor
    ) -> None:
        self.recipe, self.name = recipe, str(recipe["extractor"])
        self.model: nn.Module = nn.ModuleList([sight.model, sound.model]).eval()
        self._sight, self._sound = sight, sound

    @property
    def pooling(self) -> Pooling | None:
        """That of sight, since the vector of a picture is."""
        return self._sight.pooling

    @property
    def cut_sound(self) -> CutSound | None:
        """The second one's."""
        return self._sound.cut_sound

    def __call__(self, frames: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """Embed cells: RGB uint8 (N, F, 3, H, W) and int16 (N, S); see `Extractor`."""
        return {**self.embed_sight(frames), **self.embed_sound(samples)}

    def embed_sight(self, frames: Tensor) -> dict[str, Tensor]:
        """The first one's."""
        return self._sight.embed_sight(frames)

    def embed_sound(self, samples: Tensor) -> dict[str, Tensor]:
        """The second one's."""
        return self._sound.embed_sound(samples)
