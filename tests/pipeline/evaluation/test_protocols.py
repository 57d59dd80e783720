"""The table of protocols is the field's."""

import pytest

from avel.pipeline.evaluation.protocols import DECODERS, PROTOCOLS, decoder_name
from avel.pipeline.method.decide import EventConfig


def test_the_table_is_the_specifications() -> None:
    """Section 1.8, row by row."""
    rows = {
        name: (decoder_name(p.full), decoder_name(p.weak), p.labels, p.selection)
        for name, p in PROTOCOLS.items()
    }
    assert rows == {
        "ave": ("argmax", "argmax", "labels.h5", "val"),
        "psp": ("argmax", "argmax", "right_labels.h5", "test"),
        "cmran": ("gate 0.5", "gate 0.5", "labels.h5", "test"),
        "dmin": ("gate 0.5", "gate 0.5", "labels.h5", "test"),
        "cmbs": ("gate 0.5", "ungated", "labels.h5", "test"),
        "magan": ("gate 0.7", "gate 0.5", "right_labels.h5", "test"),
        "lavish": ("argmax", "argmax", "labels.h5", "test"),
        "dg-sct": ("gate 0.5", "gate 0.5", "labels.h5", "test"),
    }


@pytest.mark.parametrize(
    ("decoder", "name"),
    [
        (EventConfig("gate", 0.5), "gate 0.5"),
        (EventConfig("gate", 0.7), "gate 0.7"),
        (EventConfig("argmax", 0.7), "argmax"),
        (EventConfig("ungated"), "ungated"),
    ],
)
def test_decoders_have_names(decoder: EventConfig, name: str) -> None:
    assert decoder_name(decoder) == name


def test_every_decoder_of_a_protocol_is_reported() -> None:
    used = {p.decoder(s) for p in PROTOCOLS.values() for s in ("full", "weak")}
    assert used == set(DECODERS.values())


@pytest.mark.parametrize("name", PROTOCOLS)
def test_supervision_chooses_the_decoder(name: str) -> None:
    protocol = PROTOCOLS[name]
    assert protocol.decoder("full") == protocol.full
    assert protocol.decoder("weak") == protocol.weak
    assert protocol.decoder("") == protocol.full  # a model that has no supervision in its options
