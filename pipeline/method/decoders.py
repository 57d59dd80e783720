"""How scores become decisions: the decoders of the field, named and checked without numpy."""

from dataclasses import dataclass
from math import log
from numbers import Real
from typing import Literal

from avel.pipeline.reasons import InputError

DECODERS = ("gate", "argmax", "ungated", "hysteresis")
Decoder = Literal["gate", "argmax", "ungated", "hysteresis"]


@dataclass(frozen=True)
class EventConfig:
    """How scores become decisions.

    Attributes:
        decoder: `gate` labels a segment with the most likely class where its relevance is over
            the threshold (CMRAN and its successors); `argmax` with the most likely of all
            classes and background (AVE-ECCV18, PSP); `ungated` labels every segment with the
            most likely class, as CMBS's weak gate does in effect. Specification section 1.8.
            `hysteresis` begins an event where its own probability is over the threshold and ends it
            where that falls well below; events may overlap.
        threshold: Of the gate (CMRAN 0.5, MAGAN 0.7) or of the hysteresis.
    """

    decoder: Decoder = "gate"
    threshold: float = 0.5

    @property
    def log_odds(self) -> float:
        """The threshold as log-odds."""
        return log(self.threshold / (1 - self.threshold))

    def __post_init__(self) -> None:
        if self.decoder not in DECODERS:
            raise InputError(f"decoder ({self.decoder!r}) must be one of {', '.join(DECODERS)}")
        if not 0 < self.threshold < 1:
            raise InputError(f"threshold ({self.threshold}) must be between 0 and 1")


@dataclass(frozen=True)
class OwnOfEach(EventConfig):
    """The decoder of several localizers together of whom nothing is asked: each keeps its own."""


@dataclass(frozen=True)
class Asked:
    """What a user says of the decoder; None for the model's own."""

    decoder: Decoder | None = None
    threshold: float | None = None

    def __post_init__(self) -> None:
        EventConfig(self.decoder or "gate", 0.5 if self.threshold is None else self.threshold)

    def over(self, own: EventConfig) -> EventConfig:
        """A model's own decoder with what is asked for; a threshold alone needs one that has it.

        The model's own threshold stays unless another decoder or threshold is asked for.
        """
        has_threshold = own.decoder in ("gate", "hysteresis")
        decoder = self.decoder or (own.decoder if has_threshold else "gate")
        usual = own.threshold if decoder == own.decoder else 0.5
        return EventConfig(decoder, usual if self.threshold is None else self.threshold)


def decoder_of(decoder: Decoder | None, threshold: float | None) -> Asked | None:
    """The decoder that is asked for; None where neither is said, for the model's own.

    Raises:
        TypeError: the threshold is no number.
        InputError: no such decoder, or the threshold is not between 0 and 1.
    """
    if decoder is None and threshold is None:
        return None
    if threshold is not None and not isinstance(threshold, Real):
        kind = type(threshold).__name__
        raise TypeError(f"threshold ({threshold!r:.60}) must be a number, not {kind}")
    return Asked(decoder, None if threshold is None else float(threshold))
