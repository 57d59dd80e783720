"""Encoders of sight and sound, by name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from avel.extractors import choice
from avel.extractors.adapters.adapted import AdaptedChoice
from avel.extractors.audioclip.extractor import AudioCLIPExtractor, TinyAudioCLIPExtractor
from avel.extractors.choice import Choice, PairChoice
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.sound.vggish import VGGishExtractor
from avel.extractors.vision.openclip import OpenCLIPExtractor
from avel.extractors.vision.vgg19 import VGG19Extractor

EXTRACTORS: dict[str, type[FrozenExtractor]] = {
    extractor.name: extractor
    for extractor in (
        AudioCLIPExtractor,
        TinyAudioCLIPExtractor,
        OpenCLIPExtractor,
        VGG19Extractor,
        VGGishExtractor,
    )
}


Encoder = Choice | PairChoice | AdaptedChoice
"""An extractor chosen, its weights found, nothing loaded yet."""


def choose(
    name: str, weights: Sequence[Path] = (), options: Mapping[str, Any] | None = None
) -> Choice | PairChoice:
    """An extractor, or `SIGHT+SOUND` for two, with its weights found.

    Args:
        name: Of the table, or two of its names joined by `+`.
        weights: The user's files; none to look where weights are kept.
        options: By name; those not given have their defaults.

    Raises:
        ValueError: no such extractor or option; lists those there are.
        WeightsError: its weights are missing.
    """
    return choice.choose(EXTRACTORS, name, weights, options or {})
