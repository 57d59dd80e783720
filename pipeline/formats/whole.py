"""Files that are there whole or not at all, of text that UTF-8 can always hold."""

from pathlib import Path

from avel.cache.whole import replacing
from avel.pipeline.reasons import EnvironmentProblem


def readable(text: str) -> str:
    r"""Text with what UTF-8 cannot hold as `\udc80`, which JSON reads back as it was.

    Python keeps a file name's bytes that are no UTF-8 as lone surrogates.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def write_whole(path: Path, text: str) -> None:
    """Write the bytes of a file under another name, then give it its own; its folder is made.

    Raises:
        EnvironmentProblem: the folder cannot be written or the disk is full; nothing is left.
    """
    try:
        with replacing(path, durable=False) as part:
            part.write_text(readable(text), "utf-8")
    except OSError as err:
        raise unwritable(path, err) from err


def unwritable(path: Path, err: OSError) -> EnvironmentProblem:
    """The error of a file that cannot be written."""
    return EnvironmentProblem(
        f"{path}: cannot be written ({err.strerror or err}); give another folder, or free space "
        "and run again"
    )
