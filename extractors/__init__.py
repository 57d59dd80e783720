"""Encoders of sight and sound, by name; torch is loaded when one of them is, not before."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from avel.extractors import choice
from avel.extractors.adapters.choice import AdaptedChoice
from avel.extractors.audioclip.declarations import AUDIOCLIP, AUDIOCLIP_TINY, AudioCLIPDeclaration
from avel.extractors.choice import Choice, PairChoice
from avel.extractors.declaration import Declaration
from avel.extractors.errors import ExtractorError
from avel.extractors.protocol import Extractor
from avel.extractors.sound.declarations import MN04, MN05, MN10, MN20, VGGISH, YAMNET
from avel.extractors.vision.declarations import EFFICIENTNET_LITE0, OPENCLIP, VGG19
from avel.extractors.words import Words, WordsDeclaration

EXTRACTORS: dict[str, Declaration] = {
    declared.name: declared
    for declared in (
        AUDIOCLIP,
        AUDIOCLIP_TINY,
        OPENCLIP,
        VGG19,
        VGGISH,
        EFFICIENTNET_LITE0,
        MN04,
        MN05,
        MN10,
        MN20,
        YAMNET,
    )
}


Encoder = Choice | PairChoice | AdaptedChoice
"""An extractor chosen, its weights found, nothing loaded yet."""


def choose(
    name: str, weights: Sequence[Path] = (), options: Mapping[str, Any] | None = None
) -> Choice | PairChoice:
    """An extractor, or `SIGHT+SOUND` for two, with its weights found; no torch is loaded.

    Args:
        name: Of the table, or two of its names joined by `+`.
        weights: The user's files; none to look where weights are kept.
        options: By name; those not given have their defaults.

    Raises:
        ExtractorError: no such extractor or option; lists those there are.
        WeightsError: its weights are missing.
    """
    return choice.choose(EXTRACTORS, name, weights, options or {})


__all__ = [
    "EXTRACTORS",
    "AdaptedChoice",
    "AudioCLIPDeclaration",
    "Choice",
    "Declaration",
    "Encoder",
    "Extractor",
    "ExtractorError",
    "PairChoice",
    "Words",
    "WordsDeclaration",
    "choose",
]
