"""The words that a user gives, or a file of them."""

from collections.abc import Sequence
from pathlib import Path

from avel.pipeline.media.text import read_lines
from avel.pipeline.reasons import InputError


def read_labels(given: Sequence[str] | None) -> tuple[str, ...]:
    """Labels as given, or the lines of the one file that is given; none where None is.

    Raises:
        InputError: the file is not UTF-8, or there is no word.
    """
    if given is None:
        return ()
    path = Path(given[0]) if len(given) == 1 else None
    words = _lines(path) if path and path.is_file() else tuple(given)
    if not words:
        raise InputError("labels: no word was given; give at least one, or a model")
    return words


def _lines(path: Path) -> tuple[str, ...]:
    return tuple(line.strip() for line in read_lines(path) if line.strip())
