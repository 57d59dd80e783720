"""Weights are fetched where somebody is asked and says yes, and nowhere else."""

import io
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from avel.extractors.weights.files import MissingWeights, WeightsError
from avel.pipeline.cli import main
from avel.pipeline.commands.ask import with_weights
from avel.pipeline.exchange import weight_files


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Maker:
    """Lacks weights until they are there; counts how often it is asked."""

    def __init__(self, group: str = "everyday") -> None:
        self.error, self.there, self.asked = MissingWeights("no ears", group), False, 0

    def __call__(self) -> str:
        self.asked += 1
        if not self.there:
            raise self.error
        return "made"


@pytest.fixture
def maker(monkeypatch: pytest.MonkeyPatch) -> Maker:
    """Its weights come by the registry's name of all of them."""
    made = Maker()

    def fetch(group: str) -> Any:
        assert group == "everyday"
        made.there = True
        yield SimpleNamespace(content="ears", licence="MIT", doubt="from a copy"), Path("w/ears.pt")

    monkeypatch.setattr(weight_files, "fetch_published", fetch)
    return made


@pytest.fixture
def at_terminal(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Terminal]:
    """Somebody types an answer; what they read."""

    def sit(answer: str) -> Terminal:
        said = Terminal()
        monkeypatch.setattr(sys, "stdin", Terminal(answer))
        monkeypatch.setattr(sys, "stderr", said)
        return said

    return sit


def test_what_is_there_is_not_asked_for(
    maker: Maker, at_terminal: Callable[[str], Terminal]
) -> None:
    said, maker.there = at_terminal("\n"), True
    assert with_weights(maker) == "made"
    assert (said.getvalue(), maker.asked) == ("", 1)


@pytest.mark.parametrize("answer", ["\n", "y\n", "Yes\n", " Y \n"])
def test_yes_fetches_and_goes_on(
    maker: Maker, at_terminal: Callable[[str], Terminal], answer: str
) -> None:
    said = at_terminal(answer)
    assert with_weights(maker) == "made"
    assert maker.asked == 2
    question, _, told = said.getvalue().partition("[Y/n] ")
    assert "The everyday model needs weights" in question
    assert "(4 MB, licence MIT)" in question
    assert told == "w/ears.pt  ears; licence MIT (from a copy)\n"


@pytest.mark.parametrize("answer", ["n\n", "no\n", "what\n", ""])
def test_no_or_no_answer_is_no(
    maker: Maker, at_terminal: Callable[[str], Terminal], answer: str
) -> None:
    """Also the end of the input, as by Ctrl-D."""
    said = at_terminal(answer)
    with pytest.raises(MissingWeights, match="no ears"):
        with_weights(maker)
    assert said.getvalue().count("[Y/n]") == maker.asked == 1


@pytest.mark.parametrize("deaf", ["stdin", "stderr"])
def test_nobody_is_asked_without_a_terminal(
    maker: Maker,
    at_terminal: Callable[[str], Terminal],
    monkeypatch: pytest.MonkeyPatch,
    deaf: str,
) -> None:
    said = at_terminal("y\n")
    monkeypatch.setattr(sys, deaf, io.StringIO("y\n"))
    with pytest.raises(MissingWeights):
        with_weights(maker)
    assert (said.getvalue(), maker.asked) == ("", 1)


def test_what_nothing_fetches_is_not_asked_for(at_terminal: Callable[[str], Terminal]) -> None:
    said = at_terminal("y\n")
    with pytest.raises(MissingWeights):
        with_weights(Maker(group=""))
    assert said.getvalue() == ""


def test_weights_that_cannot_be_fetched(
    maker: Maker, at_terminal: Callable[[str], Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once is enough: it is not asked again."""

    def offline(group: str) -> Any:
        raise WeightsError("cannot be downloaded")

    monkeypatch.setattr(weight_files, "fetch_published", offline)
    at_terminal("y\n")
    with pytest.raises(WeightsError, match="cannot be downloaded"):
        with_weights(maker)
    assert maker.asked == 1


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
