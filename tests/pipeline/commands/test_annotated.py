"""Options of commands that read annotations."""

import argparse
from fractions import Fraction
from pathlib import Path

import pytest

from avel.pipeline.annotations.agreement import Agreement
from avel.pipeline.annotations.gather import Gathered
from avel.pipeline.commands.annotated import UNSAID, add_rules, rate, rules, tell
from avel.pipeline.reasons import InputError


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_rules(parser)
    return parser.parse_args(words)


def test_what_is_meant_without_a_word() -> None:
    args = parsed()
    made = rules(args)
    assert (dict(made.renames), made.point_seconds, made.frame_rate) == ({}, 0, None)
    assert (args.merge, args.tier) == ("refuse", [])


def test_what_the_options_say(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("a,b\n")
    words = ["--rename", "Brak=Bark", "--renames", str(tmp_path / "names.csv"), "--point", "0.5"]
    made = rules(parsed(*words, "--frame-rate", "30000/1001"))
    assert made.renames == {"Brak": "Bark", "a": "b"}
    assert (made.point_seconds, made.frame_rate) == (0.5, Fraction(30_000, 1001))
    assert parsed("--tier", "a", "--tier", "b").tier == ["a", "b"]


@pytest.mark.parametrize(("text", "value"), [("25", 25), ("29.97", Fraction(2997, 100))])
def test_rates(text: str, value: Fraction) -> None:
    assert rate(text) == value


@pytest.mark.parametrize("text", ["", "x", "0", "-25", "25/0", "1e9"])
def test_what_is_no_rate(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        parsed("--frame-rate", text)
    err = capsys.readouterr().err
    assert "is no rate such as 25 or 30000/1001" in err or "must be in (0, 1000] frames" in err


@pytest.mark.parametrize("text", ["-1", "nan", "inf"])
def test_a_length_that_is_none(text: str) -> None:
    with pytest.raises(InputError, match=r"--point \(.+\) must be a length in seconds, 0 or more"):
        rules(parsed(f"--point={text}"))


def test_what_is_told_and_in_which_order(capsys: pytest.CaptureFixture[str]) -> None:
    both = Agreement("Ann", "Ben", (Path("a.mp4"),), 10, 0.4, 0.1, 0.5)
    tell(Gathered((), (both,), ("a problem",), ("a note",)))
    assert capsys.readouterr().err.splitlines() == [
        "note: a note",
        "two annotators: a.mp4: Ann and Ben agree in 40% of 10 s, kappa 0.10, event F1 0.50",
        "left out: a problem",
    ]


def test_what_nobody_gave_is_known_of_every_rule() -> None:
    assert vars(parsed()) == UNSAID
