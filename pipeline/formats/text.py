"""Results as lines for a terminal."""

from collections.abc import Iterator, Sequence

from avel.pipeline.method.results import Result


def text(result: Result, truth: Sequence[tuple[str, float, float]] | None = None) -> str:
    """One result in words; no control character of a file's name reaches the terminal.

    Args:
        result: Of one video.
        truth: Annotated events as label, onset and offset in seconds; None where not known.
    """
    return "\n".join("".join(_shown(c) for c in line) for line in _lines(result, truth or ()))


def _lines(result: Result, truth: Sequence[tuple[str, float, float]]) -> Iterator[str]:
    why = f" ({', '.join(result.reasons)})" if result.reasons else ""
    yield f"{result.file}  {result.duration:.1f} s  {result.status}{why}"
    for event in result.events:
        yield f"{_span(event.onset, event.offset)}  {event.score:.2f}  {event.label}"
    for d in result.disagreements:
        yield f"{_span(d.onset, d.offset)}  ({d.kind})  {d.label}"
    for label, onset, offset in truth:
        yield f"{_span(onset, offset)}  truth  {label}"
    if result.message:
        yield f"  {result.message}"
    for note in result.notes:
        yield f"  note: {note}"


def _span(onset: float, offset: float) -> str:
    return f"  {onset:6.1f} - {offset:6.1f} s"


def _shown(character: str) -> str:
    return character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
