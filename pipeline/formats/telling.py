"""One result in words: in full with a small timeline, or in one line; no name drives a terminal."""

import math
from collections.abc import Iterator, Sequence

from avel.pipeline.formats.bars import Stretch, bar, fitting, length, scale, when
from avel.pipeline.formats.names import escaped
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result
from avel.pipeline.reasons import Reason
from avel.pipeline.work.say import shown
from avel.pipeline.work.screen import BOLD, DIM, PALETTE, RED, YELLOW, Screen, padded, width

Spans = Sequence[tuple[str, float, float]]
"""Annotated events as label, onset and offset in seconds."""
NOTHING = "nothing that is both seen and heard"
MISSES = {Reason.NO_AUDIO: "no sound", Reason.NO_VIDEO: "no picture"}
OWN = ("no event:", "out of domain:")
"""How notes begin that are the answer for one video, beside those that many share."""
MOST_LANES = 8
"""Labels of a timeline; the list has them all."""
LABEL_COLUMNS, BAR_COLUMNS = 24, 60
"""At most, of a timeline."""
LEAST_BAR = 10
"""Columns under which no bar is drawn."""
STATES = {"ok": DIM, "partial": YELLOW, "failed": RED}


def fully(
    result: Result,
    truth: Spans,
    screen: Screen,
    *,
    heard: bool = False,
    verbose: bool = False,
) -> str:
    """A timeline, and a line for each event and what one sense says, with times in seconds.

    Args:
        result: Of one video.
        truth: Annotated events as label, onset and offset in seconds.
        screen: Where it is shown.
        heard: Whether every sound is listed too.
        verbose: Whether notes stand as in the JSON, with their numbers.
    """
    why = f" ({', '.join(result.reasons)})" if result.reasons else ""
    status = screen.paint(shown(f"{result.status}{why}"), STATES.get(result.status, DIM))
    lines = [f"{screen.paint(escaped(result.file), BOLD)}  {result.duration:.1f} s  {status}"]
    lines += _timeline(result, truth, screen)
    lines += _list(result, truth, heard, screen)
    if result.message:
        lines.append(f"  {shown(result.message)}")
    elif not result.events:
        lines.append(f"  {answer(result)}")
    if verbose:
        lines += [f"  note: {shown(note)}" for note in result.notes]
    return "\n".join(lines)


def briefly(result: Result, screen: Screen, names: int) -> str:
    """One line no longer than the screen: name, length in seconds, a bar, what is where.

    Args:
        result: Of one video.
        screen: Where it is shown.
        names: Columns of the longest name of all.
    """
    columns = screen.columns or 80
    names = min(names, max(12, columns // 3))
    name = padded(screen.cut_before(escaped(result.file), names), names)
    long = 20 if columns >= 72 else LEAST_BAR if columns >= 52 else 0
    if result.status == "failed":
        why = shown(result.message.removeprefix(f"{result.file}: "))
        return f"{name}  {screen.paint('  failed', RED)}  {why}"
    left = f"{name}  {length(result.duration):>8}  "
    if long and 0 < result.duration < math.inf:
        colours = _colours(result)
        drawn = [(e.onset, e.offset, colours[e.label]) for e in result.events]
        left += bar(drawn, result.duration, long, screen) + "  "
    room = columns - names - 12 - (long + 2 if long else 0)
    if not result.events:
        return left + screen.paint(screen.cut(_shortly(result), room), DIM)
    found = ", ".join(f"{shown(e.label)} {when(e.onset, e.offset)}" for e in result.events)
    return left + screen.cut(found, room)


def answer(result: Result) -> str:
    """Why there is no event, in plain words; the numbers are in the notes."""
    own = next((note for note in result.notes if note.startswith("out of domain:")), "")
    if own:
        return shown(own.replace(f" ({result.model.get('knows', '')})", ""))
    missing = [said for reason, said in MISSES.items() if str(reason) in result.reasons]
    return f"{missing[0]}, so {NOTHING}" if missing else NOTHING


def _shortly(result: Result) -> str:
    """The same in few words, cause first."""
    if answer(result).startswith("out of domain:"):
        return "out of domain"
    missing = [said for reason, said in MISSES.items() if str(reason) in result.reasons]
    return missing[0] if missing else "no event"


def shared(result: Result) -> list[str]:
    """Notes of a result that other videos may have too."""
    absent = {str(reason) for reason in MISSES} & {*result.reasons}
    said = ("the file gives no",) if absent and not result.events else ()
    return [note for note in result.notes if not note.startswith(OWN + said)]


def _colours(result: Result) -> dict[str, int]:
    """Of each label, in the order of the events."""
    labels = dict.fromkeys(event.label for event in result.events)
    return {label: PALETTE[n % len(PALETTE)] for n, label in enumerate(labels)}


def _timeline(result: Result, truth: Spans, screen: Screen) -> Iterator[str]:
    """A lane for each label under which something is, and a scale of seconds."""
    if screen.columns is None or not result.events or not 0 < result.duration < math.inf:
        return
    lanes = _lanes(result, truth)
    labels = min(LABEL_COLUMNS, screen.columns // 3, max(width(label) for label, _ in lanes))
    columns = min(BAR_COLUMNS, screen.columns - labels - 5)
    if columns < LEAST_BAR:
        return
    columns = fitting(result.duration, columns)
    for label, stretches in lanes[:MOST_LANES]:
        name = padded(screen.cut(label, labels), labels)
        drawn = bar(stretches, result.duration, columns, screen)
        yield f"  {screen.paint(name, stretches[0][2])}  {drawn}"
    if more := len(lanes[MOST_LANES:]):
        yield f"  and {more} more"
    yield screen.paint(f"  {'':{labels}}  {scale(result.duration, columns)}", DIM)


def _lanes(result: Result, truth: Spans) -> list[tuple[str, list[Stretch]]]:
    """Labels as they are shown, the events' first."""
    colours = _colours(result)
    lanes: dict[str, list[Stretch]] = {}
    for event in result.events:
        stretch = event.onset, event.offset, colours[event.label]
        lanes.setdefault(shown(event.label), []).append(stretch)
    for label, onset, offset in truth:
        lanes.setdefault(f"truth {shown(label)}", []).append((onset, offset, DIM))
    return list(lanes.items())


def _list(result: Result, truth: Spans, heard: bool, screen: Screen) -> Iterator[str]:
    colours = _colours(result)
    for event in result.events:
        label = screen.paint(shown(event.label), colours[event.label])
        yield f"{_span(event.onset, event.offset)}  {event.score:.2f}  {label}{_evidence(event)}"
    for d in result.disagreements:
        why = f": {d.words}" if d.words else ""
        said = screen.paint(shown(f"({d.kind})  {d.label}{why}"), DIM)
        yield f"{_span(d.onset, d.offset)}  {said}"
    for sound in result.sounds if heard else ():
        said = f"{sound.score:.2f}  heard  {shown(sound.label)}"
        yield f"{_span(sound.onset, sound.offset)}  {said}"
    for label, onset, offset in truth:
        yield f"{_span(onset, offset)}  truth  {shown(label)}"


def _evidence(event: Event) -> str:
    """Both numbers, where the model knows the senses by themselves."""
    if event.evidence is None:
        return ""
    sight = "" if event.evidence.sight == "supports" else f", sight {event.evidence.sight}"
    return f"  (heard {event.evidence.heard:+.1f}, seen {event.evidence.seen:+.1f}{sight})"


def _span(onset: float, offset: float) -> str:
    return f"  {onset:6.1f} - {offset:6.1f} s"
