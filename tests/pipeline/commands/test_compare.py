"""`avel compare`: what it prints of two runs whose decisions are known."""

import json
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.cli import main
from tests.pipeline.commands.said import refused, run_json

CLASSES = ["dog", "bell"]
TRUTH = np.array([[0] * 5 + [2] * 5, [1] * 10, [2] * 10, [0] * 10])
"""Segments of four videos; 2 is background."""


def write_run(folder: Path, own: np.ndarray, **changed: np.ndarray) -> Path:
    folder.mkdir()
    written = {
        "own": own,
        "truth": TRUTH,
        "rows": np.arange(4),
        "videos": np.array(list("abcd")),
        "classes": np.array(CLASSES),
    }
    np.savez(folder / "decisions.npz", **{**written, **changed})
    return folder


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """The first misses the bell and half of the last dog, the second misses all of the last."""
    first, second = TRUTH.copy(), TRUTH.copy()
    first[1], first[3, 5:], second[3] = 2, 2, 2
    return write_run(tmp_path / "one", first), write_run(tmp_path / "two", second)


def test_the_difference_in_words(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *map(str, runs)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        "4 videos that both were tested on",
        f" 62.50 %  {runs[0]}",
        f" 75.00 %  {runs[1]}",
    ]
    assert lines[3].startswith("difference +12.50 points (95 %: ")
    assert "surely" not in lines[3]  # four videos are too few
    assert lines[4:] == [
        "by class: first, second, difference, segments",
        "    66.7    33.3   -33.3     15  dog",
        "     0.0   100.0  +100.0     10  bell",
        "  1 classes alike",
        "videos that changed: 2 (right segments of ten, first and second)",
        "   0 -> 10  b  bell",
        "   5 ->  0  d  dog",
    ]


@pytest.mark.parametrize(("swapped", "word"), [(False, "better"), (True, "worse")])
def test_a_sure_difference(
    tmp_path: Path, swapped: bool, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """On every video the same: no resample can say otherwise."""
    wrong = (TRUTH + 1) % 3
    pair = [write_run(tmp_path / "bad", wrong), write_run(tmp_path / "good", TRUTH)]
    assert main(["compare", *map(str, reversed(pair) if swapped else pair)]) == 0
    assert f", surely {word})" in capsys.readouterr().out


def test_only_so_many_videos_are_listed(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *map(str, runs), "--most", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == ["   0 -> 10  b  bell", "  … 1 more, with --most"]


def test_everything_as_json(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run_json(capsys, "compare", *runs, "--json")
    assert code == 0
    assert found["accuracies"] == [62.5, 75.0]
    assert found["difference"] == 12.5
    assert found["classes"]["bell"] == [0.0, 100.0, 10]
    assert [change["video_id"] for change in found["changes"]] == ["b", "d"]
    assert json.loads(json.dumps(found)) == found


def test_runs_that_cannot_be_compared(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_run(tmp_path / "other", TRUTH, classes=np.array(["cat", "bell"]))
    code, text = refused(capsys, "compare", runs[0], other)
    assert code == 2
    assert "were evaluated on other classes" in text
    (tmp_path / "empty").mkdir()
    code, text = refused(capsys, "compare", runs[0], tmp_path / "empty")
    assert code == 2
    assert "has no decisions.npz; give the folder of a finished `avel train`" in text


def test_a_page_of_it(
    runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *map(str, runs), "--out", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().err == f"wrote {tmp_path}/out/compare.html\n"
    assert "one and two" in (tmp_path / "out" / "compare.html").read_text()
