"""One file of many results that come in any order, in memory that does not grow with them."""

import tempfile
from array import array
from pathlib import Path
from types import TracebackType
from typing import Self

from avel.cache.whole import replacing
from avel.pipeline.formats.shape import Entry, Format, joined
from avel.pipeline.formats.whole import readable, unwritable


class Together:
    """Takes texts in the order of coming, and puts them into theirs when its `with` block ends.

    Where the block ends by an error an earlier file stays as it was. Held of each result are its
    number and where its text ends, so that those of 20,000 take less than 1 MB.

    Raises:
        EnvironmentProblem: the folder cannot be written or the disk is full.
    """

    def __init__(self, path: Path, form: Format) -> None:
        self.path = path
        """Of the file."""
        self._form = form
        self._numbers, self._ends = array("q"), array("q")

    def __enter__(self) -> Self:
        try:
            self._file = tempfile.TemporaryFile(dir=self.path.parent)
        except OSError as err:
            raise unwritable(self.path, err) from err
        return self

    def add(self, number: int, entry: Entry) -> None:
        """Take the video that is to stand at a place, counted from 0."""
        try:
            self._file.write(readable(self._form.body(entry)).encode())
        except OSError as err:
            raise unwritable(self.path, err) from err
        self._numbers.append(number)
        self._ends.append(self._file.tell())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                with replacing(self.path, durable=False) as part:
                    self._sort_into(part)
        except OSError as err:
            raise unwritable(self.path, err) from err
        finally:
            self._file.close()

    def _sort_into(self, part: Path) -> None:
        order = sorted(range(len(self._numbers)), key=self._numbers.__getitem__)
        with part.open("wb") as target:
            target.write(self._form.head.encode())
            for body in joined(map(self._body, order), self._form.between):
                target.write(body.encode())
            target.write(self._form.tail.encode())

    def _body(self, at: int) -> str:
        """The text that came at a place, counted from 0."""
        start = self._ends[at - 1] if at else 0
        self._file.seek(start)
        return self._file.read(self._ends[at] - start).decode()
