"""Events that were found beside those that people say: how many are right, and how well in time.

An event is right where an annotated one of its film and label overlaps it with a temporal IoU of
0.5, each counted once; segment accuracy is the share of seconds with the right label, background
too (`evaluation/metrics.py`). Onset and offset errors are of events that are right: found minus
annotated, so that a positive one is late.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

from avel.pipeline.annotations.cells import cells_of
from avel.pipeline.annotations.gather import Corrected
from avel.pipeline.annotations.spans import Span, joined, won
from avel.pipeline.evaluation.metrics import Interval, event_f1, matches
from avel.pipeline.method.events import Event

TIOU = 0.5


@dataclass(frozen=True)
class Film:
    """What was found in one film, and what is in it, in seconds."""

    found: tuple[Event, ...]
    corrected: Corrected

    def knows(self, event: Event) -> bool:
        """Whether somebody looked at a second of it."""
        runs = self.corrected.looked_at
        return any(event.onset < run.stop and run.start < event.offset for run in runs)


def compare(films: Sequence[Film]) -> dict[str, Any]:
    """Numbers over films: shares in [0, 1], errors in seconds; None where there is nothing.

    `labels` has the same of each label, the most annotated first.
    """
    named = {event.label for film in films for event in film.found if film.knows(event)}
    labels = sorted(named | {span.label for film in films for span in film.corrected.spans})
    numbers = {label: number for number, label in enumerate(labels)}
    found = [each for n, film in enumerate(films) for each in _found(n, film, numbers)]
    truth = [each for n, film in enumerate(films) for each in _truth(n, film, numbers)]
    seconds = [pair for film in films for pair in _seconds(film)]
    by_label = {
        label: _numbers(
            [e for e in found if e.label == number],
            [e for e in truth if e.label == number],
            [pair for pair in seconds if label in pair],
        )
        for label, number in numbers.items()
    }
    order = sorted(labels, key=lambda label: (-by_label[label]["annotated"], label))
    return {
        "films": len(films),
        "seconds": len(seconds),
        "tiou": TIOU,
        **_numbers(found, truth, seconds),
        "labels": {label: by_label[label] for label in order},
    }


def _numbers(
    found: Sequence[Interval],
    truth: Sequence[Interval],
    seconds: Sequence[tuple[str | None, str | None]],
) -> dict[str, Any]:
    """Of a label its accuracy is the share of seconds that either side gives it and both do."""
    pairs = [(event, best) for event, best in matches(found, truth, TIOU) if best is not None]
    right = len(pairs)
    return {
        "annotated": len(truth),
        "found": len(found),
        "right": right,
        "precision": right / len(found) if found else None,
        "recall": right / len(truth) if truth else None,
        "event_f1": event_f1(found, truth, TIOU) if found or truth else None,
        "onset_error": _errors(event.onset - best.onset for event, best in pairs),
        "offset_error": _errors(event.offset - best.offset for event, best in pairs),
        "segment_accuracy": sum(a == b for a, b in seconds) / len(seconds) if seconds else None,
    }


def _errors(given: Iterable[float]) -> dict[str, float] | None:
    """Seconds: the median size, the mean with its sign, and the largest size."""
    errors = list(given)
    if not errors:
        return None
    sizes = [abs(error) for error in errors]
    return {"median": median(sizes), "mean": fmean(errors), "largest": max(sizes)}


def _found(number: int, film: Film, numbers: Mapping[str, int]) -> Iterable[Interval]:
    for e in film.found:
        if film.knows(e):
            yield Interval(number, numbers[e.label], e.onset, e.offset, e.score)


def _truth(number: int, film: Film, numbers: Mapping[str, int]) -> Iterable[Interval]:
    for s in film.corrected.spans:
        yield Interval(number, numbers[s.label], s.onset, s.offset)


def _seconds(film: Film) -> list[tuple[str | None, str | None]]:
    """Labels of each second: what was found, and what is annotated."""
    count = film.corrected.num_cells
    spans = won(joined(Span(e.onset, e.offset, e.label) for e in film.found))
    found, truth = cells_of(spans, count), cells_of(film.corrected.spans, count)
    known = [cell for run in film.corrected.looked_at for cell in run]
    return [(found.labels[cell], truth.labels[cell]) for cell in known]
