"""Reason codes and the errors that carry one."""

import pickle
import re
from pathlib import Path

import pytest

from avel.pipeline.reasons import (
    PARTIAL,
    EnvironmentProblem,
    InputError,
    MediaError,
    Reason,
)


def test_a_code_is_its_own_word() -> None:
    """Results and logs hold the words, so a code's name and value must be one."""
    assert all(reason.value == reason.name == str(reason) for reason in Reason)
    assert sorted(["TIMEOUT", Reason.EMPTY]) == ["EMPTY", "TIMEOUT"]


def test_partial_results_are_those_of_which_something_was_read() -> None:
    assert {Reason.NO_AUDIO, Reason.NO_VIDEO, Reason.TRUNCATED} == PARTIAL
    assert Reason.EMPTY not in PARTIAL


def test_the_codes_are_the_documented_ones() -> None:
    text = (Path(__file__).parents[2] / "docs" / "results.md").read_text()
    line = next(line for line in text.splitlines() if line.startswith("| `reasons` |"))
    assert set(re.findall(r"[A-Z]+(?:_[A-Z]+)*", line)) == set(Reason)


def test_a_media_error_says_its_code_and_its_words() -> None:
    error = MediaError(Reason.EMPTY, "a.mp4: the file has 0 bytes")
    assert (error.reason, error.message) == (Reason.EMPTY, "a.mp4: the file has 0 bytes")
    assert str(error) == "EMPTY: a.mp4: the file has 0 bytes"


def test_a_media_error_crosses_processes_whole() -> None:
    """It is raised where a file is decoded and reported somewhere else."""
    error = MediaError(Reason.OOM, "a.mp4: out of memory")
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        copy = pickle.loads(pickle.dumps(error, protocol))
        assert type(copy) is MediaError
        assert (copy.reason, copy.message, str(copy)) == (error.reason, error.message, str(error))


@pytest.mark.parametrize("kind", [InputError, EnvironmentProblem])
def test_what_the_user_and_the_machine_lack_are_no_media_errors(kind: type[Exception]) -> None:
    """Their exit codes differ (2, 4, and 3 for single files): no `except` may mix them."""
    assert not issubclass(kind, MediaError)
    assert str(kind("what, value, rule")) == "what, value, rule"
