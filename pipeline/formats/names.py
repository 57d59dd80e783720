"""Names of videos as text, and of the files that are written for a video."""

import hashlib
import json
import os
import unicodedata
from pathlib import PurePath

from avel.pipeline.work.say import shown

LONGEST = 200
"""Bytes of a name: file systems take 255, and suffixes and a temporary name's ends come to it."""
DIGITS = 12
"""Of the hash that stands for the rest of a name that is too long."""
NO_NAMES = ("", ".", "..")


def escaped(name: str) -> str:
    r"""A file's name as text on one line, from which the name can be had again.

    For every format but JSON, which escapes by itself: what cannot be seen, and bytes that are no
    UTF-8, are written as JSON writes them, and a backslash as two, so that `"..."` around it is the
    name in JSON, quotation marks aside. Other names stay as they are.
    """
    return shown(name.replace("\\", r"\\"))


def unescaped(text: str) -> str:
    """The name that `escaped` made into text; text that it never makes stays as it is."""
    try:
        return str(json.loads('"' + text.replace('"', r"\"") + '"'))
    except ValueError:
        return text


class ResultNames:
    """Gives names in turn: a video's own, or with a number where another video had it before.

    No two are the same, capitals aside (some file systems take `A` for `a`), and equal lists get
    equal names. For what is named within one run; files of results are named by `index.claim`.
    """

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._next: dict[str, int] = {}

    def name(self, file: str) -> str:
        """The name for the next file, of some 200 bytes at most, without the format's suffix."""
        own = name = own_name(file)
        base = folded(own)
        while folded(name) in self._used:
            # counting goes on where it was, so that a thousand videos of one name are no square
            number = self._next.get(base, 2)
            self._next[base] = number + 1
            name = f"{own}-{number}"
        self._used.add(folded(name))
        return name


def own_name(file: str) -> str:
    """The name of a file's results: the file's own, at most `LONGEST` bytes, and never a path.

    Of a longer one the beginning and a hash of it all.
    """
    name = PurePath(file).name
    if name in NO_NAMES:
        return "video"
    raw = os.fsencode(name)
    return name if len(raw) <= LONGEST else f"{_cut(raw)}-{_hash(raw)}"


def told_apart(path: str) -> str:
    """The name where another file's results have its own: with 12 hex digits of the path's hash."""
    raw = os.fsencode(own_name(path))
    return f"{_cut(raw)}-{_hash(os.fsencode(path))}"


def folded(name: str) -> str:
    """A name as those file systems compare it to which `A` is `a`, and letters have one form."""
    return unicodedata.normalize("NFC", name).casefold()


def _cut(raw: bytes) -> str:
    if len(raw) <= LONGEST - DIGITS - 1:
        return os.fsdecode(raw)
    return raw[: LONGEST - DIGITS - 1].decode("utf-8", "ignore")


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:DIGITS]
