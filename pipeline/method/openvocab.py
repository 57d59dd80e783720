"""Open vocabulary: events for any words, with no training, where sight and sound both name one.

Per segment and modality, scaled cosines against the words' embeddings become a distribution over
the labels and a rest: where the encoder is calibrated, a cosine that unrelated things reach; else a
list of common sights and sounds that compete with the labels. A segment's event is the label that
both distributions name; its relevance is the geometric mean of the two probabilities.

Source of the scores: Guzhov et al., AudioCLIP, ICASSP 2022, section 3 (zero-shot classification);
taking both modalities' agreement as the event is ours.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from avel.cache.fingerprint import fingerprint
from avel.extractors import AudioCLIPDeclaration, Choice, PairChoice
from avel.extractors.audioclip.extractor import AudioCLIPExtractor
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.decide import EventConfig
from avel.pipeline.method.extract import Features
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.method.stores import features_recipe
from avel.pipeline.reasons import InputError

VERSION = 2
TEMPLATE = "{}"
CONTRAST = (
    "silence",
    "background noise",
    "people talking",
    "music",
    "wind",
    "rain",
    "traffic",
    "footsteps",
    "a machine running",
    "an animal",
    "a person",
    "a room",
    "a landscape",
    "a street",
    "text on a screen",
)
"""What a segment may be instead of every label, where the encoder has no calibrated rest."""


class OpenVocabulary:
    """Scores videos against words; stands where a trained `Localizer` stands.

    Args:
        labels: Words or phrases, each an event.
        encoder: Whose text head embeds them.
        template: Prompt with one `{}` for the label.

    Raises:
        InputError: no label, one twice, one too long, one that the weights do not know, or an
            encoder without text.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        encoder: Choice | PairChoice,
        template: str = TEMPLATE,
    ) -> None:
        if not isinstance(encoder, Choice) or not isinstance(encoder.kind, AudioCLIPDeclaration):
            raise InputError(
                f"extractor '{encoder.recipe['extractor']}' knows no words; --labels works with "
                "audioclip and audioclip-tiny"
            )
        self._kind = encoder.kind
        self.classes, self._encoder, self.extractor = labels, encoder, encoder.kind.name
        calibrated = bool(self._kind.rest_cosines)
        rest = () if calibrated else tuple(word for word in CONTRAST if word not in labels)
        self._prompts = [_prompt(template, label) for label in (*labels, *rest)]
        self._check()

    @property
    def decoder(self) -> EventConfig:
        """The gate at 0.5."""
        return EventConfig()

    def _check(self) -> None:
        if not self.classes:
            raise InputError("no label given; --labels takes words or a file with one label a line")
        for label in self.classes:
            if not label.strip():
                raise InputError("an empty label names nothing; remove it")
            if self.classes.count(label) > 1:
                raise InputError(f"label {label!r} is given twice; remove one")
        known = self._kind.known_labels()
        strange = [label for label in self.classes if known and label not in known]
        if strange:
            raise InputError(
                f"{self.extractor} knows {len(known)} names only ({known[0]!r} …), not "
                f"{strange[0]!r}; for any words give AudioCLIP's weights: "
                "--extractor audioclip --weights AudioCLIP-Full-Training.pt"
            )
        self._kind.check_text(self._prompts)

    @property
    def recipe(self) -> dict[str, Any]:
        """Everything that decides the scores beside the features."""
        return {"open_vocabulary": VERSION, "prompts": self._prompts, "labels": list(self.classes)}

    @cached_property
    def sha256(self) -> str:
        """Identity of the labels and prompts, 64 hex digits."""
        return fingerprint(self.recipe)

    @property
    def identity(self) -> dict[str, str]:
        """Who answers, for results."""
        return {
            "name": f"open vocabulary ({self.extractor})",
            "sha256": self.sha256,
            "knows": f"not trained to localize: compares with {len(self.classes)} given labels",
        }

    @property
    def segment(self) -> SegmentConfig:
        """How videos are cut into cells for it."""
        return SegmentConfig(**self._encoder.cells)

    @property
    def features(self) -> Mapping[str, Any]:
        """Recipe of the encoder's features."""
        return features_recipe(self.segment, self._encoder.recipe)

    @property
    def limits(self) -> Mapping[str, float]:
        """No training data, so no distances to it."""
        return {}

    def encoder(self, weights: Sequence[Path]) -> Choice:
        """The encoder whose text head embeds the words; its weights were given with it."""
        return self._encoder

    def to(self, device: str) -> None:
        """Compare on the CPU whatever the device: vectors are few."""

    @cached_property
    def _loaded(self) -> tuple[AudioCLIPExtractor, Tensor]:
        extractor = self._encoder.load()
        assert isinstance(extractor, AudioCLIPExtractor)  # as its declaration says
        if not extractor.hears_text:
            raise InputError(
                f"{extractor.weights.source}: this audio head was trained on AudioSet's classes "
                "alone and shares no space with text; --labels needs AudioCLIP-Full-Training.pt or "
                "AudioCLIP-Partial-Training.pt"
            )
        return extractor, extractor.text(self._prompts)

    def score(self, videos: Sequence[Features], config: ScoreConfig) -> list[SegmentScores]:
        """Relevance (T,) and classes (T, K + 1) of videos; segments do not look at each other."""
        return [self._score(features) for features in videos]

    @torch.inference_mode()
    def _score(self, features: Features) -> SegmentScores:
        extractor, text = self._loaded
        seen = (
            self._shares(features.visual, extractor, text, "visual") * features.visual_mask[:, None]
        )
        heard = (
            self._shares(features.audio, extractor, text, "audio") * features.audio_mask[:, None]
        )
        both = np.sqrt(seen * heard)
        best = both.argmax(1)
        agreed = both / np.maximum(both.sum(1, keepdims=True), 1e-9)
        none = 1 - agreed.sum(1, keepdims=True)  # where a stream is missing, all of it
        maps = torch.from_numpy(np.asarray(features.visual_map, np.float32))
        T = len(best)
        return SegmentScores(
            relevance=both.max(1).astype(np.float32),
            classes=np.concatenate([agreed, none], 1).astype(np.float32),
            present=features.visual_mask & features.audio_mask,
            attention=extractor.text_attention(maps, text[best]).numpy(),
            visual_distance=np.zeros(T, np.float32),
            audio_distance=np.zeros(T, np.float32),
            duration=features.duration,
            flags=tuple(features.flags),
            seen=seen.astype(np.float32),
            heard=heard.astype(np.float32),
        )

    def _shares(
        self, vectors: np.ndarray, extractor: AudioCLIPExtractor, text: Tensor, modality: str
    ) -> np.ndarray:
        """Share (T, L) of each label; with a calibrated rest they sum to less than one."""
        cosines = functional.normalize(torch.from_numpy(np.array(vectors)), dim=-1) @ text.T
        rest = self._kind.rest_cosines.get(modality)
        if rest is not None:
            cosines = torch.cat([cosines, torch.full_like(cosines[:, :1], rest)], 1)
        shares: np.ndarray = (extractor.text_scale(modality) * cosines).softmax(-1).numpy()
        return shares[:, : len(self.classes)]


def _prompt(template: str, label: str) -> str:
    if template.count("{}") != 1:
        raise InputError(f"template {template!r} must hold {{}} once, where the label goes")
    return template.replace("{}", label)
