"""A long list of files in lots: what a loop claims, does and marks as done together."""

import hashlib
import os
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

from avel.pipeline.media.paths import Paths
from avel.pipeline.reasons import InputError

SMALLEST, LARGEST = 4, 512
"""Files of one lot: what may have to be done again after a kill."""
SHARES = 128
"""Lots of a list of a few thousand, of which each of several loops gets some."""
MOST_LOTS = 2_048
"""In which a list is divided, while lots are not too large: each is a shard in the cache."""


@dataclass(frozen=True)
class Lot:
    """Files that are worked on together.

    Attributes:
        name: Of what the lot's files are: machines whose lists differ agree on lots before the
            difference, and do others more than once.
        names: The files, as the system spells them, joined by zero bytes.
    """

    name: str
    names: bytes

    @property
    def paths(self) -> list[Path]:
        """The files."""
        return [Path(os.fsdecode(name)) for name in self.names.split(b"\0")]


class Lots(Sequence[Lot]):
    """Files in lots of `size`, in order; the last may be smaller. Each is made when asked for.

    A lot is named by all its files, whether they are chosen or not: loops that begin one after
    another choose fewer and fewer of what failed, and must agree on the lots none the less.

    Args:
        paths: The files.
        size: Of a lot.
        chosen: Places of the files that are worked on, growing; None for all. Lots without any are
            left out.
        choice: By which they were chosen: what others do with the same files is another lot.
    """

    def __init__(
        self, paths: Paths, size: int, chosen: Sequence[int] | None = None, choice: str = ""
    ) -> None:
        self._paths, self._size, self._chosen, self._choice = paths, size, chosen, choice
        self._blocks: Sequence[int] = range(-(-len(paths) // size))
        if chosen is not None:
            self._blocks = list(dict.fromkeys(place // size for place in chosen))

    def __len__(self) -> int:
        return len(self._blocks)

    @overload
    def __getitem__(self, place: int) -> Lot: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Lot]: ...
    def __getitem__(self, place: "int | slice") -> "Lot | Sequence[Lot]":
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(f"lot {place} of {len(self)}")
        first = self._blocks[place] * self._size
        files = range(first, min(len(self._paths), first + self._size))
        joined = b"\0".join(self._paths.absolute(file) for file in files)
        name = hashlib.sha256(self._choice.encode() + joined).hexdigest()[:20]
        if (chosen := self._chosen) is not None:
            own = chosen[bisect_left(chosen, first) : bisect_left(chosen, files.stop)]
            joined = b"\0".join(self._paths.absolute(file) for file in own)
        return Lot(name, joined)


def lot_size(num_files: int) -> int:
    """Files of a lot: few, so that loops end together and kills cost little; more in long lists.

    It is the same for however many loops: machines with other devices must agree on the lots.
    """
    share = num_files // SHARES
    return min(LARGEST, max(SMALLEST, share, -(-num_files // MOST_LOTS)))


@dataclass(frozen=True)
class Part:
    """One of several equal parts of a list, for schedulers that count their tasks."""

    number: int
    """From 1."""
    of: int

    @classmethod
    def parse(cls, text: str) -> "Part":
        """`2/8` is the second of eight.

        Raises:
            InputError: it is no such thing.
        """
        number, slash, of = text.partition("/")
        if slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
            return cls(int(number), int(of))
        raise InputError(f"--shard {text}: must be i/n with 1 <= i <= n, for instance 1/8")

    def of_paths(self, paths: Paths) -> Paths:
        """Every n-th file, so that parts of a sorted list are alike."""
        return paths[self.number - 1 :: self.of]
