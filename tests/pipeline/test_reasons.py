"""Reason codes and the errors that carry one."""

import errno
import os
import pickle
import re
from pathlib import Path

import pytest

from avel.pipeline.reasons import (
    EnvironmentProblem,
    InputError,
    MediaError,
    Reason,
    unreadable,
)


def test_a_code_is_its_own_word() -> None:
    """Results and logs hold the words, so a code's name and value must be one."""
    assert all(reason.value == reason.name == str(reason) for reason in Reason)
    assert sorted(["TIMEOUT", Reason.EMPTY]) == ["EMPTY", "TIMEOUT"]


@pytest.mark.parametrize(
    ("numbers", "reason", "words"),
    [
        ((errno.ENOENT, errno.ENOTDIR, errno.EISDIR), Reason.MISSING_FILE, "is not a file"),
        ((errno.ELOOP, errno.ENAMETOOLONG), Reason.MISSING_FILE, "is not a file"),
        ((errno.EACCES, errno.EPERM), Reason.PERMISSION, "may not be read; check its rights"),
        (
            (errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ESTALE, errno.ETIMEDOUT),
            Reason.UNAVAILABLE,
            r"cannot be read now \({why}\); run again once it can",
        ),
    ],
)
def test_why_the_system_does_not_hand_out_a_file(
    numbers: tuple[int, ...], reason: Reason, words: str
) -> None:
    for number in numbers:
        why = os.strerror(number)
        error = unreadable(Path("a.mp4"), OSError(number, why))
        assert error.reason == reason
        assert re.fullmatch("a.mp4: " + words.replace("{why}", re.escape(why)), error.message)


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
