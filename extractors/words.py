"""What sees or hears in a space that words share: as it is planned with, and as it is loaded."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from avel.extractors.declaration import Declaration
from avel.extractors.errors import ExtractorError
from avel.extractors.options import EncodeOptions
from avel.extractors.weights.files import Weights

if TYPE_CHECKING:
    from torch import Tensor


class Words(Protocol):
    """Embeds words where an extractor's vectors are, and says how to compare them."""

    @property
    def hears_text(self) -> bool:
        """Whether sound is in the text's space, as pictures are."""

    @property
    def text_bias(self) -> float | None:
        """What is added to scaled cosines (T, L); None where words were learned together.

        Without one a softmax made them compete; with one each was learned by itself, by a sigmoid
        (Zhai et al., ICCV 2023).
        """

    def text(self, prompts: Sequence[str]) -> "Tensor":
        """Embeddings (L, D) of prompts, normalised, on the CPU."""

    def text_scale(self, modality: str) -> float:
        """What cosines in [-1, 1] of `visual` or `audio` vectors with text are multiplied by."""

    def text_attention(self, maps: "Tensor", text: "Tensor") -> "Tensor":
        """Where in each cell's picture its text is: (T, P), sums to one.

        Width 0 where maps are in no space with text.

        Args:
            maps: visual_map (T, P, C).
            text: One embedding per cell (T, D).
        """


class Tokens(Protocol):
    """Words to the numbers that a text head reads."""

    context_length: int

    def __call__(self, texts: list[str]) -> "Tensor":
        """Tokens (L, context_length), int64."""

    def count(self, text: str) -> int:
        """Number of tokens of a text, start and end included; more than the context are cut."""


@dataclass(frozen=True)
class WordsDeclaration(Declaration, ABC):
    """An extractor whose vectors can be compared with words."""

    rest_cosines: Mapping[str, float] = field(default_factory=dict, hash=False)
    """Per modality, the cosine with text that unrelated things reach; empty: not calibrated."""

    def known_labels(self) -> tuple[str, ...]:
        """The only names that the text head knows; empty where it knows words at large."""
        return ()

    @abstractmethod
    def tokens(self, weights: Weights) -> Tokens:
        """What makes tokens for the text head.

        Raises:
            WeightsError: its files are not there.
            ExtractorError: a package for it is missing.
        """

    @abstractmethod
    def words(self, weights: Weights, options: EncodeOptions) -> Words:
        """The text head, loaded.

        Raises:
            WeightsError: it is missing in the files, or they cannot be read.
        """

    def text_recipe(self, weights: Weights) -> dict[str, Any]:
        """Everything beside the weights that decides embeddings of words."""
        return {"extractor": self.name, "weights_sha256": weights.sha256}

    def check_text(self, weights: Weights, prompts: Sequence[str]) -> None:
        """Refuse a prompt that does not fit the text head's context.

        Raises:
            ExtractorError: names the prompt, its number of tokens and the limit.
            WeightsError: the tokenizer's files are not there.
        """
        tokens = self.tokens(weights)
        for prompt in prompts:
            count = tokens.count(prompt)
            if count > tokens.context_length:
                raise ExtractorError(
                    f"label {prompt[:40]!r}… has {count} tokens, the text head reads "
                    f"{tokens.context_length}; shorten it"
                )
