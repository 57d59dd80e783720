"""Open vocabulary: events for any words, with no training, where sight and sound both name one.

Per segment and modality, scaled cosines against the words' embeddings become a distribution over
the labels and a rest: where the encoder is calibrated, a cosine that unrelated things reach; else a
list of common sights and sounds that compete with the labels. A segment's event is the label that
both distributions name; its relevance is the geometric mean of the two probabilities.

Source of the scores: Guzhov et al., AudioCLIP, ICASSP 2022, section 3 (zero-shot classification);
taking both modalities' agreement as the event is ours.
"""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from avel.cache.fingerprint import fingerprint
from avel.extractors import AudioCLIPExtractor, Choice, PairChoice
from avel.pipeline.media.segment import SegmentConfig
from avel.pipeline.method.events import EventConfig
from avel.pipeline.method.extract import Features
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
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
        if not isinstance(encoder, Choice) or not issubclass(encoder.kind, AudioCLIPExtractor):
            raise InputError(
                f"extractor '{encoder.recipe['extractor']}' knows no words; --labels works with "
                "audioclip and audioclip-tiny"
            )
        self._kind: type[AudioCLIPExtractor] = encoder.kind
        self.classes, self.encoder, self.extractor = labels, encoder, encoder.kind.name
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
        """Identity of the labels and prompts."""
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
    def segment_config(self) -> SegmentConfig:
        """How videos are cut for it."""
        return SegmentConfig(**self.encoder.cells)

    @property
    def extra(self) -> Mapping[str, Tensor]:
        """No training data, so no distances to it."""
        return {}

    @cached_property
    def _loaded(self) -> tuple[AudioCLIPExtractor, Tensor]:
        extractor = self.encoder.load()
        assert isinstance(extractor, AudioCLIPExtractor)  # as its class was checked to be
        if not extractor.hears_text:
            raise InputError(
                f"{extractor.weights.source}: this audio head was trained on AudioSet's classes "
                "alone and shares no space with text; --labels needs AudioCLIP-Full-Training.pt or "
                "AudioCLIP-Partial-Training.pt"
            )
        return extractor, extractor.text(self._prompts)

    @torch.inference_mode()
    def score(self, features: Features, config: ScoreConfig) -> SegmentScores:
        """Scores of one video's segments; segments do not look at each other."""
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
        maps = torch.from_numpy(np.asarray(features.visual_map, np.float32))
        T = len(best)
        return SegmentScores(
            relevance=both.max(1).astype(np.float32),
            classes=np.concatenate([agreed, np.zeros((T, 1))], 1).astype(np.float32),
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
        rest = extractor.rest_cosines.get(modality)
        if rest is not None:
            cosines = torch.cat([cosines, torch.full_like(cosines[:, :1], rest)], 1)
        shares: np.ndarray = (extractor.text_scale(modality) * cosines).softmax(-1).numpy()
        return shares[:, : len(self.classes)]


def _prompt(template: str, label: str) -> str:
    if template.count("{}") != 1:
        raise InputError(f"template {template!r} must hold {{}} once, where the label goes")
    return template.replace("{}", label)


def read_labels(given: list[str]) -> tuple[str, ...]:
    """Labels as given, or the lines of the one file that is given.

    Raises:
        InputError: the file is not text.
    """
    path = Path(given[0]) if len(given) == 1 else None
    if path is None or not path.is_file():
        return tuple(given)
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as err:
        raise InputError(f"{path}: is no list of labels (not UTF-8 text)") from err
    return tuple(line.strip() for line in lines if line.strip())
