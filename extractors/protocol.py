"""What every loaded encoder is to its callers."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor, nn


class Cut(Protocol):
    """An array, or what becomes one where it is laid into a batch.

    Attributes:
        shape: Of the array.
        dtype: Of the array.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array."""

    @property
    def dtype(self) -> "np.dtype[Any]":
        """Of the array."""

    def __array__(self) -> "NDArray[Any]":
        """It, whole."""


CutSound = Callable[["NDArray[np.int16]", Sequence[tuple[int, int]]], Sequence[Cut]]
"""Stretches of a sound as an encoder takes them: of mono cells int16 (T, S), one after another,
and the first sample and number of samples of each."""


class Extractor(Protocol):
    """Cells to features.

    Attributes:
        name: How it is called on the command line.
        model: Its networks.
        recipe: Everything that decides the features, for the fingerprint.
    """

    name: str
    model: "nn.Module"

    @property
    def recipe(self) -> Mapping[str, Any]:
        """Everything that decides the features, for the fingerprint."""

    @property
    def cut_sound(self) -> CutSound | None:
        """Cuts stretches that overlap for `embed_sound`, where that is cheaper than samples."""

    def embed_sight(self, frames: "Tensor") -> "dict[str, Tensor]":
        """Sight's part of what a call gives."""

    def embed_sound(self, samples: "Tensor") -> "dict[str, Tensor]":
        """Sound's part of what a call gives; of any length S, or of what `cut_sound` gives."""

    def __call__(self, frames: "Tensor", samples: "Tensor") -> "dict[str, Tensor]":
        """Embed cells.

        Args:
            frames: RGB uint8 (N, F, 3, H, W), or (N, F, V, 3, H, W) with V views of each picture;
                the F frames of a cell are averaged.
            samples: Mono int16 (N, S).

        Returns:
            visual (N, D) and audio (N, D') float32, visual_map (N, P, C) float16, on the device on
            which the cells are; of width 0 where the extractor has no such head. Vector and map are
            of the first view. Where it has classes, their logits as well: visual_scores (N, V, K)
            by view, or audio_scores (N, K'), float32.

        Raises:
            torch.OutOfMemoryError: the device's memory is too small for N cells; fewer may fit.
        """
