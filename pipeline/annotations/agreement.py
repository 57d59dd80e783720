"""How far two annotators of one film agree: second by second, and event by event.

Kappa is Cohen's, of the label of each second, background too; event F1 counts an event as found
where the other annotator has one of its label with a temporal IoU of 0.5, as the evaluation of
models does (`evaluation/metrics.py`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path

from avel.pipeline.annotations.looked import WHOLE, Stretch, cells_within
from avel.pipeline.annotations.spans import Span
from avel.pipeline.evaluation.metrics import Interval, event_f1

Labels = Sequence[str | None]
"""Of every second; None for background."""


@dataclass(frozen=True)
class Voice:
    """What one annotator says of one film.

    Attributes:
        who: It.
        spans: Events in seconds.
        labels: Of each second (T,); None for background.
        asked: Stretches in seconds of which they say all that is in them.
    """

    who: str
    spans: tuple[Span, ...]
    labels: tuple[str | None, ...]
    asked: tuple[Stretch, ...] = (WHOLE,)

    @property
    def looked(self) -> list[Stretch]:
        """Stretches in seconds of which they know: asked for, or with an event of theirs."""
        return [*self.asked, *((span.onset, span.offset) for span in self.spans)]

    def within(self, cells: Set[int]) -> "Voice":
        """What they say of some cells alone: labels in order, and events that touch one."""
        labels = tuple(self.labels[cell] for cell in sorted(cells))
        touched = (s for s in self.spans if cells & {*range(int(s.onset), ceil(s.offset))})
        return replace(self, labels=labels, spans=tuple(touched))


@dataclass(frozen=True)
class Agreement:
    """Of two annotators.

    Attributes:
        one: The first of the two.
        other: The second.
        films: About which both have said something.
        seconds: Number of seconds of these that both looked at.
        same: Share in [0, 1] of seconds of one label.
        kappa: Cohen's, at most 1; NaN where both say one and the same thing throughout.
        event_f1: In [0, 1], at a temporal IoU of 0.5.
    """

    one: str
    other: str
    films: tuple[Path, ...]
    seconds: int
    same: float
    kappa: float
    event_f1: float

    def in_words(self) -> str:
        """One line."""
        where = str(self.films[0]) if len(self.films) == 1 else f"{len(self.films)} films"
        kappa = "not defined" if self.kappa != self.kappa else f"{self.kappa:.2f}"
        return (
            f"{where}: {self.one} and {self.other} agree in {self.same:.0%} of {self.seconds} s, "
            f"kappa {kappa}, event F1 {self.event_f1:.2f}"
        )


def agreement(films: Sequence[Path], pairs: Sequence[tuple[Voice, Voice]]) -> Agreement:
    """Of two annotators over films, (n,) of each, whose seconds and events count alike."""
    ones = [label for one, _ in pairs for label in one.labels]
    others = [label for _, other in pairs for label in other.labels]
    found = event_f1(
        list(_intervals(one for one, _ in pairs)), list(_intervals(other for _, other in pairs))
    )
    same = sum(a == b for a, b in zip(ones, others, strict=True)) / max(1, len(ones))
    first, second = pairs[0]
    return Agreement(
        first.who, second.who, tuple(films), len(ones), same, kappa(ones, others), found
    )


def on_common_ground(one: Voice, other: Voice) -> tuple[Voice, Voice]:
    """What two say of the seconds of one film that both looked at; these may be none."""
    ours, theirs = (
        {cell for run in cells_within(voice.looked, len(voice.labels)) for cell in run}
        for voice in (one, other)
    )
    return one.within(ours & theirs), other.within(ours & theirs)


def kappa(one: Labels, other: Labels) -> float:
    """Cohen's kappa of two lists of labels (T,); NaN where chance alone would agree in all.

    Source: Cohen, Educational and Psychological Measurement 20, 1960.
    """
    count = len(one)
    if not count:
        return float("nan")
    same = sum(a == b for a, b in zip(one, other, strict=True)) / count
    ones, others = Counter(one), Counter(other)
    chance = sum(ones[label] * others[label] for label in ones) / count**2
    return (same - chance) / (1 - chance) if chance < 1 else float("nan")


def _intervals(voices: Iterable[Voice]) -> Iterable[Interval]:
    for film, voice in enumerate(voices):
        for span in voice.spans:
            yield Interval(film, _number(span.label), span.onset, span.offset)


def _number(label: str) -> int:
    """Of a label, the same wherever it is asked for."""
    return int.from_bytes(label.encode("utf-8", "surrogatepass"), "big")
