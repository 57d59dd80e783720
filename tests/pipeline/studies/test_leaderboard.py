"""The leaderboard and the comparison of two runs."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from avel.configs.load import load
from avel.models.card import MATCHERS, Card
from avel.models.table import MODELS, build
from avel.pipeline.cli import main
from avel.pipeline.evaluation.cost import cost, multiply_adds
from avel.pipeline.learning.experiment import Experiment
from avel.pipeline.studies.ablate import Ablation
from avel.pipeline.studies.compare import compare
from avel.pipeline.studies.published import ACCURACY, EXACT_STARTS

SMALL = """
base: dmsf.yaml
seeds: [0, 1]
settings: {train.epochs: 1, train.batch_size: 16, train.validate_every: 1}
rows:
  DMSF: {options.d_model: 16, options.heads: 2, train.learning_rate: 0.004}
  AV_att: {base: av_att.yaml, loss: corrected}
  DMRN: {base: dmrn.yaml, after: AV_att}
  DMSF weak: {base: dmsf_weak.yaml, options.d_model: 16, options.heads: 2}
  AVDLN: {base: cmm.yaml}
"""


@pytest.fixture(scope="module")
def board(bench: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("board")
    (out / "small.yaml").write_text(SMALL)
    assert run(bench, out) == 0
    return out


def run(bench: tuple[Path, Path], out: Path, *extra: str) -> int:
    argv = ["--data", str(bench[0]), "--cache-dir", str(bench[1]), "--device", "cpu"]
    return main(["bench", *argv, "--config", str(out / "small.yaml"), "--out", str(out), *extra])


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

    monkeypatch.setattr("avel.pipeline.studies.ablate.train", never)
    monkeypatch.setattr("avel.pipeline.studies.ablate.train_matcher", never)
    before = (board / "leaderboard.csv").read_text()
    assert run(bench, board) == 0
    assert (board / "leaderboard.csv").read_text() == before


def test_a_row_after_one_that_is_not_there() -> None:
    with pytest.raises(ValueError, match="after: there is no row 'AV'"):
        Ablation("dmsf.yaml", {"a": {}, "b": {"after": "AV"}})
    with pytest.raises(ValueError, match="row 'b' itself comes after another; one step only"):
        Ablation("dmsf.yaml", {"a": {}, "b": {"after": "a"}, "c": {"after": "b"}})


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


def test_multiply_adds_by_hand() -> None:
    """A matching network is four products; AV_att's sum was done on paper."""
    card = Card("cmm", {}, (), 10, {})
    towers = 512 * 128 + 128 * 64 + 128 * 128 + 128 * 64
    assert multiply_adds(card, build("cmm", {})) == 10 * towers
    n, lstm = 490, 2 * 10 * 512
    attention = n * (512 * 512 + 512 * 49 + 49 + 512) + 10 * (128 * 512 + 512 * 49)
    recurrent = lstm * (512 + 128) + lstm * (128 + 128)
    rest = 10 * (512 * 64 + 64 * 29)
    found = multiply_adds(Card("av_att", {}, (), 10, {}), build("av_att", {}))
    assert found == attention + recurrent + rest
    costs = cost(Card("dmsf", {}, (), 10, {}), build("dmsf", {}))
    assert costs["parameters"] == sum(p.numel() for p in build("dmsf", {}).parameters())
    assert 0 < costs["seconds_per_video"] < 5


def test_two_runs_compared(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = board / "dmsf-seed0", board / "av_att-seed0"
    found = compare(first, second)
    runs = [dict(np.load(folder / "decisions.npz")) for folder in (first, second)]
    right = [run["own"] == run["truth"] for run in runs]
    assert found.difference == pytest.approx(100 * (right[1].mean() - right[0].mean()))
    assert found.interval[0] <= found.difference <= found.interval[1]
    for name, (a, b, count) in found.classes.items():
        label = [*runs[0]["classes"], "background"].index(name)
        there = runs[0]["truth"] == label
        assert count == there.sum()
        assert (a, b) == pytest.approx([100 * r[there].mean() for r in right])
    changed = (right[0].sum(1) != right[1].sum(1)).sum()
    assert len(found.changes) == changed
    sizes = [abs(c.second - c.first) for c in found.changes]
    assert sizes == sorted(sizes, reverse=True)
    assert main(["compare", str(first), str(second), "--most", "1"]) == 0
    printed = capsys.readouterr().out
    assert "12 videos that both were tested on" in printed
    assert f"difference {found.difference:+.2f} points" in printed
    assert main(["compare", str(first), str(second), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["videos"] == 12
    same = compare(first, first)
    assert (same.difference, same.changes) == (0, [])


def test_runs_that_cannot_be_compared(
    board: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(board / "dmsf-seed0"), str(tmp_path)]) == 2
    assert (
        "has no decisions.npz; give the folder of a finished `avel train`"
        in capsys.readouterr().err
    )
    assert main(["compare", str(board / "dmsf-seed0"), str(board / "avdln-seed0")]) == 2
    assert "holds answers to queries, not decisions" in capsys.readouterr().err
    run = dict(np.load(board / "dmsf-seed0" / "decisions.npz"))
    for change, message in (
        ({"classes": np.array(["a", "b", "c", "d"])}, "were evaluated on other classes"),
        ({"rows": run["rows"] + 1000}, "share no test row; they are of other datasets"),
        ({"truth": run["truth"] * 0}, "were evaluated against other labels"),
    ):
        np.savez(tmp_path / "decisions.npz", **{**run, **change})
        assert main(["compare", str(board / "dmsf-seed0"), str(tmp_path)]) == 2
        assert message in capsys.readouterr().err


def test_weights_of_the_best_epoch_on_test_are_kept(board: Path) -> None:
    from safetensors.torch import load_file

    best, on_test = (
        load_file(board / "dmsf-seed0" / f"{name}.safetensors")
        for name in ("model", "test_selected")
    )
    assert best.keys() == on_test.keys()
    assert all(isinstance(value, torch.Tensor) for value in on_test.values())
