"""How well taught events are found in films that were not learned from."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from avel.pipeline.learning.labelled import Labelled
from avel.pipeline.learning.lesson import Lesson, without
from avel.pipeline.method.events import Event

MOST_ALONE = 100
"""Films that are left out one by one; of more, a twentieth at a time."""
FOLDS = 20


@dataclass(frozen=True)
class Judged:
    """What was found in films when they were left out.

    Attributes:
        films: Films whose event another film shows too.
        right: Of these, where the top event is one that the film shows.
        silent: Of these, where no event was found.
        background: Films without an event.
        quiet: Of these, where no event was found.
        alone: Events that one film alone shows, which nothing is known of.
    """

    films: int
    right: int
    silent: int
    background: int
    quiet: int
    alone: tuple[str, ...]

    @property
    def accuracy(self) -> float | None:
        """Share in [0, 1] of films whose top event is right; None where none could be left out."""
        return self.right / self.films if self.films else None

    def in_words(self) -> str:
        """One sentence or two, the accuracy in percent."""
        if self.accuracy is None:
            said = "leave one out: nothing to leave out, every event is shown by one film"
        else:
            said = (
                f"leave one out: top event right in {self.right} of {self.films} films "
                f"({self.accuracy:.0%}), no event in {self.silent}"
            )
            if self.alone:
                said += f"; not judged, with one film each: {', '.join(self.alone)}"
        if self.background:
            said += f"; {self.quiet} of {self.background} background films quiet"
        return said


def leave_out(films: Sequence[Labelled], lesson: Lesson) -> Judged:
    """Find events in each film with what the others teach; the top one has the most seconds."""
    counts = Counter(label for film in films for label in film.shows)
    tally: Counter[str] = Counter()
    for fold in _folds(len(films)):
        rest = [film for number, film in enumerate(films) if number not in fold]
        if not any(film.shows for film in rest):
            continue
        taught = without(lesson, rest)
        for film in (films[number] for number in fold):
            known = set(film.shows) & set(taught.classes)
            if known or not film.shows:
                tally.update(_outcome(known, top_event(taught.events(film))))
    alone = tuple(label for label in lesson.classes if counts[label] == 1)
    counted = {name: tally[name] for name in ("films", "right", "silent", "background", "quiet")}
    return Judged(**counted, alone=alone)


def top_event(events: Sequence[Event]) -> str | None:
    """The label that most speaks for, its probability summed over its seconds; None without any."""
    weight: dict[str, float] = defaultdict(float)
    for event in events:
        weight[event.label] += event.score * (event.offset - event.onset)
    return max(weight, key=weight.__getitem__) if weight else None


def _outcome(known: set[str], top: str | None) -> list[str]:
    if not known:
        return ["background", *(["quiet"] if top is None else [])]
    return ["films", *(["silent"] if top is None else ["right"] if top in known else [])]


def _folds(count: int) -> list[range]:
    folds = count if count <= MOST_ALONE else FOLDS
    return [range(number, count, folds) for number in range(folds)]
