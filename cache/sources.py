"""Which file had which content when: a text file of lines, of which only the places are held."""

import contextlib
import json
import os
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

LONGEST = 1 << 16
"""Bytes of a line; a path has 4,096 at most, each of which may take six in JSON."""
FIRST_BYTES = 512
"""Of a line that are read at once."""
BLOCK = 1 << 18
"""Bytes of lines that are taken up together."""


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
        self._path, self._end = path, 0
        self._marks, self._places = array("q"), array("Q")
        self.grow()

    def grow(self) -> None:
        """Take up the lines that were written since; all of them, where the file became shorter."""
        import numpy as np  # slow: not where nothing is asked

        if self._end > _size(self._path):
            self._marks, self._places, self._end = array("q"), array("Q"), 0
        marks, places = array("q", self._marks), array("Q", self._places)
        for place, lines in _blocks(self._path, self._end):
            marks.extend(_marks(lines))
            *begins, self._end = accumulate(map(len, lines), initial=place)
            places.extend(begins)
        if len(marks) == len(self._marks):
            return
        order = np.argsort(np.frombuffer(marks, np.int64), kind="stable")  # the latest stay last
        self._marks = array("q", np.frombuffer(marks, np.int64)[order].tobytes())
        self._places = array("Q", np.frombuffer(places, np.uint64)[order].tobytes())

    def of(self, name: str) -> Known | None:
        """What the last line about a file says of its bytes and when they changed."""
        if not self._marks:
            return None
        mark = _mark(_begin(name))
        at = bisect_right(self._marks, mark) - 1
        while at >= 0 and self._marks[at] == mark:
            said = _said(self._line(self._places[at]))
            if said and said[0] == name:  # and no other of the same mark
                return said[1]
            at -= 1
        return None

    def all(self) -> Iterator[tuple[str, Known]]:
        """Every line, in order: a name, and its bytes and when it changed."""
        for _, lines in _blocks(self._path):
            yield from filter(None, map(_said, lines))

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


def _size(path: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _blocks(path: Path, start: int = 0) -> Iterator[tuple[int, list[bytes]]]:
    """Whole lines from a byte on, many at once, and the byte at which the first begins.

    There are none where the file cannot be read.
    """
    with contextlib.suppress(OSError), path.open("rb") as file:  # only a memory
        file.seek(start)
        while lines := file.readlines(BLOCK):
            is_torn = not lines[-1].endswith(b"\n")  # it may be written just now
            if is_torn:
                lines.pop()
            if lines:
                yield start, lines
            if is_torn:
                return  # what another process writes behind it is looked at the next time
            start += sum(map(len, lines))


def _marks(lines: Sequence[bytes]) -> list[int]:
    """Of the name in each line, or of something else where there is none."""
    if not all(map(bytes.isascii, lines)):  # not as they are written here
        lines = [_begin(said[0]) if (said := _said(line)) else line for line in lines]
    return [_mark(line) for line in lines]


def _mark(line: bytes) -> int:
    """Of a line's name, or of its beginning where that holds what ends a name."""
    return hash(line.partition(b'", ')[0])


def _begin(name: str) -> bytes:
    """Of each line about a file."""
    return b"[%s, " % json.dumps(name).encode()


def _said(line: bytes) -> tuple[str, Known] | None:
    with contextlib.suppress(ValueError, TypeError):
        name, size, mtime, key = json.loads(line.decode("utf-8", "replace"))
        return str(name), Known(int(size), int(mtime), str(key))
    return None
