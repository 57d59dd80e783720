"""The words that a user gives, or a file of them."""

from pathlib import Path

from avel.pipeline.reasons import InputError


def read_labels(given: list[str]) -> tuple[str, ...]:
    """Labels as given, or the lines of the one file that is given.

    Raises:
        InputError: the file is not text.
    """
    path = Path(given[0]) if len(given) == 1 else None
    if path is None or not path.is_file():
        return tuple(given)
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as err:
        raise InputError(f"{path}: is no list of labels (not UTF-8 text)") from err
    return tuple(line.strip() for line in lines if line.strip())
