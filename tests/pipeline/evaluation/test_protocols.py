"""Decoders, labels and selections of the field's code bases, and the baselines that need no model."""

from pathlib import Path

from avel.pipeline.datasets.ave import open_ave, segment_labels
from avel.pipeline.evaluation.metrics import baselines
from avel.pipeline.evaluation.protocols import DECODERS, PROTOCOLS, Protocol, decoder_name
from avel.pipeline.method.decide import EventConfig


def test_real_tables_give_the_known_baselines(ave_tables: Path) -> None:
    """Reference section 1.8: 17.79 % and 82.21 % on the standard test split."""
    data = open_ave(ave_tables)
    truth, train = (
        segment_labels([data.rows[row] for row in data.splits[split]], 28)
        for split in ("test", "train")
    )
    found = {name: round(100 * value, 2) for name, value in baselines(truth, train, 28).items()}
    assert found["all background"] == 17.79
    assert found["one right class per video"] == 82.21
    assert 0 < found["most common class"] < 10


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


def test_a_protocol_decodes_by_the_supervision() -> None:
    protocol = Protocol(EventConfig("argmax"), EventConfig("gate", 0.7), "", "val")
    assert protocol.decoder("weak") == EventConfig("gate", 0.7)
    assert protocol.decoder("full") == EventConfig("argmax")
    assert protocol.note == ""


def test_names_of_decoders_lead_back_to_them() -> None:
    assert set(DECODERS) == {"gate 0.5", "gate 0.7", "argmax", "ungated"}
    for name, decoder in DECODERS.items():
        assert decoder_name(decoder) == name
    used = {d for p in PROTOCOLS.values() for d in (p.full, p.weak)}
    assert used <= set(DECODERS.values())
