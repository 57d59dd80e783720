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
    if decoder.decoder == "hysteresis":
        labels = _within_spans(joint(output), presence, decoder)
    return np.asarray(np.where(presence, labels, background), np.int64)


def _within_spans(
    probabilities: NDArray[np.float32], presence: NDArray[np.bool_], decoder: EventConfig
) -> NDArray[np.int64]:
    """Of the events (..., T) that go on in a segment, the likeliest; background where none does."""
    from avel.pipeline.method.hysteresis import DEPTH, spans  # few models decide by it

    *videos, T, K = probabilities.shape
    each = np.where(presence[..., None], probabilities, 0).reshape(-1, T, K)
    labels = np.full((len(each), T), K - 1)
    for video, one in enumerate(each):
        odds, on = log_odds(one), np.zeros((T, K - 1), bool)
        for label in range(K - 1):
            start = decoder.log_odds
            for span in spans(odds[:, label], odds[:, label], start=start, end=start - DEPTH):
                on[span.start : span.stop, label] = True
        labels[video] = np.where(on.any(1), np.where(on, one[:, :-1], -1).argmax(1), K - 1)
    return labels.reshape(*videos, T)


def log_odds(probability: NDArray[np.floating]) -> NDArray[np.floating]:
    """Of probabilities in [0, 1], bounded so that none is infinite."""
    bounded = np.clip(np.asarray(probability, np.float64), 1e-9, 1 - 1e-9)
    return np.asarray(np.log(bounded / (1 - bounded)))


def joint(output: Output) -> NDArray[np.float32]:
    """Probability (..., T, K + 1) of each class being a segment's event; the rest is background."""
    each = output.relevance[..., None] * output.classes
    each[..., -1] = 1 - each[..., :-1].sum(-1)
    return np.asarray(each, np.float32)
