"""An extractor chosen by name, with its weights found and nothing loaded yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avel.extractors.declaration import Declaration
from avel.extractors.errors import ExtractorError, unknown
from avel.extractors.options import EncodeOptions, make_options
from avel.extractors.weights.files import Weights, WeightsError

if TYPE_CHECKING:
    from avel.extractors.adapters.adapters import Pooling
    from avel.extractors.extractor import FrozenExtractor
    from avel.extractors.pair import Pair

SOUND_CELLS = ("sample_rate", "sound_seconds")
"""Settings of the segments stage that a pair takes from its second extractor."""


@dataclass(frozen=True)
class Choice:
    """One extractor: its declaration, its weight files and its options."""

    kind: Declaration
    weights: Weights
    options: EncodeOptions

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Everything that decides the features, for the fingerprint."""
        return self.kind.recipe_of(self.weights, self.options)

    @property
    def cells(self) -> Mapping[str, Any]:
        """How videos must be cut for it: settings of the segments stage by name, sizes in px."""
        return self.kind.cells(self.weights)

    @property
    def visual_classes(self) -> tuple[str, ...]:
        """Names of the K classes of `visual_scores`; empty where there are none."""
        return self.kind.visual_classes

    @property
    def audio_classes(self) -> tuple[str, ...]:
        """Names of the K classes of `audio_scores`; empty where there are none."""
        return self.kind.audio_classes

    def pooling(self, device: str = "cpu") -> "Pooling | None":
        """See `FrozenExtractor.pooling`; nothing is read for an extractor that has none."""
        return self.load(device).pooling if self.kind.pools else None

    def load(self, device: str = "cpu") -> "FrozenExtractor":
        """The extractor with its weights on a torch device, `cpu` or `cuda:1`."""
        return self.kind.load(self.weights, self.options, device)


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

    @property
    def visual_classes(self) -> tuple[str, ...]:
        """Those of sight."""
        return self.sight.visual_classes

    @property
    def audio_classes(self) -> tuple[str, ...]:
        """Those of sound."""
        return self.sound.audio_classes

    def pooling(self, device: str = "cpu") -> "Pooling | None":
        """That of sight, since the vector of a picture is."""
        return self.sight.pooling(device)

    def load(self, device: str = "cpu") -> "Pair":
        """Both extractors with their weights on a torch device."""
        from avel.extractors.pair import Pair  # slow: loads torch

        return Pair(self.recipe, self.sight.load(device), self.sound.load(device))


def choose(
    table: Mapping[str, Declaration],
    name: str,
    weights: Sequence[Path],
    options: Mapping[str, Any],
) -> Choice | PairChoice:
    """See `avel.extractors.choose`, which knows the table."""
    parts = [_declared(table, part) for part in name.split("+")]
    if len(parts) == 1:
        chosen = make_options(parts[0].options_type, options, name)
        return Choice(parts[0], parts[0].find(weights), chosen)
    return _pair(parts, name, weights, options)


def _pair(
    parts: list[Declaration], name: str, weights: Sequence[Path], options: Mapping[str, Any]
) -> PairChoice:
    if len(parts) != 2 or not parts[0].sees or not parts[1].hears:
        raise ExtractorError(
            f"extractor '{name}' is no pair; write SIGHT+SOUND, for example vgg19+vggish"
        )
    sight, sound = parts
    if len(weights) == 1 and sight.files and not sight.ships:
        raise WeightsError(
            f"'{name}' takes {sight.name}'s weight file and then {sound.name}'s; one given"
        )
    # one alone is sound's where sight brings its own, and sight's where nothing else says which
    seeing = () if len(weights) == 1 and sight.ships else weights[:1]
    known = [set(vars(part.options_type())) for part in parts]
    for key in options:
        if key not in known[0] | known[1]:
            raise unknown(f"extractor '{name}' has no option '{key}'; it has", key, _both(parts))
    return PairChoice(
        _half(sight, seeing, {k: v for k, v in options.items() if k in known[0]}),
        _half(sound, weights[len(seeing) :], {k: v for k, v in options.items() if k in known[1]}),
    )


def _both(parts: list[Declaration]) -> list[str]:
    """Options of either, in their order."""
    return list(dict.fromkeys(name for part in parts for name in vars(part.options_type())))


def _half(part: Declaration, weights: Sequence[Path], options: Mapping[str, Any]) -> Choice:
    chosen = make_options(part.options_type, options, part.name)
    return Choice(part, part.find(weights), chosen)


def _declared(table: Mapping[str, Declaration], name: str) -> Declaration:
    if name not in table:
        raise unknown(f"no extractor '{name}'; there are", name, table)
    return table[name]
