"""How scores become decisions: the decoders of the field, named and checked without numpy."""

from dataclasses import dataclass
from numbers import Real
from typing import Literal

from avel.pipeline.reasons import InputError

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
