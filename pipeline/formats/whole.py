"""Files that are there whole or not at all, of text that UTF-8 can always hold."""

import os
from contextlib import suppress
from pathlib import Path

from avel.pipeline.reasons import EnvironmentProblem


def readable(text: str) -> str:
    r"""Text with what UTF-8 cannot hold as `\udc80`, which JSON reads back as it was.

    Python keeps a file name's bytes that are no UTF-8 as lone surrogates.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_whole(path: Path, text: str) -> None:
    """Write a file under another name, then give it its own; its folder is made.

    Raises:
        EnvironmentProblem: the folder cannot be written or the disk is full; nothing is left.
    """
    part = part_of(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(readable(text), "utf-8")
        os.replace(part, path)
    except OSError as err:
        raise unwritable(path, err) from err
    finally:
        with suppress(OSError):
            part.unlink()


def part_of(path: Path) -> Path:
    """Where a file is written until it is whole."""
    return path.with_name(f".{path.name}.{os.getpid()}.part")


def unwritable(path: Path, err: OSError) -> EnvironmentProblem:
    """The error of a file that cannot be written."""
    return EnvironmentProblem(
        f"{path}: cannot be written ({err.strerror or err}); give another folder, or free space "
        "and run again"
    )
