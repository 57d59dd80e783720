"""Corrected events as examples for `avel teach`: nothing is written, and no film is opened."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import Protocol

from avel.pipeline.annotations.names import one_name
from avel.pipeline.annotations.spans import Span, joined, won
from avel.pipeline.datasets.examples import BACKGROUND, Example, example_from
from avel.pipeline.reasons import InputError


class Labelled(Protocol):
    """Whatever has a label, and when it holds, in seconds: an `Event`, a `Span`."""

    @property
    def label(self) -> str: ...
    @property
    def onset(self) -> float: ...
    @property
    def offset(self) -> float: ...


def examples_of(path: Path, events: Iterable[Labelled]) -> list[Example]:
    """What a film teaches whose events, in seconds, somebody has looked through.

    All of them are given: other seconds show none, and a film without any is background. Events of
    one label that overlap are one; of different ones the shorter has the time they share.

    Raises:
        InputError: a label is empty, or an offset is not after its onset.
    """
    spans = [_span(path, event) for event in events]
    found = [example_from(s.label, path, s.onset, s.offset) for s in won(joined(spans))]
    # a film that cannot be used is left out and named; an end behind its own is its own
    return [replace(e, listed=True, loose=True) for e in found or [example_from(BACKGROUND, path)]]


def all_examples(films: Sequence[tuple[Path, Iterable[Labelled]]]) -> list[Example]:
    """The same of several films, times in seconds; `learning.teach.teach` takes them.

    Raises:
        InputError: as `examples_of`; or no film shows an event.
    """
    found = [example for path, events in films for example in examples_of(path, events)]
    if all(example.is_background for example in found):
        raise InputError(
            f"none of {len(films)} film(s) shows an event; label one, there is nothing to teach"
        )
    return found


def _span(path: Path, event: Labelled) -> Span:
    label, onset, offset = one_name(event.label), float(event.onset), float(event.offset)
    if not label:
        raise InputError(f"{path}: the event at {onset:g} s has an empty label; give it a name")
    if not (isfinite(onset) and isfinite(offset) and 0 <= onset < offset):
        raise InputError(
            f"{path}: {label!r}, {onset:g}-{offset:g} s, must begin at 0 s or later, and end later"
        )
    return Span(onset, offset, label)
