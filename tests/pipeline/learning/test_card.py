"""What a run folder says of its model to people."""

import json
import shutil
from importlib.metadata import version
from pathlib import Path

from avel.models.card import Card
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.learning.card import knows, write_card


def test_card(trained: Path) -> None:
    text = (trained / "card.md").read_text()
    metrics = json.loads((trained / "metrics.json").read_text())
    for row in (
        "| model | dmsf, full supervision |",
        "48 training videos, 12 of 12 test rows",
        "| features | audioclip-tiny, adapters: none |",
        "| protocol | val-selected, seed 0 |",
        f"| test accuracy, gate 0.5 decoder | {metrics['accuracy']['own']:.2%} |",
        f"| all background | {metrics['baselines']['all background']:.2%} |",
        f"lightning {version('lightning')}",
        "knows its 4 classes and nothing else",
    ):
        assert row in text
    assert "| start |" not in text


def test_what_a_model_knows(bench: tuple[Path, Path], tmp_path: Path) -> None:
    data = open_ave(bench[0])
    assert knows(data) == f"trained on {bench[0].name}: knows its 4 classes and nothing else"
    shutil.copytree(bench[0], tmp_path / "s")
    (tmp_path / "s" / "synth.json").write_text("{}")
    assert knows(open_ave(tmp_path / "s")).startswith("trained on synthetic video only: knows 4 ")


def test_imported_features_and_strange_names(trained: Path, tmp_path: Path) -> None:
    """A bar in a class name ends no cell of the table."""
    experiment = {"supervision": "weak", "adapter": {"placement": "none"}, "train": {"seed": 3}}
    card = Card(
        "dmin", {}, ("a|b", "c"), 10, {"config": {"imported": "vgg"}},
        training={"experiment": experiment, "videos": 7}, knows="little",
    )  # fmt: skip
    metrics = json.loads((trained / "metrics.json").read_text())
    write_card(tmp_path / "card.md", card, metrics, tmp_path)
    lines = (tmp_path / "card.md").read_text().splitlines()
    assert "| classes | 2: a/b; c … |" in lines
    assert "| features | vgg, imported, adapters: none |" in lines
    assert "| model | dmin, weak supervision |" in lines
    assert all(line.count("|") == 3 for line in lines if line.startswith("|") and "---" not in line)
