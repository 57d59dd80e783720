"""An extractor chosen by name, with its weights found and nothing loaded yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from avel.extractors.adapters.adapters import Pooling
from avel.extractors.extractor import (
    EncodeOptions,
    FrozenExtractor,
    make_options,
)
from avel.extractors.weights.files import Weights, WeightsError

SOUND_CELLS = ("sample_rate",)
"""Settings of the segments stage that a pair takes from its second extractor."""


@dataclass(frozen=True)
class Choice:
    """One extractor: its class, its weight files and its options."""

    kind: type[FrozenExtractor]
    weights: Weights
    options: EncodeOptions

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Everything that decides the features, for the fingerprint."""
        return self.kind.recipe_of(self.weights, self.options)

    @property
    def cells(self) -> Mapping[str, Any]:
        """How videos must be cut for it: settings of the segments stage, by name."""
        return self.kind.cells(self.weights)

    def pooling(self) -> Pooling | None:
        """See `FrozenExtractor.pooling`; nothing is read for an extractor that has none."""
        return self.load().pooling if self.kind.pooling is not FrozenExtractor.pooling else None

    def load(self, device: str = "cpu") -> FrozenExtractor:
        """The extractor with its weights on a device."""
        return self.kind(self.weights, self.options, device)


@dataclass(frozen=True)
class PairChoice:
    """Sight from one extractor and sound from another, `vgg19+vggish`."""

    sight: Choice
    sound: Choice

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Everything that decides the features, for the fingerprint."""
        sight, sound = self.sight.recipe, self.sound.recipe
        return {
            "extractor": f"{self.sight.kind.name}+{self.sound.kind.name}",
            "options": {**sight["options"], **sound["options"]},
            "sight": sight,
            "sound": sound,
        }

    @property
    def cells(self) -> Mapping[str, Any]:
        """Pictures as the first needs them, sound as the second."""
        sound = {k: v for k, v in self.sound.cells.items() if k in SOUND_CELLS}
        return {**{k: v for k, v in self.sight.cells.items() if k not in SOUND_CELLS}, **sound}

    def pooling(self) -> Pooling | None:
        """That of sight, since the vector of a picture is."""
        return self.sight.pooling()

    def load(self, device: str = "cpu") -> "Pair":
        """Both extractors with their weights on a device."""
        return Pair(self.recipe, self.sight.load(device), self.sound.load(device))


class Pair:
    """Two extractors as one."""

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

    def __call__(self, frames: Tensor, samples: Tensor) -> dict[str, Tensor]:
        """Embed cells; see `Extractor`."""
        return {**self._sight.embed_sight(frames), **self._sound.embed_sound(samples)}


def choose(
    table: Mapping[str, type[FrozenExtractor]],
    name: str,
    weights: Sequence[Path],
    options: Mapping[str, Any],
) -> Choice | PairChoice:
    """See `avel.extractors.choose`, which knows the table."""
    parts = [_kind(table, part) for part in name.split("+")]
    if len(parts) == 1:
        chosen = make_options(parts[0].options_type, options, name)
        return Choice(parts[0], parts[0].find(weights), chosen)
    return _pair(parts, name, weights, options)


def _pair(
    parts: list[type[FrozenExtractor]],
    name: str,
    weights: Sequence[Path],
    options: Mapping[str, Any],
) -> PairChoice:
    if (
        len(parts) != 2
        or parts[0].see is FrozenExtractor.see
        or parts[1].hear is FrozenExtractor.hear
    ):
        raise ValueError(
            f"extractor '{name}' is no pair; write SIGHT+SOUND, for example vgg19+vggish"
        )
    if len(weights) == 1:
        raise WeightsError(
            f"'{name}' takes {parts[0].name}'s weight file and then {parts[1].name}'s; one given"
        )
    known = [set(vars(part.options_type())) for part in parts]
    strange = [key for key in options if not any(key in names for names in known)]
    if strange:
        make_options(parts[0].options_type, {strange[0]: options[strange[0]]}, name)
    chosen = [
        Choice(
            part,
            part.find(weights[1:] if i else weights[:1]),
            make_options(
                part.options_type, {k: v for k, v in options.items() if k in known[i]}, part.name
            ),
        )
        for i, part in enumerate(parts)
    ]
    return PairChoice(*chosen)


def _kind(table: Mapping[str, type[FrozenExtractor]], name: str) -> type[FrozenExtractor]:
    if name not in table:
        raise ValueError(f"no extractor '{name}'; there are {', '.join(table)}")
    return table[name]
