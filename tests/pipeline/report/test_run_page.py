"""The page of a training: from its folder, with what is there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avel.pipeline.method.run_files import DECISIONS, METRICS
from avel.pipeline.reasons import InputError
from avel.pipeline.report.run_page import (
    CURVES,
    NAME,
    Evaluated,
    read_run,
    run_page,
    write_run_page,
)
from tests.pipeline.report.material import EVIL
from tests.pipeline.report.test_page import VOID, Page

NUMBERS: dict[str, Any] = {
    "coverage": {
        "evaluated": 3,
        "rows": 12,
        "missing": {f"v{n}": "no video file" for n in range(9)},
    },
    "decoder": "gate 0.5",
    "accuracy": {"own": 0.875, "gate 0.5": 0.875, "argmax": 0.5},
    "baselines": {"all background": 0.25},
    "event_f1": 0.8126,
    "map": {"0.5": 0.5},
    "per_class": {"dog": 0.75, EVIL: float("nan"), "background": 1.0},
    "epochs": 3,
    "train_seconds": 61.2,
    "val_accuracy": 0.9,
    "over_threshold": [
        {"threshold": t, "precision": t, "recall": 1 - t, "accuracy": 0.5}
        for t in (0.25, 0.5, 0.75)
    ],
}
LOG = "epoch,train_loss,val_accuracy,test_accuracy\n0,,0.5,0.4\n0,8.0,,\n1,,0.75,0.7\n1,2.0,,\n"


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "dmsf-seed0"
    folder.mkdir()
    (folder / METRICS).write_text(json.dumps(NUMBERS))
    (folder / CURVES).write_text(LOG)
    truth = np.array([[0] * 5 + [2] * 5, [1] * 10, [2] * 10])
    own = np.array([[0] * 5 + [2] * 5, [0] * 10, [2] * 9 + [1]])
    np.savez(
        folder / DECISIONS,
        truth=truth,
        own=own,
        videos=np.array(["right", EVIL, "nearly"]),
        classes=np.array(["dog", EVIL]),
    )
    return folder


def texts(page: str) -> dict[str, list[str]]:
    VOID.update({"rect", "line", "polyline"})
    return Page(page).texts


def test_a_training_on_one_page(run: Path) -> None:
    path = write_run_page(run, read_run(run))
    assert path == run / NAME
    found = texts(path.read_text())
    assert found["h1"] == ["dmsf-seed0"]
    facts = dict(zip(found["dt"], found["dd"], strict=True))
    assert facts == {
        "segment accuracy": "87.5%",
        "on validation": "90.0%",
        "event F1": "0.81",
        "mAP at 0.5": "0.50",
        "videos": "3 of 12",
        "epochs": "3",
        "trained in": "61 s",
    }
    assert found["p"][0] == (
        "9 of the split's videos are not counted: no video file (v0, v1, v2, v3, v4, v5, …)"
    )
    assert "Accuracy while it learned" in found["h2"]
    assert "Over the gate's threshold" in found["h2"]
    assert {"validation 75%", "test 70%", "loss 2", "precision 75%"} <= set(found["span"])
    assert found["li"] == [
        f"{EVIL} taken for dog: 10 segments",
        f"background taken for {EVIL}: 1 segments",
    ]


def test_the_worst_videos_come_first(run: Path) -> None:
    found = texts(run_page(read_run(run)))
    assert [text for text in found["figcaption"] if "right" not in text] == [EVIL, "nearly"]
    assert [text for text in found["span"] if "of 10" in text] == ["0 of 10 right", "9 of 10 right"]
    assert "The worst 2 videos" in found["h2"]


def test_decoders_stand_beside_what_needs_no_model(run: Path) -> None:
    page = run_page(read_run(run))
    found = texts(page)["span"]
    at = found.index("gate 0.5 (its own)")
    assert found[at : at + 6] == [
        *("gate 0.5 (its own)", "87.5%", "argmax", "50.0%", "all background", "25.0%"),
    ]
    bars = [a for a in Page(page).of("rect") if a["class"] in ("bar", "faint")]
    assert [(a["class"], a["width"]) for a in bars[:3]] == [
        *(("bar", "87.50%"), ("bar", "50.00%"), ("faint", "25.00%")),
    ]


def test_numbers_alone_are_a_page_too(run: Path) -> None:
    (run / DECISIONS).unlink()
    (run / CURVES).unlink()
    found = texts(run_page(read_run(run)))
    assert found["h2"] == [
        "Segments that are right, by decoder and without a model",
        "Over the gate's threshold",
        "Segments that are right, by class",
    ]


def test_nothing_is_markup(run: Path) -> None:
    page = run_page(Evaluated(EVIL, read_run(run).numbers, read_run(run).decisions))
    assert page.count("<script") == 1
    assert "unsafe" not in page


def test_what_has_no_page_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no metrics\.json that can be read; give the folder"):
        read_run(tmp_path)
    (tmp_path / METRICS).write_text('{"accuracy": {"a2v": 0.5}}')
    with pytest.raises(InputError, match="answers queries and finds no events; there is no page"):
        read_run(tmp_path)
