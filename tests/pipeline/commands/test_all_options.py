"""Every option of every command: help that says what it takes, and how much is told."""

import argparse
import inspect
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from avel.pipeline.cli import COMMANDS, _parser, main
from avel.pipeline.commands.parser import TELL_NOTHING
from avel.pipeline.work.talk import is_verbose
from tests.pipeline.commands.made import failed, made

UNITS = {"SECONDS", "SHARE", "DIFFERENCE", "DAYS", "BYTES", "FILMS", "REQUESTS", "JOBS"}
"""What a fraction is of."""


def leaves(
    parser: argparse.ArgumentParser, name: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    actions = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    if not actions:
        yield name, parser
    for action in actions:
        for each, sub in action.choices.items():
            yield from leaves(sub, f"{name} {each}".strip())


PARSERS = dict(leaves(_parser(*COMMANDS)))
OPTIONS = [
    (name, action)
    for name, parser in PARSERS.items()
    for action in parser._actions
    if action.help is not argparse.SUPPRESS
]


def ids(given: object) -> str:
    if isinstance(given, argparse.Action):
        return (given.option_strings or [given.dest])[-1]
    return str(given)


@pytest.mark.parametrize(("name", "action"), OPTIONS, ids=ids)
def test_help_says_what_an_option_takes(name: str, action: argparse.Action) -> None:
    assert len((action.help or "").split()) >= 2, "a help in words"
    if not action.option_strings or action.nargs == 0:
        return
    assert action.metavar or action.choices, "what it takes has a name"
    if action.type is float:
        assert action.metavar in UNITS
    if action.type is Path:
        assert action.metavar != "N"
    if action.metavar == "N":
        assert action.type is not None, "a number is none of text"


@pytest.mark.parametrize("name", PARSERS)
def test_whatever_has_progress_or_notes_may_be_quiet(name: str) -> None:
    options = PARSERS[name]._option_string_actions
    tells = name.split()[-1] not in TELL_NOTHING
    assert [word in options for word in ("-q", "--quiet", "-v", "--verbose")] == [tells] * 4


@pytest.mark.parametrize("name", sorted(TELL_NOTHING & set(COMMANDS)))
def test_the_others_have_neither(name: str) -> None:
    text = inspect.getsource(import_module(f"avel.pipeline.commands.{name}"))
    assert not [word for word in ("warn(", "note(", "track(", "Progress(") if word in text]


def test_one_of_the_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["report", "r", "-q", "-v"])
    assert stopped.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_quiet_tells_of_failures_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--results", str(made(tmp_path)), "--results", str(failed(tmp_path))]
    assert main(["clip", *given, "--out", str(tmp_path / "o"), "--quiet"]) == 3
    captured = capsys.readouterr()
    assert captured.err == "gone.mp4: MISSING_FILE: gone.mp4: is not a file\n"
    assert len(captured.out.splitlines()) == 2  # the answer


def test_verbose_tells_what_it_took(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--results", str(made(tmp_path)), "--out", str(tmp_path / "o")]
    assert main(["overlay", *given, "-v"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("took ")
    assert err.rstrip().endswith(" MB at most in one process")
    assert not is_verbose()
