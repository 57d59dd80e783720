"""`avel ablate`: its table and what failed; the trainings themselves are in studies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from avel.pipeline.cli import main
from avel.pipeline.studies import ablate as module
from avel.pipeline.studies.ablate import Line
from avel.pipeline.studies.bootstrap import Difference
from avel.pipeline.studies.pairs import Pair
from tests.pipeline.commands.said import refused

TABLE = """
base: dmsf.yaml
seeds: [0, 1]
rows:
  full: {}
  narrow: {options.d_model: 32}
"""


class Stub:
    """In the place of the trainings: what was asked for, and what became of each run."""

    def __init__(self, *errors: str) -> None:
        self.errors, self.asked = errors, dict[str, Any]()

    def ablate(self, data: Any, experiments: Any, runtime: Any, out: Path, **more: Any) -> Any:
        self.asked = {"data": data.root, "runs": list(experiments), "cache": runtime.cache_dir, "out": out, **more}  # fmt: skip
        return self._runs(list(experiments))

    def _runs(self, runs: list[tuple[str, int]]) -> Iterator[tuple[str, int, str]]:
        for number, (row, seed) in enumerate(runs):
            yield row, seed, self.errors[number] if number < len(self.errors) else ""

    def lines(self, ablation: Any, out: Path) -> list[Line]:
        better = Pair("narrow", "full", Difference(1.25, -0.5, 3.0), {0: 1.25}, (1.25,))
        return [Line("full", (80.0, 82.0), None, 31.6), Line("narrow", (82.0,), better, 9.4)]


def stubbed(monkeypatch: pytest.MonkeyPatch, *errors: str) -> Stub:
    stub = Stub(*errors)
    monkeypatch.setattr(module, "ablate", stub.ablate)
    monkeypatch.setattr(module, "lines", stub.lines)
    return stub


def command(bench: tuple[Path, Path], folder: Path, *extra: str) -> list[str]:
    (folder / "table.yaml").write_text(TABLE)
    where = ["--data", str(bench[0]), "--cache-dir", str(bench[1]), "--out", str(folder / "o")]
    return ["ablate", *where, "--config", str(folder / "table.yaml"), *extra]


def test_the_table(
    bench: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stub = stubbed(monkeypatch)
    assert main(command(bench, tmp_path, "--processes", "2", "--weights", "w.pt")) == 0
    assert stub.asked["runs"] == [(row, seed) for row in ("full", "narrow") for seed in (0, 1)]
    assert (stub.asked["data"], stub.asked["cache"]) == bench
    assert (stub.asked["processes"], stub.asked["weights"]) == (2, [Path("w.pt")])
    assert capsys.readouterr().out.splitlines() == [
        "| row | accuracy (%) | std | seeds | difference | 95 % interval | train (s) |",
        "|---|---|---|---|---|---|---|",
        "| full | 81.00 | 1.41 | 2 |  |  | 32 |",
        "| narrow | 82.00 | 0.00 | 1 | +1.25 | -0.50 to +3.00 | 9 |",
    ]
    names = {path.name for path in (tmp_path / "o").iterdir()}
    assert names == {"ablation.csv", "ablation.md", "ablation.html"}


def test_failed_runs_are_named_and_the_table_is_there(
    bench: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stubbed(monkeypatch, "", "the loss is nan in epoch 2")
    assert main(command(bench, tmp_path)) == 3
    found = capsys.readouterr()
    assert "avel: full, seed 1: the loss is nan in epoch 2" in found.err
    assert "| narrow | 82.00 |" in found.out


def test_rows_that_are_wrong_are_said_before_anything_runs(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = command(bench, tmp_path, "--set", "settings={train.epoch: 1}")
    code, text = refused(capsys, *argv)
    assert code == 2
    assert "unknown key 'train.epoch'" in text
    assert not (tmp_path / "o").exists()
