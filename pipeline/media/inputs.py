"""What a user names on the command line into a list of local files."""

import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

from avel.configs.text import UTF_8, NotUtf8, decode
from avel.pipeline.media.folders import find_media
from avel.pipeline.media.suffixes import MEDIA_SUFFIXES, suffix
from avel.pipeline.reasons import InputError

LIST_SUFFIXES = frozenset({".txt", ".lst", ".list"})


def expand(names: Sequence[str], tell: Callable[[str], object] = warnings.warn) -> list[Path]:
    """Files named directly, media files in folders (recursively), and lines of list files.

    Args:
        names: As the user gives them.
        tell: Told of each folder how many files of which kind are left out, if any.

    Raises:
        InputError: a URL, an empty name, a folder without media, an empty list, or one that is not
            UTF-8. A file that does not exist is kept: it gets its own result.
    """
    return [path for name in names for path in _expand_one(name, tell)]


def _expand_one(name: str, tell: Callable[[str], object]) -> list[Path]:
    if not name:  # as a path it would be the current folder
        raise InputError("an empty name is no file; give a path, or '.' for the current folder")
    if "\0" in name:
        raise InputError(f"{name!r}: no file's name holds a zero byte; give its path")
    if _is_url(name):
        raise InputError(f"{name}: only local files are read; download it first")
    path = Path(name)
    if os.path.isdir(path):
        return _in_folder(path, tell)
    if suffix(path.name) in LIST_SUFFIXES and os.path.isfile(path):
        return _in_list(path)
    return [path]


def _is_url(name: str) -> bool:
    """Whether it looks like one and is no file; `a:` may be a folder, too."""
    return "://" in name and not os.path.lexists(name)


def _in_folder(folder: Path, tell: Callable[[str], object]) -> list[Path]:
    found = find_media(folder)
    said = found.left_out
    if not found.files:
        suffixes = " ".join(sorted(MEDIA_SUFFIXES))
        why = f" ({said})" if said else ""
        raise InputError(f"{folder}: no media file in this folder{why}; looked for {suffixes}")
    if said:
        tell(f"{folder}: {said}")
    return found.files


def _in_list(listing: Path) -> list[Path]:
    """One path per line, relative to the list's own folder; blank lines are skipped."""
    paths = [listing.parent / name for name in _names(listing)]
    if not paths:
        raise InputError(f"{listing}: the list names no file")
    return paths


def _names(listing: Path) -> list[str]:
    folder = os.fsencode(listing.parent)
    taken = [_name(folder, line) for line in _lines(listing)]
    try:
        decode(listing, b"\n".join(b"" if is_there else name for name, is_there in taken))
    except NotUtf8 as err:
        raise InputError(str(err)) from err
    for number, (name, is_there) in enumerate(taken, 1):
        if b"://" in name and not is_there:
            raise InputError(
                f"{listing}, line {number}: only local files are read, not {os.fsdecode(name)}; "
                "download it first"
            )
    return [os.fsdecode(name) for name, _ in taken if name]


def _name(folder: bytes, line: bytes) -> tuple[bytes, bool]:
    """What a line names, and whether it is there as it stands: names are bytes, of any encoding."""
    is_there = b"\0" not in line and os.path.lexists(os.path.join(folder, line))
    return (line, True) if is_there else (line.strip(), False)


def _lines(listing: Path) -> list[bytes]:
    try:
        raw = listing.read_bytes().removeprefix(UTF_8)
    except OSError as err:
        raise InputError(f"{listing}: cannot be read ({err.strerror or err})") from err
    return [line.removesuffix(b"\r") for line in raw.split(b"\n")]
