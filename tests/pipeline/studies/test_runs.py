"""What runs left: only those that ended count."""

import json
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.reasons import InputError
from avel.pipeline.studies.runs import decisions, metrics_of, right_segments, run_folder, slug


def finished(out: Path, row: str, seed: int, own: np.ndarray, **metrics: float) -> Path:
    folder = run_folder(out, row, seed)
    folder.mkdir(parents=True)
    np.savez(folder / "decisions.npz", own=own, truth=np.zeros_like(own))
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


@pytest.mark.parametrize(
    ("row", "name"),
    [("full", "full"), ("no <b>gate", "no_b_gate"), ("DCMR, sound asks", "dcmr_sound_asks")],
)
def test_names_of_folders(row: str, name: str) -> None:
    assert slug(row) == name
    assert run_folder(Path("out"), row, 3) == Path("out") / f"{name}-seed3"


def test_runs_that_ended(tmp_path: Path) -> None:
    own = np.zeros((2, 10), int)
    own[0, :4] = 1
    finished(tmp_path, "a", 0, own, train_seconds=3.0)
    unfinished = finished(tmp_path, "a", 1, own)
    (unfinished / "metrics.json").unlink()
    matcher = finished(tmp_path, "b", 0, own, train_seconds=5.0)
    (matcher / "decisions.npz").unlink()
    found = right_segments(tmp_path, "a", (0, 1, 2))
    assert found.keys() == {0}
    assert found[0].tolist() == [0.6, 1.0]
    assert metrics_of(tmp_path, "a", (0, 1, 2)) == [{"train_seconds": 3.0}]
    assert right_segments(tmp_path, "b", (0,)) == {}
    assert metrics_of(tmp_path, "c", (0,)) == []


def test_folders_without_decisions(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no decisions\.npz; give the folder of a finished"):
        decisions(tmp_path)
    np.savez(tmp_path / "decisions.npz", a2v=np.zeros(3), truth=np.zeros(3))
    with pytest.raises(InputError, match="holds answers to queries, not decisions on segments"):
        decisions(tmp_path)


def test_decisions_of_before_are_read(tmp_path: Path) -> None:
    """Runs of earlier revisions have arrays by these names."""
    own, truth = np.arange(20).reshape(2, 10), np.arange(20, 40).reshape(2, 10)
    arrays = {"rows": np.array([7, 3]), "own": own, "truth": truth}
    np.savez(tmp_path / "decisions.npz", **arrays)
    found = decisions(tmp_path)
    assert found.keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found[name], array)
