"""Words of a command line: names that begin with "-", options that files are named as, messages."""

import argparse
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.commands.parser import Parser


@pytest.fixture
def parser() -> Parser:
    """A command with everything that ours have."""
    whole = Parser(prog="avel")
    sub = whole.add_subparsers(required=True).add_parser("do")
    sub.add_argument("inputs", nargs="*")
    sub.add_argument("--out", type=Path)
    sub.add_argument("--set", action="append", default=[])
    sub.add_argument("--event", nargs="+", action="append", default=[])
    sub.add_argument("--json", action="store_true")
    sub.add_argument("--threshold", type=float)
    return whole


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(parser: Parser, *words: str) -> argparse.Namespace:
    return parser.parse_args(["do", *words])  # type: ignore[no-any-return]


def test_files_that_begin_with_a_dash(parser: Parser, here: Path) -> None:
    for name in ("-abcdefghij.mp4", "--weird", "-1", "- blank", "-\x1b\udcff"):
        Path(name).touch()
        found = read(parser, "--json", "a.mp4", name, name)
        assert [Path(given) for given in found.inputs] == [Path(n) for n in ("a.mp4", name, name)]
        assert found.json


def test_after_two_dashes_all_are_names(parser: Parser, here: Path) -> None:
    Path("-a.mp4").touch()
    assert read(parser, "--json", "--", "-a.mp4", "--json", "-none").inputs == [
        *("-a.mp4", "--json", "-none"),
    ]


def test_an_option_is_one_whatever_file_has_its_name(parser: Parser, here: Path) -> None:
    for name in ("--json", "-h", "--out", "--out=x"):
        Path(name).touch()
    found = read(parser, "a.mp4", "--json", "--out=x")
    assert (found.inputs, found.json, found.out) == (["a.mp4"], True, Path("x"))
    with pytest.raises(SystemExit) as stopped:
        read(parser, "-h")
    assert stopped.value.code == 0
    assert read(parser, "./--json").inputs == ["./--json"]


def test_values_that_begin_with_a_dash(parser: Parser, here: Path) -> None:
    """Also of what is not there yet, such as a folder to write into."""
    assert read(parser, "--out", "-o", "a.mp4").out == Path("-o")
    assert read(parser, "--out", "--weird").out == Path("--weird")
    Path("-o").mkdir()
    assert read(parser, "--out", "-o").out == Path("-o")
    found = read(parser, "--threshold", "-1.5", "--set", "-a=b", "--set", "c=-d")
    assert (found.threshold, found.set) == (-1.5, ["-a=b", "c=-d"])
    Path("-film.mp4").touch()
    assert read(parser, "--event", "Bark", "-film.mp4", "2-5").event == [
        ["Bark", "./-film.mp4", "2-5"]
    ]


def test_a_value_is_not_taken_from_an_option(
    parser: Parser, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        read(parser, "--out", "--json")
    assert stopped.value.code == 2
    assert "argument --out: expected one argument" in capsys.readouterr().err


def test_what_is_neither_is_named_without_driving_the_terminal(
    parser: Parser, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        read(parser, "-no\x1b[31m\nfile")
    assert stopped.value.code == 2
    said = capsys.readouterr().err
    assert said.endswith("error: unrecognized arguments: -no\\u001b[31m\\nfile\n")
    with pytest.raises(SystemExit):
        read(parser, "--threshold", "\x1bx")
    assert "\x1b" not in capsys.readouterr().err


@given(st.lists(st.binary(min_size=1, max_size=6).map(os.fsdecode), min_size=1, max_size=4))
def test_any_names_after_two_dashes(names: list[str]) -> None:
    whole = Parser()
    whole.add_argument("--json", action="store_true")
    whole.add_argument("inputs", nargs="*")
    wanted = [name for name in names if name != "--"]
    assert whole.parse_args(["--", *wanted]).inputs == wanted
