"""One file of many results that come in any order, in memory that does not grow with them."""

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from avel.cache.whole import replacing
from avel.pipeline.formats.shape import Entry, Format, joined
from avel.pipeline.formats.sorting import Sorting
from avel.pipeline.formats.whole import readable, unwritable


class Together:
    """Takes texts in the order of coming, and puts them into theirs when its `with` block ends.

    Where the block ends by an error an earlier file stays as it was.

    Raises:
        EnvironmentProblem: the folder cannot be written or the disk is full.
    """

    def __init__(self, path: Path, form: Format) -> None:
        self.path = path
        """Of the file."""
        self._form = form

    def __enter__(self) -> Self:
        try:
            self._file = tempfile.TemporaryFile(dir=self.path.parent)
        except OSError as err:
            raise unwritable(self.path, err) from err
        self._texts = Sorting(self._file)
        return self

    def add(self, number: int, entry: Entry) -> None:
        """Take the video that is to stand at a place, counted from 0."""
        try:
            self._texts.add(number, readable(self._form.body(entry)))
        except OSError as err:
            raise unwritable(self.path, err) from err

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
        with part.open("wb") as target:
            target.write(self._form.head.encode())
            for body in joined(self._texts, self._form.between):
                target.write(body.encode())
            target.write(self._form.tail.encode())
