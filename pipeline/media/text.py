"""Text files that a user gives: read in one way, and what is wrong is the user's to mend."""

from pathlib import Path

from avel.configs import text
from avel.pipeline.reasons import InputError


def read_text(path: Path) -> str:
    r"""A whole text file of a user's, without a byte order mark; its lines end with `\n`.

    Raises:
        InputError: it is not UTF-8, which names the line, counted from 1; or it cannot be read.
    """
    try:
        return text.read_text(path)
    except text.NotUtf8 as err:
        raise InputError(str(err)) from err
    except OSError as err:
        raise InputError(f"{path}: cannot be read ({err.strerror or err})") from err


def read_lines(path: Path) -> list[str]:
    """Its lines, counted from 1 in messages; only line ends end one, and the last may be empty.

    Raises:
        InputError: as `read_text`.
    """
    return read_text(path).split("\n")
