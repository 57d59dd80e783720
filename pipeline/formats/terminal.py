"""Results for people at a terminal, and for programs that read what it prints."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from avel.pipeline.formats.names import escaped
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.work.say import kept_elsewhere, put, say, shown

Spans = Sequence[tuple[str, float, float]]
"""Annotated events as label, onset and offset in seconds."""
Take = Callable[[Result], None]


@contextmanager
def printing(
    truth_of: Callable[[str], Spans | None],
    *,
    as_json: bool,
    heard: bool = False,
    kept: bool = False,
) -> Iterator[Take]:
    """Print results as they come: in words with the model's name at the end, or as one array.

    Args:
        truth_of: Annotated events of a file, None where not known.
        as_json: Whether for a program.
        heard: Whether every sound is listed too.
        kept: Whether the results are in files, so that a stdout that takes no more stops nothing.

    Raises:
        NoStdout: it takes no more; where the results are kept, at the end, and not where its
            reader closed it.
    """
    printed = _array() if as_json else _words(truth_of, heard)
    if not kept:
        with printed as show:
            yield show
        return
    with kept_elsewhere() as attempt, printed as show:
        yield lambda result: attempt(show, result)


@contextmanager
def _array() -> Iterator[Take]:
    from avel.pipeline.formats.json import Array  # for those who ask for it

    with Array(put) as array:
        yield array.add
    put("\n")


@contextmanager
def _words(truth_of: Callable[[str], Spans | None], heard: bool) -> Iterator[Take]:
    knows: list[str] = []

    def show(result: Result) -> None:
        put(text(result, truth_of(result.file), heard=heard) + "\n")
        if result.events and not knows:
            knows.append(f"model: {result.model['name']}, {result.model['knows']}")

    yield show
    say(*knows)


def text(result: Result, truth: Spans | None = None, *, heard: bool = False) -> str:
    """One result in words; no control character of a file's name reaches the terminal.

    Args:
        result: Of one video.
        truth: Annotated events as label, onset and offset in seconds; None where not known.
        heard: Whether every sound is listed too.
    """
    return "\n".join(map(shown, _lines(result, truth or (), heard)))


def _lines(result: Result, truth: Spans, heard: bool) -> Iterator[str]:
    why = f" ({', '.join(result.reasons)})" if result.reasons else ""
    yield f"{escaped(result.file)}  {result.duration:.1f} s  {result.status}{why}"
    for event in result.events:
        said = f"{event.score:.2f}  {event.label}{_evidence(event)}"
        yield f"{_span(event.onset, event.offset)}  {said}"
    for d in result.disagreements:
        why = f": {d.words}" if d.words else ""
        yield f"{_span(d.onset, d.offset)}  ({d.kind})  {d.label}{why}"
    for sound in result.sounds if heard else ():
        yield f"{_span(sound.onset, sound.offset)}  {sound.score:.2f}  heard  {sound.label}"
    for label, onset, offset in truth:
        yield f"{_span(onset, offset)}  truth  {label}"
    if result.message:
        yield f"  {result.message}"
    for note in result.notes:
        yield f"  note: {note}"


def _evidence(event: Event) -> str:
    """Both numbers, where the model knows the senses by themselves."""
    if event.evidence is None:
        return ""
    sight = "" if event.evidence.sight == "supports" else f", sight {event.evidence.sight}"
    return f"  (heard {event.evidence.heard:+.1f}, seen {event.evidence.seen:+.1f}{sight})"


def _span(onset: float, offset: float) -> str:
    return f"  {onset:6.1f} - {offset:6.1f} s"
