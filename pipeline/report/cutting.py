"""Events of films to files of their own, with a list of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from avel.pipeline.formats.csv import row
from avel.pipeline.formats.folder import make_folder
from avel.pipeline.formats.names import ResultNames, escaped
from avel.pipeline.formats.times import MICROSECONDS, decimal
from avel.pipeline.formats.whole import write_whole
from avel.pipeline.media.apart import Apart
from avel.pipeline.media.suffixes import kept_suffix
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import MediaError
from avel.pipeline.report.pieces import Piece, Wanted, pieces

LISTED = "clips.csv"
COLUMNS = ("clip", "file", "label", "onset", "offset", "score", "start", "end")
"""Times in seconds of the film; start and end are the clip's own."""


@dataclass(frozen=True)
class Written:
    """A piece that was written, or the reason why not.

    Attributes:
        piece: What was wanted.
        path: Its file.
        start: Where it begins, in microseconds of the film: earlier than wanted where it was copied
            from a key frame on.
        error: Why there is none, in words; else empty.
    """

    piece: Piece
    path: Path
    start: int
    error: str = ""


class Cutter:
    """Cuts into a folder; `clips.csv` is there when its `with` block ends.

    Args:
        out: The folder, made where it is missing.
        wanted: Which events, and how many seconds around them.
        copied: Whether packets are copied from a key frame on, instead of encoded anew.

    Raises:
        InputError: `out` is a file.
        EnvironmentProblem: it cannot be written.
    """

    def __init__(self, out: Path, wanted: Wanted, *, copied: bool = False) -> None:
        self._out, self._wanted, self._copied = out, wanted, copied
        self._names, self._rows, self._apart = ResultNames(), [row(COLUMNS)], Apart()

    def __enter__(self) -> Self:
        make_folder(self._out)
        return self

    def cut(self, result: Result, film: Path) -> Iterator[Written]:
        """The pieces of one film, as they are written; times in seconds.

        Args:
            result: What was found in it.
            film: Where it lies now.
        """
        suffix = kept_suffix(film) if self._copied else ".mp4"
        for piece in pieces(result, self._wanted, self._names):
            written = self._written(piece, film, self._out / f"{piece.name}{suffix}")
            if not written.error:
                self._rows.append(_row(written, result.file))
            yield written

    def _written(self, piece: Piece, film: Path, path: Path) -> Written:
        task, given = "copy" if self._copied else "cut", {"start": piece.start, "stop": piece.stop}
        try:
            said = self._apart.ask(task, film, target=str(path.absolute()), **given)
        except MediaError as err:
            return Written(piece, path, piece.start, str(err))
        return Written(piece, path, int(said.get("start", piece.start)))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._apart.end()
        write_whole(self._out / LISTED, "".join(self._rows))


def _row(written: Written, file: str) -> str:
    event = written.piece.event
    return row(
        (
            written.path.name,
            escaped(file),
            event.label,
            decimal(event.onset),
            decimal(event.offset),
            f"{event.score:.4f}",
            decimal(written.start / MICROSECONDS),
            decimal(written.piece.stop / MICROSECONDS),
        )
    )
