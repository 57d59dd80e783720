"""What a user names on the command line into a list of local files, maybe of millions."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from avel.configs.text import UTF_8, NotUtf8, decode
from avel.pipeline.media.folders import find_media
from avel.pipeline.media.paths import Paths
from avel.pipeline.media.suffixes import MEDIA_SUFFIXES, suffix
from avel.pipeline.reasons import InputError

LIST_SUFFIXES = frozenset({".txt", ".lst", ".list"})
BLOCK = 1 << 18
"""Bytes of a list's lines that are looked at together."""
DOUBTFUL = (b"\0", b"://", b"\r", b"\t", b"\x0b", b"\x0c", b"\n\n", b" \n", b"\n ")
"""What no line has that can be read in one way alone."""


def expand(names: Sequence[str], tell: Callable[[str], object] = warnings.warn) -> list[Path]:
    """Files named directly, media files in folders (recursively), and lines of list files.

    Args:
        names: As the user gives them.
        tell: Told of each folder how many files of which kind are left out, if any.

    Raises:
        InputError: a URL, an empty name, a folder without media, an empty list, or one that is not
            UTF-8. A file that does not exist is kept: it gets its own result.
    """
    found = Paths()
    for name in names:
        expand_into(found, name, tell)
    return list(found)


def expand_into(found: Paths, name: str, tell: Callable[[str], object] = warnings.warn) -> None:
    """Take up the files that one name means, of which there may be millions; see `expand`.

    Raises:
        InputError: as `expand`.
    """
    if not name:  # as a path it would be the current folder
        raise InputError("an empty name is no file; give a path, or '.' for the current folder")
    if "\0" in name:
        raise InputError(f"{name!r}: no file's name holds a zero byte; give its path")
    if _is_url(name):
        raise InputError(f"{name}: only local files are read; download it first")
    path = Path(name)
    if os.path.isdir(path):
        _add_folder(found, path, tell)
    elif suffix(path.name) in LIST_SUFFIXES and os.path.isfile(path):
        _add_list(found, path)
    else:
        found.add(path)


def _is_url(name: str) -> bool:
    """Whether it looks like one and is no file; `a:` may be a folder, too."""
    return "://" in name and not os.path.lexists(name)


def _add_folder(found: Paths, folder: Path, tell: Callable[[str], object]) -> None:
    media = find_media(folder)
    said = media.left_out
    if not media.names:
        suffixes = " ".join(sorted(MEDIA_SUFFIXES))
        why = f" ({said})" if said else ""
        raise InputError(f"{folder}: no media file in this folder{why}; looked for {suffixes}")
    if said:
        tell(f"{folder}: {said}")
    found.add_below(folder, media.names)


def _add_list(found: Paths, listing: Path) -> None:
    """One path per line, relative to the list's own folder; blank lines are skipped."""
    before = len(found)
    try:
        with listing.open("rb") as file:
            found.add_below(listing.parent, _names(listing, file))
    except OSError as err:
        raise InputError(f"{listing}: cannot be read ({err.strerror or err})") from err
    if len(found) == before:
        raise InputError(f"{listing}: the list names no file")


def _names(listing: Path, file: BinaryIO) -> Iterator[bytes]:
    """What each line names; most can be read in one way, and the system is not asked."""
    folder, mark = os.fsencode(listing.parent), UTF_8
    while lines := file.readlines(BLOCK):
        lines[0], mark = lines[0].removeprefix(mark), b""
        block = b"".join((b"\n", *lines, b"" if lines[-1][-1:] == b"\n" else b"\n"))
        if block.isascii() and not any(each in block for each in DOUBTFUL):
            yield from block[1:-1].split(b"\n")
        else:
            yield from _weighed(listing, folder, lines)


def _weighed(listing: Path, folder: bytes, lines: Iterable[bytes]) -> Iterator[bytes]:
    """What each line names, where it may be read in more than one way."""
    for name in map(_line, lines):
        if not name.isascii() or b"\0" in name or b"://" in name or name != name.strip():
            name, is_there = _name(folder, name)
            if not is_there and (b"://" in name or not _is_utf8(name)):
                _refuse(listing)
        if name:
            yield name


def _line(raw: bytes) -> bytes:
    return raw.removesuffix(b"\n").removesuffix(b"\r")


def _name(folder: bytes, line: bytes) -> tuple[bytes, bool]:
    """What a line names, and whether it is there as it stands: names are bytes, of any encoding."""
    is_there = b"\0" not in line and os.path.lexists(os.path.join(folder, line))
    return (line, True) if is_there else (line.strip(), False)


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return b"\0" not in name


def _refuse(listing: Path) -> None:
    """Say what is wrong with a list that is no UTF-8, or names what is no file.

    Raises:
        InputError: in any case.
    """
    folder = os.fsencode(listing.parent)
    lines = listing.read_bytes().removeprefix(UTF_8).split(b"\n")
    taken = [_name(folder, _line(line)) for line in lines]
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
