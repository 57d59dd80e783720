import errno
import os
from pathlib import Path

import pytest

from avel.cache.errors import CacheError, CacheUnavailable, reading, unavailable, writing

PATH = Path("/cache/features/a.h5")


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.EACCES, "give this user the right to read it"),
        (errno.EPERM, "give this user the right to read it"),
        (errno.EMFILE, r"`ulimit -n`.*fewer --workers"),
        (errno.ENFILE, r"`ulimit -n`.*fewer --workers"),
        (errno.ENOMEM, "leave it more memory"),
        (errno.EIO, "disk or network share answers"),
        (errno.ESTALE, "disk or network share answers"),
        (errno.ENETDOWN, "disk or network share answers"),
        (errno.ETIMEDOUT, "disk or network share answers"),
    ],
)
def test_a_refusal_to_read_names_file_cause_and_remedy(number: int, remedy: str) -> None:
    with (
        pytest.raises(
            CacheUnavailable,
            match=rf"^{PATH}: cannot be read now \({os.strerror(number)}\), which does not make it "
            rf"damaged; .*{remedy}.*, and run again$",
        ),
        reading(PATH),
    ):
        raise OSError(number, os.strerror(number))


def test_memory_that_python_lacks_is_a_refusal() -> None:
    with pytest.raises(CacheUnavailable, match="Cannot allocate memory"), reading(PATH):
        raise MemoryError


def test_an_error_without_errno_keeps_its_words() -> None:
    assert "(odd)" in str(unavailable(PATH, OSError("odd")))


def test_no_file_is_left_to_the_caller() -> None:
    with pytest.raises(FileNotFoundError), reading(PATH):
        raise FileNotFoundError(errno.ENOENT, "No such file")


def test_a_file_in_the_place_of_a_folder_is_no_file() -> None:
    with pytest.raises(FileNotFoundError, match="Not a directory"), reading(PATH):
        raise NotADirectoryError(errno.ENOTDIR, "Not a directory")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk(number: int) -> None:
    with (
        pytest.raises(CacheError, match=r"the disk is full; .*avel cache gc.*--cache-dir.*again$"),
        writing(PATH),
    ):
        raise OSError(number, os.strerror(number))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS])
def test_a_folder_that_may_not_be_written(number: int) -> None:
    with (
        pytest.raises(CacheError, match=r"cannot be written \(.*\); .*AVEL_CACHE_DIR") as caught,
        writing(PATH),
    ):
        raise OSError(number, os.strerror(number))
    assert not isinstance(caught.value, CacheUnavailable)


@pytest.mark.parametrize("number", [errno.EMFILE, errno.EIO, errno.ENOMEM, errno.ESTALE])
def test_trouble_that_another_folder_does_not_remedy(number: int) -> None:
    with (
        pytest.raises(CacheUnavailable, match=r"cannot be written now \(") as caught,
        writing(PATH),
    ):
        raise OSError(number, os.strerror(number))
    assert "--cache-dir" not in str(caught.value)


def test_other_places_have_other_remedies() -> None:
    with (
        pytest.raises(CacheError, match="Free some space here, and run again"),
        writing(PATH, room="here"),
    ):
        raise OSError(errno.ENOSPC, "")
