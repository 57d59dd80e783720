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
    equal names. A name is a file's name alone, so that nothing is written outside a folder.
    """

    def __init__(self) -> None:
        self._used: set[str] = set()
        self._next: dict[str, int] = {}

    def name(self, file: str) -> str:
        """The name for the next file, without a suffix of the format."""
        own = name = _short(PurePath(file).name)
        base = _folded(own)
        while _folded(name) in self._used:
            # counting goes on where it was, so that a thousand videos of one name are no square
            number = self._next.get(base, 2)
            self._next[base] = number + 1
            name = f"{own}-{number}"
        self._used.add(_folded(name))
        return name


def _short(name: str) -> str:
    """A name of at most `LONGEST` bytes; of a longer one the beginning and a hash of it all."""
    if name in NO_NAMES:
        return "video"
    raw = os.fsencode(name)
    if len(raw) <= LONGEST:
        return name
    kept = raw[: LONGEST - DIGITS - 1].decode("utf-8", "ignore")
    return f"{kept}-{hashlib.sha256(raw).hexdigest()[:DIGITS]}"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
