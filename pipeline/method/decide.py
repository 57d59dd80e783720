"""From probabilities to decisions: the one rule of training's selection, evaluation and answers."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.method.decoders import EventConfig


class Output(Protocol):
    """What is decided on: of any number of videos, or of one.

    Attributes:
        relevance: Probability (..., T) that a segment holds some event.
        classes: Distribution (..., T, K + 1) of its class if it holds one, background last.
    """

    @property
    def relevance(self) -> NDArray[Any]: ...
    @property
    def classes(self) -> NDArray[Any]: ...


def decide(output: Output, presence: NDArray[np.bool_], decoder: EventConfig) -> NDArray[np.int64]:
    """Class index (..., T) of each segment; background is K.

    Args:
        output: Probabilities of a model.
        presence: Bool (..., T), whether a segment has both picture and sound. One that lacks
            either is background whatever the decoder, since it can hold no audio-visual event.
        decoder: The rule.
    """
    background = output.classes.shape[-1] - 1
    each = joint(output) if decoder.decoder == "argmax" else output.classes
    labels = each.argmax(-1)
    if decoder.decoder == "gate":
        labels = np.where(output.relevance > decoder.threshold, labels, background)
    return np.asarray(np.where(presence, labels, background), np.int64)


def joint(output: Output) -> NDArray[np.float32]:
    """Probability (..., T, K + 1) of each class being a segment's event; the rest is background."""
    each = output.relevance[..., None] * output.classes
    each[..., -1] = 1 - each[..., :-1].sum(-1)
    return np.asarray(each, np.float32)
