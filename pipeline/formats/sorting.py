"""Texts that come in any order, on disk, and are given back in theirs."""

from array import array
from collections.abc import Iterator
from typing import IO


class Sorting:
    """Held of each text are its number and where it ends: those of 20,000 take less than 1 MB.

    Args:
        file: Takes the texts; whoever opened it closes it.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._numbers, self._ends = array("q"), array("q")

    def add(self, number: int, text: str) -> None:
        """Take the text that is to stand at a place, counted from 0.

        Raises:
            OSError: the disk is full.
        """
        self._file.write(text.encode("utf-8", "backslashreplace"))
        self._numbers.append(number)
        self._ends.append(self._file.tell())

    def __iter__(self) -> Iterator[str]:
        """The texts by their numbers; of one number in the order of coming."""
        for at in sorted(range(len(self._numbers)), key=self._numbers.__getitem__):
            start = self._ends[at - 1] if at else 0
            self._file.seek(start)
            yield self._file.read(self._ends[at] - start).decode()
