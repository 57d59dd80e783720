"""Two runs on the same videos."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.cli import main
from avel.pipeline.studies.compare import compare


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


def test_videos_that_changed_by_hand(tmp_path: Path) -> None:
    truth = np.full((3, 10), 2)
    truth[0, :3], truth[1, :5] = 0, 1
    first, second = truth.copy(), truth.copy()
    first[0, :3] = 2  # misses the event of the first video
    second[1, 5:7] = 1  # goes on too long in the second
    names, videos = np.array(["dog", "cat"]), np.array(["one", "two", "three"])
    for name, own in (("a", first), ("b", second)):
        (tmp_path / name).mkdir()
        arrays = {"rows": np.arange(3), "videos": videos, "classes": names, "truth": truth}
        np.savez(tmp_path / name / "decisions.npz", own=own, **arrays)
    found = compare(tmp_path / "a", tmp_path / "b")
    assert found.accuracies == pytest.approx((90.0, 100 * 28 / 30))
    assert found.difference == pytest.approx(100 / 30)
    assert found.classes["dog"] == pytest.approx((0.0, 100.0, 3))
    assert found.classes["background"] == pytest.approx((100.0, 100 * 20 / 22, 22))
    changes = [(c.video_id, c.label, c.first, c.second) for c in found.changes]
    assert changes == [("one", "dog", 7, 10), ("two", "cat", 10, 8)]


def test_comparing_loads_no_torch() -> None:
    code = "import sys; import avel.pipeline.studies.compare; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
