"""`avel bench`: its tables and what failed; the trainings themselves are in studies."""

from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.cli import main
from avel.pipeline.commands import ablate
from avel.pipeline.studies import leaderboard as module
from avel.pipeline.studies.leaderboard import HEADER, MATCH_HEADER, Leaderboard

LOCALIZATION = [["DMSF", *["1"] * (len(HEADER) - 1)]]
MATCHING = [["AVDLN", *["2"] * (len(MATCH_HEADER) - 1)]]


def stub(
    monkeypatch: pytest.MonkeyPatch, matching: list[list[str]], failed: list[str]
) -> list[Path]:
    asked: list[Path] = []

    def train_rows(args: Any) -> tuple[str, list[str]]:
        asked.append(args.config)
        return "the table", failed

    def leaderboard(bench: Any, out: Path) -> Leaderboard:
        assert bench == "the table"
        return Leaderboard(LOCALIZATION, matching, ["a note"])

    monkeypatch.setattr(ablate, "train_rows", train_rows)
    monkeypatch.setattr(module, "leaderboard", leaderboard)
    return asked


def test_both_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = stub(monkeypatch, MATCHING, [])
    assert main(["bench", "--data", "d", "--out", str(tmp_path)]) == 0
    assert asked == [Path("leaderboard")]
    found = capsys.readouterr()
    blocks = found.out.split("\n\n")
    assert blocks[0].startswith("| system | supervision | accuracy (%) |")
    assert "| DMSF | 1 |" in blocks[0]
    assert "| AVDLN | 2 |" in blocks[1]
    assert blocks[2] == "a note\n"
    assert found.err == f"{tmp_path}: leaderboard.csv, .md and .html\n"
    assert {path.name for path in tmp_path.iterdir()} == {
        f"leaderboard{kind}.{form}" for kind in ("", "_matching") for form in ("csv", "md", "html")
    }
    assert (tmp_path / "leaderboard.md").read_text().endswith("\n\na note\n")


def test_a_table_without_systems_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stub(monkeypatch, [], ["DMSF, seed 1: out of memory"])
    assert main(["bench", "--data", "d", "--out", str(tmp_path)]) == 3
    assert "avel: DMSF, seed 1: out of memory\n" in capsys.readouterr().err
    assert not list(tmp_path.glob("leaderboard_matching*"))
