"""Weights are fetched where somebody is asked and says yes, and nowhere else."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from avel.extractors.weights.files import MissingWeights, WeightsError
from avel.pipeline.cli import main
from avel.pipeline.commands.ask import fetch_or_raise
from avel.pipeline.exchange import weight_files


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


MISSING = MissingWeights("no ears", "everyday")


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names by which weights were fetched; nothing is."""
    names: list[str] = []

    def fetch(group: str) -> Any:
        names.append(group)
        yield SimpleNamespace(content="ears", licence="MIT", doubt="from a copy"), Path("w/ears.pt")

    monkeypatch.setattr(weight_files, "fetch_published", fetch)
    return names


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Terminal]:
    """Somebody types an answer; what they read."""

    def sit(answer: str) -> Terminal:
        said = Terminal()
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        monkeypatch.setattr(sys, "stderr", said)
        return said

    return sit


@pytest.mark.parametrize("answer", ["\n", "y\n", "Yes\n", " Y \n"])
def test_yes_fetches(
    fetched: list[str], at_terminal: Callable[[str], Terminal], answer: str
) -> None:
    said = at_terminal(answer)
    fetch_or_raise(MISSING)
    assert fetched == ["everyday"]
    question, _, told = said.getvalue().partition("[Y/n] ")
    assert "The everyday model needs weights" in question
    assert "(4 MB, licence MIT)" in question
    assert told == "w/ears.pt  ears; licence MIT (from a copy)\n"


@pytest.mark.parametrize("answer", ["n\n", "no\n", "what\n", ""])
def test_no_or_no_answer_is_no(
    fetched: list[str], at_terminal: Callable[[str], Terminal], answer: str
) -> None:
    """Also the end of the input, as by Ctrl-D."""
    said = at_terminal(answer)
    with pytest.raises(MissingWeights, match="no ears"):
        fetch_or_raise(MISSING)
    assert (said.getvalue().count("[Y/n]"), fetched) == (1, [])


@pytest.mark.parametrize("deaf", ["stdin", "stderr"])
def test_nobody_is_asked_without_a_terminal(
    fetched: list[str],
    at_terminal: Callable[[str], Terminal],
    monkeypatch: pytest.MonkeyPatch,
    deaf: str,
) -> None:
    said = at_terminal("y\n")
    monkeypatch.setattr(sys, deaf, io.StringIO("y\n"))
    with pytest.raises(MissingWeights):
        fetch_or_raise(MISSING)
    assert (said.getvalue(), fetched) == ("", [])


def test_what_nothing_fetches_is_not_asked_for(
    fetched: list[str], at_terminal: Callable[[str], Terminal]
) -> None:
    said = at_terminal("y\n")
    with pytest.raises(MissingWeights):
        fetch_or_raise(MissingWeights("no eyes"))
    assert (said.getvalue(), fetched) == ("", [])


def test_weights_that_cannot_be_fetched(
    at_terminal: Callable[[str], Terminal],
    monkeypatch: pytest.MonkeyPatch,
    no_weights: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Once is enough: it is not asked again."""

    def offline(group: str) -> Any:
        raise WeightsError("cannot be downloaded")

    monkeypatch.setattr(weight_files, "fetch_published", offline)
    said = at_terminal("y\n")
    (tmp_path / "a.mp4").touch()
    assert main(["localize", str(tmp_path / "a.mp4")]) == 4
    assert said.getvalue().count("[Y/n]") == 1
    assert said.getvalue().endswith("avel: cannot be downloaded\n")


def test_the_command_goes_on_with_what_was_fetched(
    at_terminal: Callable[[str], Terminal],
    monkeypatch: pytest.MonkeyPatch,
    no_weights: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The answer's lines are no part of what a program reads."""

    def fetch(group: str) -> Any:
        (tmp_path / "no-weights").mkdir()
        file = tmp_path / "no-weights" / "mn04_as_mAP_432.pt"
        file.write_text("ears")
        yield SimpleNamespace(content="ears", licence="MIT", doubt=""), file

    monkeypatch.setattr(weight_files, "fetch_published", fetch)
    at_terminal("y\n")
    film = tmp_path / "a.mp4"
    film.touch()
    assert main(["localize", str(film), "--json", "--cache-dir", str(tmp_path / "cache")]) == 3
    (result,) = json.loads(capsys.readouterr().out)
    assert result["reasons"] == ["EMPTY"]
    assert result["model"]["name"] == "everyday"


@pytest.mark.parametrize("given", [(), ("--model", "everyday"), ("--events", "none.yaml")])
def test_elsewhere_the_command_ends_with_4_and_both_ways_out(
    given: tuple[str, ...],
    no_weights: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("nothing may be decoded")

    monkeypatch.setattr("avel.pipeline.media.decoder.Decoders.start", never)
    film = tmp_path / "a.mp4"
    film.touch()
    assert main(["localize", str(film), *given, "--cache-dir", str(tmp_path / "cache")]) == 4
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "mn04_as_mAP_432.pt: not found" in said
    assert "`avel weights fetch everyday` (4 MB, licence MIT)" in said
    assert "--model synthetic for drawn films" in said
    assert "--labels for words" in said
    assert not (tmp_path / "cache").exists()


def test_other_models_need_no_such_weights(
    no_weights: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").touch()
    argv = ["localize", str(tmp_path / "a.mp4"), "--cache-dir", str(tmp_path / "cache")]
    assert main([*argv, "--model", "synthetic"]) == 3  # the file is empty
    assert "EMPTY" in capsys.readouterr().out
