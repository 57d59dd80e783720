"""From probabilities to decisions: the one rule of training's selection, evaluation and answers.

What is asked for is checked before numpy is loaded, so that a wrong word is named at once.
"""

from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any, Literal, Protocol

from avel.pipeline.reasons import InputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DECODERS = ("gate", "argmax", "ungated")
Decoder = Literal["gate", "argmax", "ungated"]


@dataclass(frozen=True)
class EventConfig:
    """How scores become decisions.

    Attributes:
        decoder: `gate` labels a segment with the most likely class where its relevance is over
            the threshold (CMRAN and its successors); `argmax` with the most likely of all
            classes and background (AVE-ECCV18, PSP); `ungated` labels every segment with the
            most likely class, as CMBS's weak gate does in effect. Specification section 1.8.
        threshold: Of the gate; CMRAN 0.5, MAGAN 0.7.
    """

    decoder: Decoder = "gate"
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if self.decoder not in DECODERS:
            raise InputError(f"decoder ({self.decoder!r}) must be one of {', '.join(DECODERS)}")
        if not 0 < self.threshold < 1:
            raise InputError(f"threshold ({self.threshold}) must be between 0 and 1")


def decoder_of(decoder: Decoder | None, threshold: float | None) -> EventConfig | None:
    """The decoder that is asked for; None where neither is said, for the model's own.

    Raises:
        TypeError: the threshold is no number.
        InputError: no such decoder, or the threshold is not between 0 and 1.
    """
    if decoder is None and threshold is None:
        return None
    if threshold is None:
        return EventConfig(decoder or "gate")
    if not isinstance(threshold, Real):
        kind = type(threshold).__name__
        raise TypeError(f"threshold ({threshold!r:.60}) must be a number, not {kind}")
    return EventConfig(decoder or "gate", float(threshold))


class Output(Protocol):
    """What is decided on: of any number of videos, or of one.

    Attributes:
        relevance: Probability (..., T) that a segment holds some event.
        classes: Distribution (..., T, K + 1) of its class if it holds one, background last.
    """

    @property
    def relevance(self) -> "NDArray[Any]": ...
    @property
    def classes(self) -> "NDArray[Any]": ...


def decide(
    output: Output, presence: "NDArray[np.bool_]", decoder: EventConfig
) -> "NDArray[np.int64]":
    """Class index (..., T) of each segment; background is K.

    Args:
        output: Probabilities of a model.
        presence: Bool (..., T), whether a segment has both picture and sound. One that lacks
            either is background whatever the decoder, since it can hold no audio-visual event.
        decoder: The rule.
    """
    import numpy as np  # slow

    background = output.classes.shape[-1] - 1
    each = joint(output) if decoder.decoder == "argmax" else output.classes
    labels = each.argmax(-1)
    if decoder.decoder == "gate":
        labels = np.where(output.relevance > decoder.threshold, labels, background)
    return np.asarray(np.where(presence, labels, background), np.int64)


def joint(output: Output) -> "NDArray[np.float32]":
    """Probability (..., T, K + 1) of each class being a segment's event; the rest is background."""
    import numpy as np  # slow

    each = output.relevance[..., None] * output.classes
    each[..., -1] = 1 - each[..., :-1].sum(-1)
    return np.asarray(each, np.float32)
