"""`avel dataset suggest`, from results to tasks."""

import json
from pathlib import Path

import pytest

from avel.pipeline.cli import main
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result


def put(folder: Path, name: str, *relevance: float, **given: object) -> Path:
    """A result of a film."""
    T = len(relevance)
    words = {"decoder": {"threshold": 0.5}, "relevance": relevance, **given}
    status = "ok" if T else "failed"
    result = Result(f"{name}.mp4", status, duration=float(T), segments=T, **words)  # type: ignore[arg-type]
    path = folder / f"{name}.mp4.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(result.document()))
    return path


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results"
    event = Event(2, 5, "Bark", 0.9)
    put(folder, "sure", *[0.0] * 10)
    senses = {"heard": (("Bark", 0.9),) * 10, "seen": (("Cat", 0.2),) * 10}
    put(folder, "torn", *[0.5] * 10, events=(event,), **senses)
    put(folder, "gone")
    return folder


def suggest(*words: object) -> int:
    return main(["dataset", "suggest", *map(str, words), "--model", "synthetic"])


def test_the_film_whose_senses_disagree_comes_first(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tasks"
    words = (results, "--out", out, "--count", 1, "--cache-dir", tmp_path / "cache")
    assert suggest(*words) == 0
    told = capsys.readouterr()
    assert "torn.mp4  0-10 s  Bark: sight and sound disagree, near the threshold" in told.out
    assert "1 stretch(es) of 1 film(s)" in told.out
    assert "1 of 3 film(s) failed and are left out" in told.err
    assert "has no features in the cache, so films are compared by what the results" in told.err
    (task,) = json.loads((out / "events.labelstudio.json").read_text())
    labels = [region["value"]["labels"] for region in task["predictions"][0]["result"]]
    assert labels == [["suggested"], ["Bark"]]


def test_what_is_labelled_is_not_asked_for_again(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = tmp_path / "torn.txt"
    said.write_text("2.0\t5.0\tBark\n")
    words = (results, "--out", tmp_path / "tasks", "--cache-dir", tmp_path / "cache")
    assert suggest(*words, "--labelled", said, "--format", "audacity") == 0
    assert "torn.mp4" not in capsys.readouterr().out
    assert (tmp_path / "tasks" / "sure.mp4.audacity.txt").is_file()


def test_nothing_left_to_label_is_said(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("sure", "torn"):
        (tmp_path / f"{name}.txt").write_text("2.0\t5.0\tBark\n")
    words = (results, "--out", tmp_path / "tasks", "--labelled")
    assert suggest(*words, tmp_path / "sure.txt", tmp_path / "torn.txt") == 2
    assert (
        "nothing is left to label: annotations are about all 2 film(s)" in capsys.readouterr().err
    )


@pytest.mark.parametrize("formats", [["eaf,Audacity"], ["eaf", "audacity"]])
def test_formats_with_commas_or_spaces(results: Path, tmp_path: Path, formats: list[str]) -> None:
    out = tmp_path / "tasks"
    words = (results, "--out", out, "--cache-dir", tmp_path / "cache", "--format", *formats)
    assert suggest(*words) == 0
    assert {*out.glob("torn*")} == {out / "torn.mp4.eaf", out / "torn.mp4.audacity.txt"}
    assert not (out / "events.labelstudio.json").exists()


@pytest.mark.usefixtures("no_weights")
def test_without_the_models_weights_films_are_compared_by_what_is_named(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are asked for where they are named; the usual model is nobody's wish."""
    words = ["dataset", "suggest", str(results), "--out", str(tmp_path / "tasks")]
    assert main(words) == 0
    told = capsys.readouterr()
    assert (
        "films are compared by what the results name; the everyday model lacks weights" in told.err
    )
    assert "torn.mp4  0-10 s" in told.out
    assert main([*words, "--model", "everyday"]) == 4


def test_a_format_that_does_not_come_back_is_refused(
    results: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert suggest(results, "--out", tmp_path / "tasks", "--format", "kdenlive") == 2
    assert "--format kdenlive: does not come back as annotations; give" in capsys.readouterr().err


def test_results_of_failed_films_alone_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(tmp_path, "gone")
    assert suggest(path, "--out", tmp_path / "tasks") == 2
    assert "no film in it was localized; run `avel localize`" in capsys.readouterr().err
