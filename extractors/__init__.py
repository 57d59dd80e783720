"""Encoders of sight and sound, by name."""

from pathlib import Path

from avel.extractors.audioclip.extractor import AudioCLIPExtractor, TinyAudioCLIPExtractor

EXTRACTORS: dict[str, type[AudioCLIPExtractor]] = {
    extractor.name: extractor for extractor in (AudioCLIPExtractor, TinyAudioCLIPExtractor)
}


def build(name: str, weights: Path | None = None, device: str = "cpu") -> AudioCLIPExtractor:
    """The extractor of a name, with its weights loaded.

    Raises:
        ValueError: no such extractor; lists the names.
        WeightsError: its weights are missing or wrong.
    """
    return kind(name)(weights, device)


def kind(name: str) -> type[AudioCLIPExtractor]:
    """The class behind a name; ValueError lists the names."""
    if name not in EXTRACTORS:
        raise ValueError(f"no extractor '{name}'; there are {', '.join(EXTRACTORS)}")
    return EXTRACTORS[name]


__all__ = ["EXTRACTORS", "AudioCLIPExtractor", "TinyAudioCLIPExtractor", "build", "kind"]
