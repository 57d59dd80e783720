"""All that people say of films as one list of events each: read, matched, checked, merged."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from avel.pipeline.annotations.agreement import Agreement, Voice, agreement, on_common_ground
from avel.pipeline.annotations.cells import cells_of
from avel.pipeline.annotations.checks import Rules, Said, spans_of
from avel.pipeline.annotations.films import Films
from avel.pipeline.annotations.looked import WHOLE, Stretch, asked_for, cells_within, parted
from avel.pipeline.annotations.marks import Sheet
from avel.pipeline.annotations.merging import Merge, merged
from avel.pipeline.annotations.names import check_capitals, check_renames, near, one_name
from avel.pipeline.annotations.spans import Span, joined, overlapping, won
from avel.pipeline.media.footage import Footage
from avel.pipeline.media.timeline import num_cells
from avel.pipeline.reasons import InputError

MOST_TOLD = 5


@dataclass(frozen=True)
class Corrected:
    """One film, and what it shows.

    Attributes:
        path: The film.
        footage: How long it is, and how its picture runs.
        spans: Events in seconds, one label at a time, in time order.
        files: Of annotations that say so; they are named where it shows nothing, too.
        asked: Stretches in seconds that somebody looked at.
    """

    path: Path
    footage: Footage
    spans: tuple[Span, ...]
    files: tuple[Path, ...]
    asked: tuple[Stretch, ...] = (WHOLE,)

    @property
    def num_cells(self) -> int:
        """T, cells of one second."""
        return num_cells(self.footage.duration)

    @property
    def looked_at(self) -> list[range]:
        """Runs of cells of which something is known: asked for, or with an event."""
        shown = ((span.onset, span.offset) for span in self.spans)
        return cells_within([*self.asked, *shown], self.num_cells)


@dataclass(frozen=True)
class Gathered:
    """What came of annotations.

    Attributes:
        films: In the order of their first annotation.
        agreements: Of any two annotators of films, over all of them that both looked at.
        problems: Sentences on what could not be used.
        notes: Sentences on what was changed or may be wrong.
    """

    films: tuple[Corrected, ...]
    agreements: tuple[Agreement, ...]
    problems: tuple[str, ...]
    notes: tuple[str, ...]


def gather(
    sheets: Sequence[Sheet],
    films: Films,
    footage_of: Callable[[Path], Footage],
    rules: Rules,
    merge: Merge = "refuse",
) -> Gathered:
    """What films show by all sheets about them, in seconds.

    Args:
        sheets: In the order of which the first counts, where merging is by that.
        films: Among which each sheet's is.
        footage_of: How long a film is; raises InputError for one that cannot be used.
        rules: How annotations are read.
        merge: What becomes of several annotators of one film.

    Raises:
        InputError: labels differ by capitals alone, a renamed one is not there, annotators differ
            and nothing says whose word counts, or nothing is left.
    """
    check_renames(rules.renames, (one_name(m.label) for s in sheets for m in s.marks))
    said = Said(notes=list(dict.fromkeys(note for sheet in sheets for note in sheet.notes)))
    about = _by_film([s for s in sheets if not s.void], films, footage_of, rules, said)
    if not about:
        raise InputError(
            f"no annotation can be used; the first: {said.problems[0]}"
            if said.problems
            else "the annotations are about no film; give files in which somebody has annotated one"
        )
    counts = Counter(s.label for each in about.values() for s in each.spans)
    check_capitals(counts)
    said.notes += near(counts)
    voices = {path: _voices(path, each, said) for path, each in about.items()}
    pairs = tuple(_agreements(voices))
    if merge == "refuse":
        _refuse_differences(voices)
    found = tuple(
        _corrected(path, each, merged(voices[path], merge), said) for path, each in about.items()
    )
    return Gathered(found, pairs, tuple(said.problems), tuple(said.notes))


@dataclass(frozen=True)
class _About:
    """What is said of one film, by whom and in which files."""

    footage: Footage
    said: dict[str, list[Span]]
    files: dict[Path, None]
    asked: dict[str, list[Stretch]]

    @property
    def spans(self) -> Iterator[Span]:
        return (span for spans in self.said.values() for span in spans)


def _by_film(
    sheets: Sequence[Sheet],
    films: Films,
    footage_of: Callable[[Path], Footage],
    rules: Rules,
    said: Said,
) -> dict[Path, _About]:
    about: dict[Path, _About] = {}
    seen: dict[Path, _About | None] = {}
    for sheet in sheets:
        try:
            path = films.of(sheet)
        except InputError as err:
            said.problems.append(str(err))
            continue
        if path not in seen:
            seen[path] = _usable(path, footage_of, said)
        if (film := seen[path]) is None:
            continue
        sheet, asked = parted(sheet)
        spans = spans_of(sheet, film.footage, rules, said)
        if spans or not sheet.marks:  # of marks that are all wrong nothing is known
            about[path] = film
            rate = rules.frame_rate or film.footage.frame_rate
            film.asked.setdefault(sheet.who, []).extend(asked_for(asked, rate))
            film.said.setdefault(sheet.who, []).extend(spans)
            film.files[sheet.path] = None
    return about


def _usable(path: Path, footage_of: Callable[[Path], Footage], said: Said) -> _About | None:
    """A film of which nothing is said yet; None where it cannot be used."""
    try:
        return _About(footage_of(path), {}, {}, {})
    except InputError as err:
        said.problems.append(str(err))
        return None


def _voices(path: Path, about: _About, said: Said) -> list[Voice]:
    """Every annotator's word, with what overlaps of one label as one."""
    voices = []
    for who, spans in about.said.items():
        whole = joined(spans)
        if len(whole) < len(spans):
            said.notes.append(
                f"{path}: {len(spans) - len(whole)} annotation(s) of {who} overlap others of their "
                "label; each such run is one event"
            )
        alone = won(whole)
        labels = cells_of(alone, num_cells(about.footage.duration)).labels
        voices.append(Voice(who, tuple(whole), tuple(labels), tuple(about.asked[who])))
    return voices


def _agreements(voices: Mapping[Path, Sequence[Voice]]) -> Iterator[Agreement]:
    """Of any two annotators, in the order of their first film."""
    pairs: dict[tuple[str, str], dict[Path, tuple[Voice, Voice]]] = {}
    for path, each in voices.items():
        for one, other in combinations(each, 2):
            # the order of two annotators is that of their names, whichever file came first
            a, b = on_common_ground(*sorted((one, other), key=lambda voice: voice.who))
            if a.labels:
                pairs.setdefault((a.who, b.who), {})[path] = (a, b)
    for films in pairs.values():
        yield agreement(list(films), list(films.values()))


def _refuse_differences(voices: Mapping[Path, Sequence[Voice]]) -> None:
    differ: dict[Path, tuple[Voice, Voice]] = {}
    for path, each in voices.items():
        for one, other in combinations(each, 2):
            a, b = on_common_ground(one, other)
            if a.labels != b.labels:
                differ.setdefault(path, (a, b))
    if not differ:
        return
    told = [agreement([path], [pair]).in_words() for path, pair in list(differ.items())[:MOST_TOLD]]
    more = f"; and {len(differ) - MOST_TOLD} more" if len(differ) > MOST_TOLD else ""
    raise InputError(
        f"annotators differ about {len(differ)} film(s): {'; '.join(told)}{more}; say whose word "
        "counts: --merge union, intersection or first"
    )


def _corrected(path: Path, about: _About, spans: Sequence[Span], said: Said) -> Corrected:
    if count := overlapping(spans):
        said.notes.append(
            f"{path}: {count} overlap(s) of different labels; a second has one label, and the "
            "shorter event has it"
        )
    asked = tuple(stretch for each in about.asked.values() for stretch in each)
    return Corrected(path, about.footage, tuple(won(spans)), tuple(about.files), asked)
