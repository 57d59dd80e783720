"""Which file had which content when: a text file of lines, of which only the places are held."""

import contextlib
import json
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

LONGEST = 1 << 16
"""Bytes of a line; a path has 4,096 at most, each of which may take six in JSON."""
FIRST_BYTES = 512
"""Of a line that are read at once."""


class Known(NamedTuple):
    """What is known of a file.

    Attributes:
        size: In bytes.
        mtime: When it changed, in nanoseconds since 1970.
        key: Sha256 of its content, 64 hex digits.
    """

    size: int
    mtime: int
    key: str


class Sources:
    """The lines of a file, by name: 16 bytes of memory each. A torn or foreign line is skipped.

    Args:
        path: Of the file; there need be none. It is read again for each answer, so that it may
            grow, or be deleted, at any time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        import numpy as np  # slow: not where nothing is asked

        marks, places = array("q"), array("Q")
        for place, line in _lines(path):
            if mark := _mark_of_line(line):
                marks.append(mark)
                places.append(place)
        order = np.argsort(np.frombuffer(marks, np.int64), kind="stable")  # the latest stay last
        self._marks = array("q", np.frombuffer(marks, np.int64)[order].tobytes())
        self._places = array("Q", np.frombuffer(places, np.uint64)[order].tobytes())

    def of(self, name: str) -> Known | None:
        """What the last line about a file says of its bytes and when they changed."""
        mark = _mark(json.dumps(name).encode())
        at = bisect_right(self._marks, mark) - 1
        while at >= 0 and self._marks[at] == mark:
            said = _said(self._line(self._places[at]))
            if said and said[0] == name:  # and no other of the same mark
                return said[1]
            at -= 1
        return None

    def all(self) -> Iterator[tuple[str, Known]]:
        """Every line, in order: a name, and its bytes and when it changed."""
        for _, line in _lines(self._path):
            if said := _said(line):
                yield said

    def _line(self, place: int) -> bytes:
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return b""
        try:
            line = os.pread(handle, FIRST_BYTES, place)
            if b"\n" not in line:
                line = os.pread(handle, LONGEST, place)
        except OSError:
            return b""
        finally:
            os.close(handle)
        return line.partition(b"\n")[0]


def line_of(name: str, known: Known) -> bytes:
    """A line that says what is known of a file, by its bytes and nanoseconds."""
    return json.dumps([name, *known]).encode() + b"\n"


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines, and the byte at which each begins; none where the file cannot be read."""
    place = 0
    with contextlib.suppress(OSError), path.open("rb") as file:  # only a memory
        for line in file:
            yield place, line
            place += len(line)


def _mark_of_line(line: bytes) -> int:
    """Of the name in a line; 0 where there is none."""
    if line.isascii():  # as all that are written here
        name, *rest = line.rsplit(b", ", 3)
        return _mark(name[1:]) if len(rest) == 3 else 0
    said = _said(line)
    return _mark(json.dumps(said[0]).encode()) if said else 0


def _mark(name: bytes) -> int:
    return hash(name) or 1


def _said(line: bytes) -> tuple[str, Known] | None:
    with contextlib.suppress(ValueError, TypeError):
        name, size, mtime, key = json.loads(line.decode("utf-8", "replace"))
        return str(name), Known(int(size), int(mtime), str(key))
    return None
