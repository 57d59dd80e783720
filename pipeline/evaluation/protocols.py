"""How the field turns scores into an accuracy: decoder, labels and selection of each code base.

Reference section 1.8. Two numbers can be compared only under one protocol; every result of avel
names its own.
"""

from dataclasses import dataclass
from typing import Literal

from avel.pipeline.method.decide import EventConfig

Selection = Literal["val", "test"]


@dataclass(frozen=True)
class Protocol:
    """One code base's evaluation.

    Attributes:
        full: Decoder of fully supervised models.
        weak: Decoder of weakly supervised models.
        labels: File of segment labels that it reads; empty for the annotations themselves.
        selection: Split whose best epoch is reported.
        note: What a reader must know.
    """

    full: EventConfig
    weak: EventConfig
    labels: str
    selection: Selection
    note: str = ""

    def decoder(self, supervision: str) -> EventConfig:
        """The decoder for a model of that supervision."""
        return self.weak if supervision == "weak" else self.full


GATE, ARGMAX = EventConfig("gate"), EventConfig("argmax")
MAGAN_GATE, UNGATED = EventConfig("gate", 0.7), EventConfig("ungated")

PROTOCOLS: dict[str, Protocol] = {
    "ave": Protocol(ARGMAX, ARGMAX, "labels.h5", "val"),
    "psp": Protocol(ARGMAX, ARGMAX, "right_labels.h5", "test"),
    "cmran": Protocol(GATE, GATE, "labels.h5", "test"),
    "dmin": Protocol(GATE, GATE, "labels.h5", "test"),
    "cmbs": Protocol(
        GATE,
        UNGATED,
        "labels.h5",
        "test",
        "weak: its gate squashes twice and is always open, so every segment gets the video's class",
    ),
    "magan": Protocol(MAGAN_GATE, GATE, "right_labels.h5", "test"),
    "lavish": Protocol(ARGMAX, ARGMAX, "labels.h5", "test"),
    "dg-sct": Protocol(GATE, GATE, "labels.h5", "test"),
}


def decoder_name(decoder: EventConfig) -> str:
    """`gate 0.7`, `argmax`, `ungated`."""
    return f"gate {decoder.threshold:g}" if decoder.decoder == "gate" else decoder.decoder


DECODERS = {decoder_name(d): d for d in (GATE, MAGAN_GATE, ARGMAX, UNGATED)}
"""Every decoder that some protocol uses, by name."""
