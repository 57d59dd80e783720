"""The leaderboard: every system in one table, over seeds."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from avel.configs.load import load
from avel.models.card import MATCHERS
from avel.models.checkpoint import load_checkpoint
from avel.models.table import MODELS
from avel.pipeline.learning.run_folder import RunFolder
from avel.pipeline.learning.trainer import BEST, BEST_ON_TEST, kept
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


def test_weights_of_the_best_epochs_are_kept_under_their_names(board: Path) -> None:
    """That of the validation split is the model, that of the test split stands beside it."""
    for row in ("dmsf-seed0", "av_att-seed1"):
        folder = RunFolder(board / row)
        for name, file in ((BEST, folder.checkpoint), (BEST_ON_TEST, folder.test_selected)):
            epoch = kept(folder, name, "model.")
            _, model, _ = load_checkpoint(file)
            state = model.state_dict()
            assert state.keys() == epoch.keys()
            for key, value in epoch.items():
                torch.testing.assert_close(state[key], value, rtol=0, atol=0)
