"""AudioCLIP as a run plans with it: names, files, options, what its text head knows; no torch."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from avel.extractors.errors import ExtractorError
from avel.extractors.options import EncodeOptions
from avel.extractors.weights.files import Weights, find_file
from avel.extractors.words import Tokens, Words, WordsDeclaration

IMAGE_MEAN = (0.48145466, 0.4578275, 0.40821073)
IMAGE_STD = (0.26862954, 0.26130258, 0.27577711)
"""CLIP's own normalisation (reference section 3.3)."""


@dataclass(frozen=True)
class AudioCLIPOptions(EncodeOptions):
    """AudioCLIP's own choices beside the common ones."""

    dense_map: bool = False
    """Whether the map is projected into the joint space (7x7x1024), where text lives too."""
    until: int = 0
    """1 to 4: activations after that stage of both trunks instead of features, for training."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.until not in range(5):
            raise ExtractorError(
                f"option until={self.until} must be 0 (features) or a stage, 1 to 4"
            )


@dataclass(frozen=True)
class AudioCLIPDeclaration(WordsDeclaration):
    """An extractor whose sight and sound share a space with text, and whose trunks have stages."""

    names_only: bool = False
    """Whether the text head knows the class names of its training alone, not words at large."""

    def recipe_of(self, weights: Weights, options: EncodeOptions) -> Mapping[str, Any]:
        """Everything that decides the features; no tensor is read for it."""
        return {
            **super().recipe_of(weights, options),
            "amplitude": "int16",  # AudioCLIP hears samples in [-32768, 32767]
            "image_mean": list(IMAGE_MEAN),
            "image_std": list(IMAGE_STD),
        }

    def known_labels(self) -> tuple[str, ...]:
        """The only names that the text head knows; empty where it knows words at large.

        Raises:
            WeightsError: they are in the record beside the weights, which are not found.
        """
        if not self.names_only:
            return ()
        record = find_file(self.files[0]).path.with_suffix(".json")
        return tuple(json.loads(record.read_text("utf-8"))["classes"])

    def tokens(self, weights: Weights) -> Tokens:
        """CLIP's."""
        from avel.extractors.tokens import ClipTokens  # slow: loads torch

        return ClipTokens()

    def words(self, weights: Weights, options: EncodeOptions) -> Words:
        """The whole network, whose three heads share a space."""
        from avel.extractors.audioclip.extractor import AudioCLIPExtractor  # slow: loads torch

        extractor = self.load(weights, options)
        assert isinstance(extractor, AudioCLIPExtractor)  # as every declaration of this kind says
        return extractor


AUDIOCLIP = AudioCLIPDeclaration(
    name="audioclip",
    network="avel.extractors.audioclip.extractor:AudioCLIPExtractor",
    files=("AudioCLIP-Full-Training.pt",),
    options_type=AudioCLIPOptions,
    sees=True,
    hears=True,
    pools=True,
)
AUDIOCLIP_TINY = replace(
    AUDIOCLIP,
    name="audioclip-tiny",
    network="avel.extractors.audioclip.extractor:TinyAudioCLIPExtractor",
    files=("audioclip-tiny.safetensors",),
    # On the validation split of `avel synth`, below 98 % of events' cosines and above those of
    # cells without object or sound; `benchmarks/zero_shot.py` prints both.
    rest_cosines={"visual": 0.72, "audio": 0.82},
    names_only=True,
    ships=True,
)
"""The same networks, narrow, with weights in the package: trained on synthetic video only."""
