"""Results for people at a terminal, and for programs that read what it prints."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from avel.pipeline.formats.names import escaped
from avel.pipeline.formats.telling import Spans, briefly, fully, shared
from avel.pipeline.method.results import Result
from avel.pipeline.work.say import kept_elsewhere, put, shown, warn
from avel.pipeline.work.screen import DIM, Screen, screen, width

Take = Callable[[Result], None]
MANY = 6
"""So many videos have a line each, on a terminal."""
MOST_NAMED = 3
"""Files that a note names; the others are counted."""


@dataclass(frozen=True)
class Manner:
    """How results are told.

    Attributes:
        as_json: Whether for a program.
        heard: Whether every sound is listed too.
        verbose: Whether with all numbers, and notes as they are written in the JSON.
        quiet: Whether of failures alone.
    """

    as_json: bool = False
    heard: bool = False
    verbose: bool = False
    quiet: bool = False


@contextmanager
def printing(
    truth_of: Callable[[str], Spans | None],
    files: Sequence[str] = (),
    manner: Manner | None = None,
    *,
    kept: bool = False,
) -> Iterator[Take]:
    """Print results as they come: in words with the model's name at the end, or as one array.

    Args:
        truth_of: Annotated events of a file, None where not known.
        files: All that will come.
        manner: How they are told.
        kept: Whether the results are in files, so that a stdout that takes no more stops nothing.

    Raises:
        NoStdout: it takes no more; where the results are kept, at the end, and not where its
            reader closed it.
    """
    printed = _way(truth_of, files, manner or Manner())
    if not kept:
        with printed as show:
            yield show
        return
    with kept_elsewhere() as attempt, printed as show:
        yield lambda result: attempt(show, result)


def _way(
    truth_of: Callable[[str], Spans | None], files: Sequence[str], manner: Manner
) -> AbstractContextManager[Take]:
    if manner.as_json:
        return _array()
    return _failures() if manner.quiet else _words(truth_of, files, manner)


@contextmanager
def _array() -> Iterator[Take]:
    from avel.pipeline.formats.json import Array  # for those who ask for it

    with Array(put) as array:
        yield array.add
    put("\n")


@contextmanager
def _failures() -> Iterator[Take]:
    yield lambda result: warn(result.message) if result.status == "failed" else None


@contextmanager
def _words(
    truth_of: Callable[[str], Spans | None], files: Sequence[str], manner: Manner
) -> Iterator[Take]:
    where = screen()
    asked = manner.heard or manner.verbose
    brief = where.columns is not None and len(files) >= MANY and not asked
    names = max((width(escaped(file)) for file in files), default=0)
    told = _Told(where)

    def show(result: Result) -> None:
        truth = truth_of(result.file) or ()
        if brief and not truth:
            said = briefly(result, where, names)
        else:
            said = fully(result, truth, where, heard=manner.heard, verbose=manner.verbose)
        put(said + "\n", painted=where.colours)
        told.add(result, notes=not manner.verbose)

    yield show
    for line in told.lines():
        put(line + "\n", painted=where.colours)


class _Told:
    """What is said once, after all videos."""

    def __init__(self, where: Screen) -> None:
        self._screen = where
        self._found = self._none = self._failed = 0
        self._notes: dict[str, list[str]] = {}
        self._model = ""

    def add(self, result: Result, notes: bool) -> None:
        if result.status == "failed":
            self._failed += 1
            return
        self._found += bool(result.events)
        self._none += not result.events
        for note in shared(result) if notes else ():
            self._notes.setdefault(note, []).append(result.file)
        if not self._model and result.model:
            self._model = f"{result.model.get('name')}, {result.model.get('knows')}"

    def lines(self) -> Iterator[str]:
        count = self._found + self._none + self._failed
        if count > 1:
            failed = f", {self._failed} failed" if self._failed else ""
            yield f"{count} videos: {self._found} with events, {self._none} without{failed}"
        for note, files in self._notes.items():
            yield f"note: {shown(note)}{_named(files) if count > 1 else ''}"
        if self._model:
            yield self._screen.paint(f"model: {shown(self._model)}", DIM)


def _named(files: Sequence[str]) -> str:
    """Which videos a note is of."""
    more = len(files) - MOST_NAMED
    names = ", ".join(map(escaped, files[:MOST_NAMED]))
    return f" ({names}{f' and {more} more' if more > 0 else ''})"
