"""What is shown fits the terminal and obeys what it says it can; a pipe gets plain text."""

import io
import os
import sys

import pytest

from avel.pipeline.work import screen as module
from avel.pipeline.work.screen import LEAST_COLUMNS, Screen, padded, screen, width


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of one of 80 columns with colours, which tests change."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return monkeypatch


def seen(encoding: str = "utf-8") -> Screen:
    with pytest.MonkeyPatch.context() as patch:  # pytest sets stdout between fixture and test
        patch.setattr(sys, "stdout", Terminal(io.BytesIO(), encoding=encoding))
        return screen()


def test_a_terminal(terminal: pytest.MonkeyPatch) -> None:
    assert seen() == Screen(80, colours=True, draws=True)


@pytest.mark.parametrize(
    ("name", "value", "colours"),
    [
        ("NO_COLOR", "1", False),
        ("NO_COLOR", "0", False),
        ("NO_COLOR", "", True),
        ("TERM", "dumb", False),
        ("TERM", None, False),
    ],
)
def test_colours_are_asked_of_the_environment(
    terminal: pytest.MonkeyPatch, name: str, value: str | None, colours: bool
) -> None:
    """As no-color.org says: whatever the value, unless it is empty."""
    terminal.delenv(name, raising=False)
    if value is not None:
        terminal.setenv(name, value)
    assert seen().colours == colours
    assert seen().columns == 80


def test_a_pipe_and_what_is_closed_are_no_terminal(terminal: pytest.MonkeyPatch) -> None:
    closed = io.TextIOWrapper(io.BytesIO())
    closed.close()
    for stream in (io.StringIO(), None, closed):
        terminal.setattr(sys, "stdout", stream)
        assert screen() == Screen(None, colours=False)


def test_an_encoding_that_has_no_lines(terminal: pytest.MonkeyPatch) -> None:
    assert not seen("ascii").draws


def test_a_terminal_that_says_nothing_of_its_width(terminal: pytest.MonkeyPatch) -> None:
    size = os.terminal_size((3, 1))
    terminal.setattr(module.shutil, "get_terminal_size", lambda: size)
    assert seen().columns == LEAST_COLUMNS


def test_paint() -> None:
    assert Screen(80, colours=True).paint("a", 31) == "\x1b[31ma\x1b[0m"
    assert Screen(80, colours=True).paint("", 31) == ""
    assert Screen(80).paint("a", 31) == "a"


@pytest.mark.parametrize(
    ("text", "columns"),
    [("abc", 3), ("", 0), ("犬の声", 6), ("e\u0301", 1), ("a\u200db", 2), ("ｱ", 1), ("🐕", 2)],
)
def test_width(text: str, columns: int) -> None:
    assert width(text) == columns
    assert width(padded(text, 9)) == 9
    assert padded(text, 9).startswith(text)


@pytest.mark.parametrize(
    ("text", "columns", "begin", "end"),
    [
        ("bark", 4, "bark", "bark"),
        ("barking", 4, "bar…", "…ing"),
        ("犬の鳴き声", 6, "犬の…", "…き声"),
        ("barking", 1, "…", "…"),
        ("barking", 0, "", ""),
    ],
)
def test_text_is_cut_to_columns(text: str, columns: int, begin: str, end: str) -> None:
    assert Screen(80).cut(text, columns) == begin
    assert Screen(80).cut_before(text, columns) == end
    plain = Screen(80, draws=False)
    assert plain.cut(text, columns) == begin.replace("…", "~")
    assert plain.cut_before(text, columns) == end.replace("…", "~")
