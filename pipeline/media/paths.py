"""A long list of paths in little memory: a million as objects would take 300 MB, so it takes 30."""

import os
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path
from typing import overload

AT_ONCE = 4_096
"""Names that are taken up together."""


class Paths(Sequence[Path]):
    """Paths as the bytes of their names, one after another; each is made when it is asked for.

    A part of it (a slice, or `at`) shares the bytes, and is not to be added to.

    Args:
        paths: To begin with.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._text, self._ends = bytearray(), array("Q", [0])
        self._folders: list[Path] = []
        """Below which names are, from a place on."""
        self._from: list[int] = []
        """Those places."""
        self._order: Sequence[int] | None = None
        """Places of a part; None for all."""
        self._absolutes: dict[int, bytes] = {}
        for path in paths:
            self.add(path)

    def add(self, path: Path) -> None:
        """Take one more path."""
        self.add_below(Path(), (os.fsencode(path),))

    def add_below(self, folder: Path, names: Iterable[bytes]) -> None:
        """Take the paths of names in a folder, or anywhere where they say so themselves."""
        if not self._folders or self._folders[-1] != folder:
            self._folders.append(folder)
            self._from.append(len(self._ends) - 1)
        rest = iter(names)
        while some := list(islice(rest, AT_ONCE)):
            ends = accumulate(map(len, some), initial=len(self._text))
            self._text += b"".join(some)
            self._ends.extend(islice(ends, 1, None))

    def at(self, places: Sequence[int]) -> "Paths":
        """The paths at some places of these, in the order of the places."""
        part = Paths()
        part.__dict__.update(self.__dict__)
        part._order = places if self._order is None else array("Q", map(self._place, places))
        return part

    def absolute(self, place: int) -> bytes:
        """The path at a place from the root on, as the system spells it."""
        block, name = self._named(self._place(place))
        if name[:1] in (b".", b"") or b"/." in name or b"//" in name or name[-1:] == b"/":
            return os.fsencode(self[place].absolute())  # which drops what says nothing
        if (folder := self._absolutes.get(block)) is None:
            folder = self._absolutes[block] = os.fsencode(self._folders[block].absolute())
        return os.path.join(folder, name)

    def __len__(self) -> int:
        return len(self._ends) - 1 if self._order is None else len(self._order)

    @overload
    def __getitem__(self, place: int) -> Path: ...
    @overload
    def __getitem__(self, place: slice) -> "Paths": ...
    def __getitem__(self, place: "int | slice") -> "Path | Paths":
        if isinstance(place, slice):
            return self.at(range(*place.indices(len(self))))
        block, name = self._named(self._place(place))
        return self._folders[block] / os.fsdecode(name)

    def __iter__(self) -> Iterator[Path]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def _place(self, place: int) -> int:
        """Among all names."""
        if not -len(self) <= place < len(self):
            raise IndexError(f"place {place} of {len(self)} paths")
        place %= len(self)
        return place if self._order is None else self._order[place]

    def _named(self, place: int) -> tuple[int, bytes]:
        """Which folder, and the name below it."""
        name = bytes(self._text[self._ends[place] : self._ends[place + 1]])
        return bisect_right(self._from, place) - 1, name
