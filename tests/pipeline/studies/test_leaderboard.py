"""The leaderboard: every system in one table, over seeds."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from avel.configs.load import load
from avel.models.card import MATCHERS
from avel.models.table import MODELS
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.studies.published import ACCURACY, EXACT_STARTS
from avel.pipeline.studies.table import Ablation
from tests.pipeline.studies.small import bench_command


def test_one_table_of_all_systems(board: Path) -> None:
    rows = {row["system"]: row for row in csv.DictReader((board / "leaderboard.csv").open())}
    assert list(rows) == [
        "DMSF", "AV_att", "DMRN", "DMSF weak", "all background", "most common class",
        "one right class per video",
    ]  # fmt: skip
    runs = [json.loads((board / f"av_att-seed{s}" / "metrics.json").read_text()) for s in (0, 1)]
    mean = 100 * np.mean([r["accuracy"]["own"] for r in runs])
    assert rows["AV_att"]["accuracy (%)"].startswith(f"{mean:.1f}")
    assert rows["AV_att"]["decoder"] == "argmax"
    assert rows["AV_att"]["published (%)"] == "72.7 [S]"
    assert rows["AV_att"]["parameters"] == "1.33 M"  # four classes here
    assert rows["DMSF"]["to the first (95 %)"] == ""
    assert rows["DMSF weak"]["to the first (95 %)"] == ""  # the first of its supervision
    assert " to " in rows["DMRN"]["to the first (95 %)"]
    matching = {r["system"]: r for r in csv.DictReader((board / "leaderboard_matching.csv").open())}
    assert set(matching) == {
        "AVDLN", "random start", "always at the start", "always at the end",
    }  # fmt: skip
    text = (board / "leaderboard.md").read_text()
    assert text.startswith("| system |")
    assert "[M] from memory of the paper, not verified" in text
    assert "<table>" in (board / "leaderboard.html").read_text()


def test_a_row_begins_where_another_ended(board: Path) -> None:
    config = (board / "dmrn-seed1" / "config.yaml").read_text()
    assert f"start: {board}/av_att-seed1" in config


def test_done_runs_are_kept(
    bench: tuple[Path, Path], board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("everything was done")

    monkeypatch.setattr("avel.pipeline.studies.ablate.train_any", never)
    before = (board / "leaderboard.csv").read_text()
    assert bench_command(bench, board) == 0
    assert (board / "leaderboard.csv").read_text() == before


def test_the_preset_has_every_system(tmp_path: Path) -> None:
    bench = load(Path("leaderboard.yaml"), Ablation)
    experiments = [bench.experiment(row, 0, tmp_path) for row in bench.rows]
    assert {e.model for e in experiments} == MODELS.keys() | MATCHERS
    assert {(e.model, e.supervision) for e in experiments} >= ACCURACY.keys()
    ways = {"audio": "a2v", "visual": "v2a"}
    asked = {(e.model, ways[e.options["query"]]) for e in experiments if e.model == "dcmr"}
    assert asked | {("cmm", "a2v"), ("cmm", "v2a")} == EXACT_STARTS.keys()


@pytest.mark.parametrize(
    ("config", "rate", "batch", "clip", "decoder"),
    [
        ("av_att", 1e-3, 64, 0.0, ("argmax", 0.5)),
        ("av_att_weak", 1e-3, 64, 0.0, ("argmax", 0.5)),
        ("dmrn", 1e-3, 64, 0.0, ("argmax", 0.5)),
        ("dmin", 5e-4, 32, 0.1, ("gate", 0.5)),
        ("dmin_weak", 5e-4, 32, 0.5, ("gate", 0.5)),
        ("magan", 1e-4, 64, 0.5, ("gate", 0.7)),
        ("magan_weak", 6e-4, 128, 0.5, ("gate", 0.5)),
        ("cmm", 1e-3, 8, 0.0, ("gate", 0.5)),
        ("dcmr_a2v", 5e-4, 32, 0.1, ("gate", 0.5)),
        ("dcmr_v2a", 5e-4, 32, 0.1, ("gate", 0.5)),
    ],
)
def test_presets_are_the_authors_recipes(
    config: str, rate: float, batch: int, clip: float, decoder: tuple[str, float]
) -> None:
    """Reference 2.1 to 2.8."""
    e = load(Path(f"{config}.yaml"), Experiment)
    found = (e.train.learning_rate, e.train.batch_size, e.train.clip_norm)
    assert found == (rate, batch, clip)
    assert (e.decoder.decoder, e.decoder.threshold) == decoder
    assert (e.train.optimizer, e.train.patience, e.loss) == ("adam", 0, "published")
    assert e.supervision == ("weak" if "weak" in config else "full")
    if config.startswith(("av_att", "dmrn")):
        assert not e.train.shuffle
        assert e.train.drop_last
        assert (e.train.milestones, e.train.milestone_unit) == ([15000], "step")
    assert not (e.supervision == "weak" and e.train.splice)


def test_weights_of_the_best_epoch_on_test_are_kept(board: Path) -> None:
    from safetensors.torch import load_file

    best, on_test = (
        load_file(board / "dmsf-seed0" / f"{name}.safetensors")
        for name in ("model", "test_selected")
    )
    assert best.keys() == on_test.keys()
    assert all(isinstance(value, torch.Tensor) for value in on_test.values())
