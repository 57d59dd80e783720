"""Results made earlier, and where their films lie now."""

from pathlib import Path

import pytest

from avel.pipeline.commands.found import film_of
from tests.pipeline.commands.said import refused


def test_a_film_is_looked_for_from_here_and_from_its_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "a.mp4").touch()
    written = tmp_path / "out" / "a.mp4.json"
    assert film_of("films/a.mp4", written) == tmp_path / "films" / "a.mp4"
    assert film_of("elsewhere/a.mp4", tmp_path / "films" / "a.json") == tmp_path / "films" / "a.mp4"
    monkeypatch.chdir(tmp_path)
    assert film_of("films/a.mp4", written) == Path("films/a.mp4")
    assert film_of("gone.mp4", written) == Path("gone.mp4")


@pytest.mark.parametrize("command", ["clip", "overlay"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "give videos to localize, or --results of an earlier run: one of the two"),
        (
            ["a.mp4", "--results", "r"],
            "give videos to localize, or --results of an earlier run: one of the two",
        ),
        (
            ["--results", "r", "--model", "m"],
            "--results are made: --model, --labels and --threshold need videos",
        ),
        (
            ["--results", "r", "--threshold", "0.5"],
            "--results are made: --model, --labels and --threshold need videos",
        ),
    ],
)
def test_what_does_not_go_together(
    capsys: pytest.CaptureFixture[str], command: str, given: list[str], message: str
) -> None:
    code, text = refused(capsys, command, "--out", "o", *given)
    assert (code, text) == (2, f"avel: {message}\n")


@pytest.mark.parametrize("command", ["clip", "overlay"])
def test_what_is_no_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    (tmp_path / "r.json").write_text("{}")
    code, text = refused(capsys, command, "--results", tmp_path / "r.json", "--out", tmp_path / "o")
    assert code == 2
    assert "r.json" in text
    code, text = refused(
        capsys, command, "--results", tmp_path / "none.json", "--out", tmp_path / "o"
    )
    assert code == 2
    assert "none.json: cannot be read" in text
