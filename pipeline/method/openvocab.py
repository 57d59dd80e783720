"""Open vocabulary: events for any words, with no training, where sight and sound both name one.

Per segment and modality, scaled cosines against the words' embeddings become a distribution over
the labels and a rest: where the encoder is calibrated, a cosine that unrelated things reach; else a
list of common sights and sounds that compete with the labels. Sound whose encoder knows AudioSet's
classes and no words is heard as the classes whose names are near a label (`matched.py`). What both
say of a label is the geometric mean of the two probabilities.

With AudioCLIP alone a segment's event is the label that both distributions name. With two encoders
labels are independent: each is corrected by what the video shows of it elsewhere (`shift.py`) and
held over time (`agreement.py`), so that events may overlap.

Source of the scores: Guzhov et al., AudioCLIP, ICASSP 2022, section 3 (zero-shot classification);
Radford et al., CLIP, ICML 2021; Zhai et al., SigLIP, ICCV 2023. Taking both modalities' agreement
as the event is ours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avel.cache.fingerprint import fingerprint
from avel.extractors import Choice, PairChoice, WordsDeclaration
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.agreement import Agreement, agree, fuse
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import Found, find
from avel.pipeline.method.extract import Features
from avel.pipeline.method.matched import Matched
from avel.pipeline.method.prompts import TEMPLATE, Prompts
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.method.senses import Compared, Sense, Texts
from avel.pipeline.method.shift import Shift
from avel.pipeline.method.stores import features_recipe
from avel.pipeline.reasons import InputError

VERSION = 2
USABLE = (
    "--labels works with audioclip, audioclip-tiny, or an open_clip tower beside a sound encoder: "
    "openclip+audioclip, openclip+mn04, openclip+yamnet"
)
TOGETHER = EventConfig("hysteresis", 0.4)
"""With two encoders; not fitted to data."""


class OpenVocabulary:
    """Scores videos against words; stands where a trained `Localizer` stands.

    Args:
        labels: Words or phrases, each an event.
        encoder: Whose text head embeds them: AudioCLIP's, or that of a pair's sight.
        template: Prompt with one `{}` for the label.

    Raises:
        InputError: no label, one twice, one that the weights do not know, or an encoder without
            text.
        ExtractorError: a label too long, or no tokenizer for it.
    """

    def __init__(
        self,
        labels: tuple[str, ...],
        encoder: Choice | PairChoice,
        template: str = TEMPLATE,
    ) -> None:
        self._sight, self._sound = senses(encoder, Prompts(labels, template))
        self.classes, self._encoder = labels, encoder
        self.extractor = str(encoder.recipe["extractor"])
        self._alone = isinstance(encoder, Choice)
        self._shift = Shift()

    @property
    def texts(self) -> Texts:
        """The labels in the space of sight."""
        return self._sight.texts

    @property
    def decoder(self) -> EventConfig:
        """The gate at 0.5 with one encoder for both senses, hysteresis with two."""
        return EventConfig() if self._alone else TOGETHER

    @property
    def recipe(self) -> dict[str, Any]:
        """Everything that decides the scores beside the features."""
        recipe = {"open_vocabulary": VERSION, "labels": list(self.classes)}
        if self._alone:
            return {**recipe, "prompts": self.texts.asked}
        sight, sound = self._sight.recipe, self._sound.recipe
        return {**recipe, "sight": sight, "sound": sound, "shift": asdict(self._shift)}

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
        windows = self._sound.sound_seconds
        return SegmentConfig(**{**self._encoder.cells, "sound_seconds": windows})

    @property
    def features(self) -> Mapping[str, Any]:
        """Recipe of the encoder's features."""
        return features_recipe(self.segment, self._encoder.recipe)

    @property
    def reads(self) -> None:
        """All arrays (T, ...) of the features."""

    @property
    def limits(self) -> Mapping[str, float]:
        """No training data, so no distances to it."""
        return {}

    def encoder(self, weights: Sequence[Path]) -> Choice | PairChoice:
        """The encoder whose text head embeds the words; its weights were given with it."""
        return self._encoder

    def to(self, device: str) -> None:
        """Compare on the CPU whatever the device: vectors are few."""

    def heard_as(self, label: str) -> dict[str, float]:
        """Classes that a label is heard as, with weights in (0, 1]; none where words are heard."""
        return self._sound.named(label)

    def score(self, videos: Sequence[Features], config: ScoreConfig) -> list[SegmentScores]:
        """Relevance (T,) and classes (T, K + 1) of videos, each by itself."""
        return [self._score(features) for features in videos]

    def find(self, scores: SegmentScores, config: EventConfig) -> Found:
        """Events of a video's scores, and where the senses disagree, in seconds."""
        if self._alone or config.decoder != "hysteresis":
            return find(scores, self.classes, config)
        return Agreement(self.classes, scores, self._shift, self._sound.classes).find(config)

    @torch.inference_mode()
    def _score(self, features: Features) -> SegmentScores:
        heard = self._sound.shares(features) * features.audio_mask[:, None]
        seen = self._sight.shares(features) * features.visual_mask[:, None]
        both = fuse(seen, heard) if self._alone else agree(seen, heard, self._shift)
        best = both.argmax(1)
        agreed = both / np.maximum(both.sum(1, keepdims=True), 1e-9)
        none = 1 - agreed.sum(1, keepdims=True)  # where a stream is missing, all of it
        T = len(best)
        return SegmentScores(
            relevance=both.max(1).astype(np.float32),
            classes=np.concatenate([agreed, none], 1).astype(np.float32),
            present=features.visual_mask & features.audio_mask,
            attention=self._sight.attention(features, best),
            visual_distance=np.zeros(T, np.float32),
            audio_distance=np.zeros(T, np.float32),
            duration=features.duration,
            flags=tuple(features.flags),
            notes=tuple(features.notes),
            seen=seen.astype(np.float32),
            heard=heard.astype(np.float32),
            sounds=self._sound.sounds(features),
        )


def senses(encoder: Choice | PairChoice, prompts: Prompts) -> tuple[Compared, Sense]:
    """Sight and sound of an encoder, asked for labels.

    Raises:
        InputError: one of them can be compared with no words; says what can.
    """
    name = encoder.recipe["extractor"]
    sight, sound = (
        (encoder, encoder) if isinstance(encoder, Choice) else (encoder.sight, encoder.sound)
    )
    if not isinstance(sight.kind, WordsDeclaration):
        raise InputError(
            f"extractor '{name}' knows no words: {sight.kind.name} has no text tower; {USABLE}"
        )
    if not sound.kind.hears:
        raise InputError(f"extractor '{name}' hears nothing; {USABLE}")
    texts = Texts(sight, prompts)
    if isinstance(sound.kind, WordsDeclaration):
        heard = texts if sound is sight else Texts(sound, prompts)
        return Compared(texts, "visual"), Compared(heard, "audio")
    if not sound.audio_classes:
        raise InputError(
            f"extractor '{name}' knows no words: {sound.kind.name} names no sounds; {USABLE}"
        )
    if sight.kind.known_labels():
        raise InputError(
            f"extractor '{name}': {sight.kind.name} knows its own names only, not those of the "
            f"sounds that {sound.kind.name} hears; {USABLE}"
        )
    return Compared(texts, "visual"), Matched(texts, sound.audio_classes)
