"""What a sense says of labels by words in its own space."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from avel.extractors import Choice, Words, WordsDeclaration
from avel.pipeline.method.extract import Features
from avel.pipeline.method.prompts import Prompts
from avel.pipeline.reasons import InputError

Array = NDArray[np.float32]
Modality = Literal["visual", "audio"]


class Sense(Protocol):
    """Sight or sound, with the labels that it is asked for."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the K classes of sound that it hears; none where it compares words."""

    @property
    def sound_seconds(self) -> tuple[int, ...]:
        """Windows of sound that it hears; none for each cell alone."""

    @property
    def recipe(self) -> dict[str, Any]:
        """Everything that decides what it says, beside the features."""

    def shares(self, features: Features) -> Array:
        """Probability (T, L) of each label by this sense alone; cells without it are not masked."""

    def sounds(self, features: Features) -> Array:
        """Logits (T, K) of the classes; (0, 0) where there are none."""

    def named(self, label: str) -> dict[str, float]:
        """The classes that a label is heard as, the nearest first, with weights in (0, 1]."""


@dataclass(frozen=True)
class Texts:
    """Labels in the space of one extractor's text head, which is loaded when it is needed.

    Raises:
        InputError: a label that the weights do not know.
        ExtractorError: a label too long for the text head, or no tokenizer for it.
    """

    encoder: Choice
    prompts: Prompts

    def __post_init__(self) -> None:
        known = self.kind.known_labels()
        strange = [label for label in self.prompts.labels if known and label not in known]
        if strange:
            raise InputError(
                f"{self.kind.name} knows {len(known)} names only ({known[0]!r} …), not "
                f"{strange[0]!r}; for any words give AudioCLIP's weights: "
                "--extractor audioclip --weights AudioCLIP-Full-Training.pt"
            )
        self.kind.check_text(self.encoder.weights, self.asked)

    @property
    def kind(self) -> WordsDeclaration:
        """The extractor's declaration."""
        assert isinstance(self.encoder.kind, WordsDeclaration)
        return self.encoder.kind

    @property
    def asked(self) -> list[str]:
        """The prompts, labels first; others compete with them where nothing is calibrated."""
        labels = self.prompts.of(self.prompts.labels)
        return labels if self.kind.rest_cosines else self.prompts.beside_others()

    @property
    def recipe(self) -> dict[str, Any]:
        """Everything that decides the embeddings."""
        return {"text": self.kind.text_recipe(self.encoder.weights), "prompts": self.asked}

    @cached_property
    def head(self) -> Words:
        """The text head."""
        return self.kind.words(self.encoder.weights, self.encoder.options)

    @cached_property
    def embeddings(self) -> Tensor:
        """Of the prompts, (N, D)."""
        return self.head.text(self.asked)


@dataclass(frozen=True)
class Compared:
    """A sense whose vectors are in the space of a text head."""

    texts: Texts
    modality: Modality
    classes: ClassVar[tuple[str, ...]] = ()
    sound_seconds: ClassVar[tuple[int, ...]] = ()
    """Each cell is compared by itself, and no sound is named but by the labels."""

    @property
    def recipe(self) -> dict[str, Any]:
        """The words, and the cosine of unrelated things."""
        return {**self.texts.recipe, "rest": self.texts.kind.rest_cosines.get(self.modality)}

    def shares(self, features: Features) -> Array:
        """Share (T, L) of each label beside what competes with it.

        Where the text head was trained by a softmax labels compete with each other too. One with a
        bias was trained by a sigmoid, label by label: there each stands against the others alone.

        Raises:
            InputError: sound is not in the text's space.
        """
        head, number = self.head, len(self.texts.prompts.labels)
        vectors = torch.from_numpy(np.array(getattr(features, self.modality)))
        cosines = functional.normalize(vectors, dim=-1) @ self.texts.embeddings.T
        rest = self.texts.kind.rest_cosines.get(self.modality)
        if rest is not None:
            cosines = torch.cat([cosines, torch.full_like(cosines[:, :1], rest)], 1)
        logits = head.text_scale(self.modality) * cosines
        if head.text_bias is None:
            shares: Array = logits.softmax(-1)[:, :number].numpy()
            return shares
        logits = logits + head.text_bias
        others = logits[:, number:]
        none = others.logsumexp(1, keepdim=True) if others.shape[1] else 0
        alone: Array = (logits[:, :number] - none).sigmoid().numpy()
        return alone

    @property
    def head(self) -> Words:
        """The text head.

        Raises:
            InputError: sound is not in its space.
        """
        head = self.texts.head
        if self.modality == "audio" and not head.hears_text:
            raise InputError(
                f"{self.texts.encoder.weights.source}: this audio head was trained on AudioSet's "
                "classes alone and shares no space with text; --labels needs "
                "AudioCLIP-Full-Training.pt or AudioCLIP-Partial-Training.pt"
            )
        return head

    def named(self, label: str) -> dict[str, float]:
        """No classes: the words themselves are compared."""
        return {}

    def sounds(self, features: Features) -> Array:
        """Nothing (0, 0): there are no classes of sound."""
        return np.zeros((0, 0), np.float32)

    def attention(self, features: Features, label: NDArray[np.int64]) -> Array:
        """Where in the picture a label (T,) is: (T, P); (T, 0) where the map has no words."""
        maps = torch.from_numpy(np.asarray(features.visual_map, np.float32))
        found: Array = self.head.text_attention(maps, self.texts.embeddings[label]).numpy()
        return found
