"""Ablations: rows over seeds, resumed, compared on the same videos; export and summary of a model."""

import csv
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.cli import main
from avel.pipeline.studies.ablate import Ablation, paired_difference
from tests.pipeline.learning.test_train import OPTIONS

SMALL = """
base: dmsf.yaml
seeds: [0, 1]
settings: {%s, train.epochs: 2}
rows:
  full: {}
  no <b>gate: {options.gate: false}
""" % ", ".join(option.replace("=", ": ") for option in OPTIONS)  # noqa: UP031


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
    (tmp_path / "a.yaml").write_text(SMALL)
    assert run(bench, tmp_path / "o", tmp_path / "a.yaml", "--processes", "2") == 0
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

    monkeypatch.setattr("avel.pipeline.studies.ablate.train", never)
    assert run(bench, tmp_path / "o", tmp_path / "a.yaml") == 0
    assert capsys.readouterr().out == first


def test_a_run_that_fails_is_named_and_the_rest_is_done(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SMALL.replace("options.gate: false", "options.d_model: 15").replace("[0, 1]", "[0]")
    (tmp_path / "a.yaml").write_text(text)
    assert run(bench, tmp_path / "o", tmp_path / "a.yaml") == 3
    found = capsys.readouterr()
    assert "no <b>gate, seed 0: ValueError: d_model (15) must be a multiple of heads" in found.err
    assert "| full |" in found.out


def test_settings_that_do_not_exist(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text(SMALL.replace("options.gate", "optoins.gate"))
    assert run(bench, tmp_path / "o", tmp_path / "a.yaml") == 2
    assert "unknown key 'optoins'" in capsys.readouterr().err


def test_preset_rows_are_experiments() -> None:
    from avel.configs.load import load

    ablation = load(Path("ablate_dmsf.yaml"), Ablation)
    experiments = [ablation.experiment(row, 0, Path("o")) for row in ablation.rows]
    assert len({str(e) for e in experiments}) == len(experiments) == 13


def test_paired_difference_on_known_numbers() -> None:
    """A row that is right one segment more in every video: no doubt, and no spread."""
    rng = np.random.default_rng(1)
    one = {0: rng.integers(0, 9, 50) / 10, 1: rng.integers(0, 9, 50) / 10}
    better = {seed: values + 0.1 for seed, values in one.items()}
    assert paired_difference(one, better) == pytest.approx((10, 10, 10))
    noisy = {0: one[0] + rng.normal(0, 0.1, 50)}
    mean, low, high = paired_difference({0: one[0]}, noisy) or (0, 0, 0)
    spread = (noisy[0] - one[0]).std() / 50**0.5
    assert high - low == pytest.approx(2 * 1.96 * 100 * spread, rel=0.1)
    assert low < mean < high
    assert paired_difference(one, {}) is None


def test_no_run_of_the_first_row(
    bench: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = SMALL.replace("full: {}", "full: {options.d_model: 15}").replace("[0, 1]", "[0]")
    (tmp_path / "a.yaml").write_text(text)
    assert run(bench, tmp_path / "o", tmp_path / "a.yaml") == 2
    assert "no run of the first row 'full' is done; see its train.log" in capsys.readouterr().err


def test_summary_counts_what_learns(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "summary", "--set", "adapter.placement=both"]) == 0
    rows = dict(
        (line.split()[0], [int(n.replace(",", "")) for n in line.split()[1:]])
        for line in capsys.readouterr().out.splitlines()[1:]
    )
    assert rows["encoder.audio"][0] == 0 < rows["encoder.audio"][1]
    hidden = 512 // 4
    assert rows["adapter.visual_map"] == [512 * hidden * 2 + hidden + 1, 0]
    assert {"adapter.audio3", "adapter.visual4", "dmsf.agva", "dmsf.cic"} <= rows.keys()
    assert rows["all"] == [sum(r[i] for n, r in rows.items() if n != "all") for i in (0, 1)]
