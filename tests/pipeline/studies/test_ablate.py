"""Ablations: rows over seeds, prepared once, resumed, compared on the same videos."""

import csv
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from joblib.externals.loky.backend.reduction import dumps, loads

from avel.extractors.weights import files
from avel.pipeline.cli import main
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.studies import ablate as module
from avel.pipeline.studies.ablate import ablate, lines
from avel.pipeline.studies.table import Ablation
from avel.pipeline.work.runtime import RuntimeConfig
from avel.pipeline.work.workers import Crashed
from tests.pipeline.learning.small import OPTIONS, QUICK

SMALL = """
base: dmsf
seeds: [0, 1]
settings: {%s}
rows:
  full: {}
  no <b>gate: {options.gate: false}
""" % ", ".join(option.replace("=", ": ") for option in [*OPTIONS[:-1], *QUICK])  # noqa: UP031


def run(bench: tuple[Path, Path], out: Path, config: Path, *extra: str) -> int:
    root, cache = bench
    arguments = ["--data", str(root), "--cache-dir", str(cache), "--config", str(config)]
    return main(["ablate", *arguments, "--out", str(out), "--device", "cpu", *extra])


def test_rows_over_seeds_in_one_table(
    bench: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[Path] = []
    sha256_of = files.sha256_of
    (tmp_path / "a.yaml").write_text(SMALL)
    with monkeypatch.context() as patch:
        patch.setattr(files, "sha256_of", lambda path: hashed.append(path) or sha256_of(path))
        assert run(bench, tmp_path / "o", tmp_path / "a.yaml") == 0
    assert len(hashed) == 1  # four runs read the same features
    first = capsys.readouterr().out
    with (tmp_path / "o" / "ablation.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == ["full", "no <b>gate"]
    assert [row["seeds"] for row in rows] == ["2", "2"]
    runs = sorted(path.parent.name for path in (tmp_path / "o").glob("*/decisions.npz"))
    assert runs == ["full-seed0", "full-seed1", "no_b_gate-seed0", "no_b_gate-seed1"]
    accuracies = []
    for name in runs[2:]:
        with np.load(tmp_path / "o" / name / "decisions.npz") as found:
            accuracies.append(100 * (found["own"] == found["truth"]).mean())
    assert float(rows[1]["accuracy (%)"]) == pytest.approx(np.mean(accuracies), abs=0.01)
    page = (tmp_path / "o" / "ablation.html").read_text()
    assert "no &lt;b&gt;gate" in page
    assert "<b>gate" not in page

    def never(*_: object, **__: object) -> None:
        raise AssertionError("everything was done")

    monkeypatch.setattr("avel.pipeline.studies.ablate.train_any", never)
    assert run(bench, tmp_path / "o", tmp_path / "a.yaml") == 0
    assert capsys.readouterr().out == first


def test_runs_of_another_dataset_or_other_features_are_refused(
    bench: tuple[Path, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is made or trained, and no table is written over them."""
    root, cache = bench
    text = SMALL.replace("[0, 1]", "[0]").partition("  no <b>")[0]
    (tmp_path / "a.yaml").write_text(text)
    other = Path(shutil.copytree(root, tmp_path / "other"))
    rows = (other / "Annotations.txt").read_text().splitlines()
    (other / "Annotations.txt").write_text("\n".join(rows[:-1]) + "\nclass 3&again&good&0&1\n")
    assert run(bench, tmp_path / "o", tmp_path / "a.yaml") == 0
    (tmp_path / "o" / "ablation.csv").unlink()
    capsys.readouterr()

    def never(*_: object, **__: object) -> None:
        raise AssertionError("it is refused first")

    monkeypatch.setattr(module, "fill", never)
    monkeypatch.setattr(module, "train_any", never)
    assert run((other, cache), tmp_path / "o", tmp_path / "a.yaml") == 2
    assert "run.json: the run was begun with another data (rows: was" in capsys.readouterr().err
    features = tmp_path / "o" / "full-seed0" / "run.json"
    features.write_text(features.read_text().replace('"stage": "features"', '"stage": "scores"'))
    assert run(bench, tmp_path / "o", tmp_path / "a.yaml") == 2
    assert "another features (read.stage: was 'scores', now 'features')" in capsys.readouterr().err
    assert not (tmp_path / "o" / "ablation.csv").exists()


def test_a_run_that_fails_is_named_and_the_rest_is_done(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SMALL.replace("options.gate: false", "options.d_model: 15").replace("[0, 1]", "[0]")
    (tmp_path / "a.yaml").write_text(text)
    assert run(bench, tmp_path / "o", tmp_path / "a.yaml") == 3
    found = capsys.readouterr()
    wrong = "no <b>gate, seed 0: ConfigError: options of dmsf: d_model (15) must be a multiple of"
    assert wrong in found.err
    assert "| full |" in found.out


def test_no_run_of_the_first_row(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SMALL.replace("full: {}", "full: {options.d_model: 15}").replace("[0, 1]", "[0]")
    (tmp_path / "a.yaml").write_text(text.partition("  no <b>")[0])
    assert run(bench, tmp_path / "o", tmp_path / "a.yaml") == 2
    assert "no run of the first row 'full' is done; see its train.log" in capsys.readouterr().err


def small(**rows: dict[str, Any]) -> Ablation:
    return Ablation("dmsf", rows, (0, 1))


Jobs = Sequence[tuple[Any, ...]]


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Jobs, int]]:
    """Lots of trainings that would have been started, with the number of processes."""
    lots: list[tuple[Jobs, int]] = []

    def mapped(_: object, jobs: Jobs, workers: int) -> Iterator[tuple[int, object]]:
        lots.append((jobs, workers))
        return ((number, Crashed() if number else "") for number in range(len(jobs)))

    monkeypatch.setattr(module, "map_unordered", mapped)
    return lots


def test_rows_that_begin_with_others_come_second(
    bench: tuple[Path, Path], tmp_path: Path, jobs: list[tuple[Jobs, int]]
) -> None:
    table = small(later={"base": "dmrn", "after": "one"}, one={"base": "av_att"})
    runtime = RuntimeConfig(bench[1], device="cpu")
    data, experiments = open_ave(bench[0]), table.experiments(tmp_path)
    found = list(ablate(data, experiments, runtime, tmp_path, processes=3))
    assert found == [
        ("one", 0, ""), ("one", 1, "the worker process died"),
        ("later", 0, ""), ("later", 1, "the worker process died"),
    ]  # fmt: skip
    assert [workers for _, workers in jobs] == [3, 3]
    assert [job[1].model for lot, _ in jobs for job in lot] == ["av_att"] * 2 + ["dmrn"] * 2


def test_what_rows_read_is_worked_out_once(
    bench: tuple[Path, Path], tmp_path: Path, jobs: list[tuple[Jobs, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    asked: list[Any] = []
    prepare = module.prepare
    monkeypatch.setattr(
        module, "prepare", lambda e, *rest: asked.append(e.adapter) or prepare(e, *rest)
    )
    filled: list[Any] = []
    monkeypatch.setattr(
        "avel.pipeline.learning.fill.harvest", lambda _, __, plan, *___: filled.append(plan) or []
    )
    trunk = {"adapter.placement": "trunk", "adapter.stages": [4]}
    table = small(
        a={}, b={"options.gate": False}, c={"adapter.placement": "output"}, d=trunk,
        e={**trunk, "adapter.reduction": 2},
    )  # fmt: skip
    runtime = RuntimeConfig(bench[1], device="cpu")
    list(ablate(open_ave(bench[0]), table.experiments(tmp_path), runtime, tmp_path))
    assert len(asked) == 4  # of ten runs
    assert len(filled) == 1  # both widths of in-trunk adapters read the same
    prepared = {job[3].name: job[4] for lot, _ in jobs for job in lot}
    assert prepared["a-seed0"] is prepared["b-seed1"]
    assert prepared["d-seed0"] is not prepared["e-seed0"]


def test_jobs_travel_to_other_processes(
    bench: tuple[Path, Path], tmp_path: Path, jobs: list[tuple[Jobs, int]]
) -> None:
    runtime = RuntimeConfig(bench[1], device="cpu")
    table = small(a={"adapter.placement": "output"})
    list(ablate(open_ave(bench[0]), table.experiments(tmp_path), runtime, tmp_path, processes=2))
    there = loads(dumps(jobs[0][0][0]))
    assert there[4].recipe == jobs[0][0][0][4].recipe
    assert there[4].identity == jobs[0][0][0][4].identity
    assert there[1] == jobs[0][0][0][1]


def test_lines_by_hand(tmp_path: Path) -> None:
    truth = np.zeros((4, 10), int)
    for row, seed, wrong in (("a", 0, 2), ("a", 1, 4), ("b", 0, 1), ("b", 1, 1)):
        folder = tmp_path / f"{row}-seed{seed}"
        folder.mkdir()
        own = truth.copy()
        own[:, :wrong] = 1
        np.savez(folder / "decisions.npz", own=own, truth=truth)
        (folder / "metrics.json").write_text('{"train_seconds": %d}' % (seed + 1))  # noqa: UP031
    first, second = lines(small(a={}, b={}), tmp_path)
    assert first.accuracies == pytest.approx((80.0, 60.0))
    assert (first.mean, first.pair) == (pytest.approx(70.0), None)
    assert first.std == pytest.approx(np.std([80, 60], ddof=1))
    assert first.train_seconds == 1.5
    assert second.pair is not None
    assert second.pair.difference.mean == pytest.approx(20.0)
    assert second.pair.seeds == pytest.approx({0: 10.0, 1: 30.0})
    assert second.std == 0.0
