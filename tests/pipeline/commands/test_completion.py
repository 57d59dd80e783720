"""Shells complete what the parser knows: asked of bash itself, and read in the others' scripts."""

import argparse
import shutil
import subprocess
from collections.abc import Collection
from pathlib import Path

import pytest

from avel.pipeline.cli import COMMANDS, _parser, main
from avel.pipeline.commands.completion import SHELLS, WHERE, _actions, script

ASK = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
$(complete -p avel | sed 's/.*-F \\([^ ]*\\).*/\\1/')
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def bash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion") / "avel"
    path.write_text(script(_parser(*COMMANDS), "bash"))
    return path


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["lo"], ["localize"]),
        (["localize", "--qu"], ["--quiet"]),
        (["localize", "--decoder", "h"], ["hysteresis"]),
        (["localize", "film"], ["film.mp4"]),
        (["clip", "--out", "fol"], ["folder"]),
        (["cache", "ve"], ["verify"]),
        (["completion", ""], [*SHELLS]),
    ],
    ids=" ".join,
)
def test_bash_completes(
    bash: Path, words: list[str], found: Collection[str], tmp_path: Path
) -> None:
    (tmp_path / "film.mp4").touch()
    (tmp_path / "folder").mkdir()
    done = subprocess.run(
        ["bash", "-c", ASK, "bash", str(bash), "avel", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert {*done.stdout.split()} == {*found}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_gets_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    text = capsys.readouterr().out
    assert all(name in text for name in COMMANDS)
    if shutil.which(shell):
        checked = subprocess.run([shell, "-n"], input=text, text=True, check=False)
        assert checked.returncode == 0


def test_help_says_where_shells_look(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["completion", "--help"])
    out = capsys.readouterr().out
    assert {*WHERE} == {*SHELLS}
    assert all(place in out for place in WHERE.values())


def test_help_of_every_command_says_what_options_take_and_mean() -> None:
    """By its unit or kind, not by the option's own name again."""
    for action in _actions(_parser(*COMMANDS)):
        if action.option_strings and action.nargs != 0 and action.help != argparse.SUPPRESS:
            name = action.option_strings[-1]
            assert action.choices or action.metavar, name
            assert action.help, name
