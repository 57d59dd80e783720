"""How much is told: notes, and what a command took; failures whatever was asked."""

import re

import pytest

from avel.pipeline.work.talk import Talk, is_quiet, is_verbose, note, talking


def test_notes_are_told_as_it_was_asked(capsys: pytest.CaptureFixture[str]) -> None:
    for talk, told in ((Talk.QUIET, ""), (Talk.USUAL, "a\n")):
        with talking(talk):
            note("a")
            assert is_quiet() == (talk is Talk.QUIET)
        assert capsys.readouterr().err == told
    assert not is_quiet()


def test_what_fails_leaves_it_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyError), talking(Talk.VERBOSE):
        raise KeyError
    assert not is_verbose()
    assert capsys.readouterr().err == ""


def test_what_it_took(capsys: pytest.CaptureFixture[str]) -> None:
    with talking(Talk.VERBOSE):
        assert is_verbose()
        note("a note")
    said, took = capsys.readouterr().err.splitlines()
    assert said == "a note"
    found = re.fullmatch(r"took ([\d.]+) s, ([\d.]+) s of processors, (\d+) MB at most in .*", took)
    assert found
    assert float(found[1]) < 60
    assert float(found[2]) > 0.05  # of this process since it began
    assert int(found[3]) > 10
