"""`avel evaluate --against`: numbers of results beside what people say."""

import json
from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from tests.pipeline.annotations.made import put
from tests.pipeline.commands.said import refused, run_json
from tests.pipeline.formats.results import failed


def result(folder: Path, name: str, *events: tuple[float, float, str], seconds: float = 10) -> Path:
    found = tuple(Event(on, off, label, 0.9) for on, off, label in events)
    made = Result(f"films/{name}", "ok", duration=seconds, segments=10, events=found)
    return put(folder, f"results/{name}.json", json.dumps(made.document()))


@pytest.fixture
def results(tmp_path: Path) -> Path:
    result(tmp_path, "a.mp4", (1.0, 4.0, "Bark"), (6.0, 8.0, "Rain"))
    result(tmp_path, "b.mp4", (0.0, 10.0, "Meow"))
    put(tmp_path, "notes/a.txt", "0.5\t4\tBark\n6\t8\tBark\n")
    put(tmp_path, "notes/b.txt", "0\t10\tMeow\n")
    return tmp_path / "results"


def test_the_table(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(results), "--against", str(tmp_path / "notes")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "2 films, 20 s; right: tIoU 0.5 or more",
        "segment accuracy   85.00%",
        "event F1           0.667",
        "onset  error       0.25 s (median), +0.25 s (mean, + is late), 0.50 s (largest)",
        "offset error       0.00 s (median), +0.00 s (mean, + is late), 0.00 s (largest)",
        "  label  annotated  found  right     F1  accuracy  onset error",
        "  Bark           2      1      1  0.667    50.00%      +0.50 s",
        "  Meow           1      1      1  1.000   100.00%      +0.00 s",
        "  Rain           0      1      0  0.000     0.00%            -",
    ]


def test_as_json(results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = [tmp_path / "notes" / "a.txt", "--json"]
    code, numbers = run_json(
        capsys, "evaluate", results / "a.mp4.json", results / "b.mp4.json", "--against", *given
    )
    assert code == 0
    assert (numbers["films"], numbers["right"], numbers["found"]) == (1, 1, 2)
    assert numbers["not_annotated"] == ["films/b.mp4"]
    assert numbers["labels"]["Bark"]["onset_error"] == {"median": 0.5, "mean": 0.5, "largest": 0.5}


def test_results_against_themselves_are_right(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, numbers = run_json(capsys, "evaluate", results, "--against", results, "--json")
    assert code == 0
    assert (numbers["event_f1"], numbers["segment_accuracy"]) == (1, 1)


def test_labels_are_renamed_to_those_of_the_results(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "more/a.txt", "1\t4\twuff\n6\t8\tdrops\n")
    names = ["--rename", "wuff=Bark", "--rename", "drops=Rain"]
    given = ["--against", tmp_path / "more", *names, "--json"]
    _, numbers = run_json(capsys, "evaluate", results / "a.mp4.json", *given)
    assert numbers["event_f1"] == 1


def test_what_is_not_compared_is_told(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "notes/gone.txt", "1\t2\tBark\n")
    put(tmp_path, "results/c.mp4.json", json.dumps(failed().document()))
    (tmp_path / "notes" / "b.txt").unlink()
    assert main(["evaluate", str(results), "--against", str(tmp_path / "notes")]) == 3
    err = capsys.readouterr().err
    assert "left out: " in err
    assert "gone.txt: is about 'gone', and no such film is among the results" in err
    assert "note: films/b.mp4: no annotation is about it; it counts for nothing" in err
    assert "note: c.mp4: it failed (c.mp4: the file has 0 bytes); it counts for nothing" in err


def test_frames_of_a_film_that_is_not_there(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box = '<box frame="{}" outside="{}"/>'
    track = f'<track label="Bark">{box.format(25, 0)}{box.format(100, 1)}</track>'
    notes = put(tmp_path, "a.xml", f"<annotations><version>1.1</version>{track}</annotations>")
    given = ["evaluate", str(results / "a.mp4.json"), "--against", str(notes)]
    code, err = refused(capsys, *given)
    assert code == 2
    assert "its film's frames a second are not known; give them with --frame-rate" in err
    _, numbers = run_json(capsys, *given, "--frame-rate", "25", "--json")
    assert numbers["labels"]["Bark"]["right"] == 1


def test_a_result_whose_length_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = result(tmp_path, "a.mp4", (1, 4, "Bark"), seconds=float("nan"))
    notes = put(tmp_path, "a.txt", "1\t4\tBark\n")
    _, numbers = run_json(capsys, "evaluate", path, "--against", notes, "--json")
    assert (numbers["seconds"], numbers["event_f1"]) == (10, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--against", "notes"],
            "--against: give results to compare, as `avel localize --out` wrote",
        ),
        (["results", "--against", "notes", "--data", "x"], "--data and --against: give one of the"),
        (
            ["results", "--against", "notes", "--protocol", "psp"],
            "--protocol and --against: give on",
        ),
        (
            ["results", "--against", "notes", "--out", "x"],
            "--out and --against: give one of the two",
        ),
        (
            ["results", "--against", "notes", "--split", "test"],
            "--split and --against: give one of the two",
        ),
        (["results", "--against", "gone"], "gone: no such file or folder"),
        (
            ["results", "results", "--against", "notes"],
            "films/a.mp4 has a result already; give one",
        ),
        (["--data", "x", "--merge", "first"], "--merge says how annotations are read; give some"),
        (["--data", "x", "--frame-rate", "25"], "--frame-rate says how annotations are read"),
        (["results", "--data", "x"], "results: results are compared --against annotations"),
        ([], "give --data DATASET, whose split a model is evaluated on, or --against ANNOTATIONS"),
    ],
)
def test_what_is_refused(
    words: list[str],
    said: str,
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert results.is_dir()
    monkeypatch.chdir(tmp_path)
    code, err = refused(capsys, "evaluate", *words)
    assert code == 2
    assert said in err
