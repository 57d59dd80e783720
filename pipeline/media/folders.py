"""Media files in a folder, however deep; what is not read is counted and said."""

import os
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from avel.pipeline.media.suffixes import MEDIA_SUFFIXES, suffix
from avel.pipeline.reasons import InputError

MOST_KINDS = 12
"""Kinds of files, and folders, that are named; the others are counted."""


@dataclass
class Found:
    """What lies in a folder.

    Attributes:
        folder: The folder.
        names: Of regular files whose name ends as media do, below it, sorted by folder and name.
        kinds: Number of files that are left out, by suffix or reason.
        folders: Folders that are left out, each with its reason.
    """

    folder: Path
    names: list[bytes] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    folders: list[str] = field(default_factory=list)

    @property
    def files(self) -> list[Path]:
        """The same as paths."""
        return [self.folder / os.fsdecode(name) for name in self.names]

    @property
    def left_out(self) -> str:
        """How many files of which kind, and which folders, are not read; empty where all are."""
        kinds = sorted(self.kinds.items(), key=lambda each: (-each[1], each[0]))
        files = _listed("file", self.kinds.total(), [f"{kind} ({n})" for kind, n in kinds])
        folders = _listed("folder", len(self.folders), self.folders)
        return "; ".join(part for part in (files, folders) if part)


def _listed(what: str, count: int, each: list[str]) -> str:
    if not count:
        return ""
    more = f", and {len(each) - MOST_KINDS} more kinds" if len(each) > MOST_KINDS else ""
    more = more.removesuffix(" kinds") if what == "folder" else more
    s = "" if count == 1 else "s"
    return f"{count} {what}{s} left out: {', '.join(each[:MOST_KINDS])}{more}"


def find_media(folder: Path) -> Found:
    """Media files in a folder and all below it; linked folders are followed, each is read once.

    A folder that lies there is read where it lies, whatever else links to it. What is hidden (its
    name begins with a dot) is left out; the number of files that are is kept by kind.

    Raises:
        InputError: the folder cannot be listed.
    """
    found, seen = Found(folder), dict[tuple[int, int], Path]()
    waiting, linked, names = [folder], list[Path](), list[str]()
    while waiting:
        each = waiting.pop()
        try:
            status = os.stat(each)
            first = seen.setdefault((status.st_dev, status.st_ino), each)
            if first is not each:
                found.folders.append(f"{each} (the same as {first})")
            else:
                waiting += _look(each, found, names, linked)
        except OSError as err:
            if each == folder:
                raise InputError(f"{folder}: cannot be listed ({err.strerror or err})") from err
            found.folders.append(f"{each} ({err.strerror or err})")
        if not waiting and linked:
            waiting.append(min(linked))
            linked.remove(waiting[0])
    names.sort()
    found.names = [os.fsencode(name.replace("\0", "/")) for name in names]
    found.folders.sort()
    return found


def _look(folder: Path, found: Found, names: list[str], linked: list[Path]) -> list[Path]:
    """Take up a folder's files; the folders in it, and `linked` gets those that are links.

    Names are from the uppermost folder on, with zeros for slashes: so they sort as paths do.
    """
    above = "".join(f"{part}\0" for part in folder.relative_to(found.folder).parts)
    own, kinds, below = list[str](), Counter[str](), list[tuple[Path, bool]]()
    with os.scandir(folder) as entries:
        for entry in entries:
            mode = _mode(entry)
            if stat.S_ISDIR(mode):
                below.append((folder / entry.name, entry.is_symlink()))
            elif kind := "hidden" if entry.name.startswith(".") else _kind(entry.name, mode):
                kinds[kind] += 1
            else:
                own.append(above + entry.name)
    names += own
    found.kinds += kinds
    found.folders += [f"{path} (hidden)" for path, _ in below if path.name.startswith(".")]
    shown = [(path, is_link) for path, is_link in below if not path.name.startswith(".")]
    linked += [path for path, is_link in shown if is_link]
    return [path for path, is_link in shown if not is_link]


def _mode(entry: os.DirEntry[str]) -> int:
    """Of what a name leads to; 0 where it leads to nothing. Most folders say it by themselves."""
    try:
        if entry.is_file(follow_symlinks=False):
            return stat.S_IFREG
        return entry.stat().st_mode
    except OSError:
        return 0


def _kind(name: str, mode: int) -> str:
    """Why a file is no media file; empty where it is one."""
    if not mode:
        return "broken link"
    if not stat.S_ISREG(mode):
        return "no regular file"
    end = suffix(name)
    return "" if end in MEDIA_SUFFIXES else end or "no suffix"
