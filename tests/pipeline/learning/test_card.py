"""What a run folder's card says: every number of the metrics in percent, in a table that renders."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from avel.models.card import Card
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.learning.card import PACKAGES, knows, write_card

CLASSES = ("Bark", "Frying (food), loud", "Bell", "Horn", "Violin")
METRICS: dict[str, Any] = {
    "protocol": "val-selected",
    "decoder": "gate 0.5",
    "accuracy": {"own": 0.98765, "argmax": 0.5},
    "test_selected_accuracy": 0.9901,
    "baselines": {"all background": 0.447, "most common class": 0.03125},
    "event_f1": 0.98149,
    "map": {"0.5": 0.97951},
    "coverage": {"rows": 100, "evaluated": 97, "missing": {}},
}


def card(**features: Any) -> Card:
    experiment = {
        "supervision": "full",
        "adapter": {"placement": "output"},
        "train": {"seed": 7},
    }
    return Card(
        "dmsf",
        {},
        CLASSES,
        10,
        {"config": features or {"extractor": "audioclip-tiny"}},
        training={"experiment": experiment, "videos": 812},
        knows="knows five things",
    )


def table(path: Path, of: Card, metrics: dict[str, Any], data: Path) -> dict[str, str]:
    """Rows of the written card by their first column."""
    write_card(path, of, metrics, data)
    lines = [line for line in path.read_text("utf-8").splitlines() if line.startswith("| ")]
    cells = [line.strip("|").split("|") for line in lines[1:]]
    assert all(len(row) == 2 for row in cells)
    return {name.strip(): value.strip() for name, value in cells}


def test_every_number_is_told(tmp_path: Path) -> None:
    found = table(tmp_path / "card.md", card(), METRICS, tmp_path / "bench")
    assert found["model"] == "dmsf, full supervision"
    assert found["classes"] == "5: Bark; Frying (food), loud; Bell; Horn …"
    assert found["data"] == "bench, 812 training videos, 97 of 100 test rows"
    assert found["features"] == "audioclip-tiny, adapters: output"
    assert found["protocol"] == "val-selected, seed 7"
    assert found["test accuracy, gate 0.5 decoder"] == "98.77%"
    assert found["test accuracy, argmax decoder"] == "50.00%"
    assert found["best on test by epoch (not selected so)"] == "99.01%"
    assert found["all background"] == "44.70%"
    assert found["most common class"] == "3.12%"
    assert found["event F1, mAP@0.5"] == "0.981, 0.980"
    assert found["knows"] == "knows five things"
    assert "start" not in found


def test_versions_are_those_that_ran(tmp_path: Path) -> None:
    found = table(tmp_path / "card.md", card(), METRICS, tmp_path)
    said = dict(entry.split(" ") for entry in found["versions"].split(", "))
    assert said.pop("Python") == platform.python_version()
    assert said == {name: version(name) for name in PACKAGES}


def test_a_run_that_began_with_anothers_weights_says_so(tmp_path: Path) -> None:
    metrics = METRICS | {"start": "took 12 of 14 tensors of runs/first"}
    found = table(tmp_path / "card.md", card(), metrics, tmp_path)
    assert found["start"] == "took 12 of 14 tensors of runs/first"
    assert "start" not in table(tmp_path / "card.md", card(), METRICS | {"start": ""}, tmp_path)


def test_imported_features_have_no_extractor(tmp_path: Path) -> None:
    found = table(tmp_path / "card.md", card(imported="ave-h5"), METRICS, tmp_path)
    assert found["features"] == "ave-h5, imported, adapters: output"


def test_a_bar_in_a_name_breaks_no_table(tmp_path: Path) -> None:
    found = table(tmp_path / "card.md", card(), METRICS, tmp_path / "a|b")
    assert found["data"].startswith("a/b, 812")


def test_the_folder_is_named_where_it_is_reached_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "AVE").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "AVE")
    found = table(tmp_path / "card.md", card(), METRICS, tmp_path / "link")
    assert found["data"].startswith("AVE, ")


def test_a_card_is_whole_markdown_and_takes_the_place_of_the_last(tmp_path: Path) -> None:
    (tmp_path / "card.md").write_text("old")
    write_card(tmp_path / "card.md", card(), METRICS, tmp_path)
    text = (tmp_path / "card.md").read_text("utf-8")
    assert text.startswith("# Model card\n\n| | |\n|---|---|\n| model | ")
    assert text.endswith("\nUse: `avel localize my.mp4 --model FOLDER`; settings are in `config.yaml`.\n")  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["card.md"]


def test_a_number_that_is_missing_is_no_empty_cell(tmp_path: Path) -> None:
    metrics = {name: value for name, value in METRICS.items() if name != "event_f1"}
    with pytest.raises(KeyError, match="event_f1"):
        write_card(tmp_path / "card.md", card(), metrics, tmp_path)
    assert not list(tmp_path.iterdir())


def folder(root: Path) -> AveFolder:
    splits = dict.fromkeys(("train", "val", "test"), np.zeros(0, np.int64))
    return AveFolder(root, CLASSES, (), splits, (), {})


def test_what_a_model_of_real_video_knows(tmp_path: Path) -> None:
    (tmp_path / "AVE_Dataset").mkdir()
    said = knows(folder(tmp_path / "AVE_Dataset"))
    assert said == "trained on AVE_Dataset: knows its 5 classes and nothing else"


def test_what_a_model_of_synthetic_video_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "synth.json").write_text("{}")
    said = knows(folder(tmp_path))
    assert said == (
        "trained on synthetic video only: knows 5 drawn shapes with made-up sounds, and no event "
        "of the real world"
    )
