"""One sheet about one film as stretches in seconds, and what of it cannot be used."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from avel.pipeline.annotations.marks import END, Mark, Sheet
from avel.pipeline.annotations.names import one_name
from avel.pipeline.annotations.spans import Source, Span
from avel.pipeline.media.footage import Footage

ROUNDING = 1.0
"""Seconds by which an offset may lie behind a film's end and mean it without a word: the streams of
a file end at different times, and tools take one or the other."""


@dataclass(frozen=True)
class Rules:
    """How annotations are read.

    Attributes:
        renames: New labels by the written ones, spaces made single.
        point_seconds: Length that a marked moment gets, about it; 0: it is left out.
        frame_rate: Of every film whose times are frames; None for each film's own.
    """

    renames: Mapping[str, str] = field(default_factory=dict)
    point_seconds: float = 0.0
    frame_rate: Fraction | None = None


@dataclass
class Said:
    """What must be told.

    Attributes:
        problems: Sentences on what cannot be used and is left out.
        notes: Sentences on what was changed or may be wrong.
    """

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def spans_of(sheet: Sheet, footage: Footage, rules: Rules, said: Said) -> list[Span]:
    """The stretches of a sheet, in seconds; `said` gets what must be told of it."""
    rate = rules.frame_rate or footage.frame_rate
    if any(mark.frames for mark in sheet.marks):
        if rate <= 0:
            said.problems.append(
                f"{sheet.path}: its times are frames, and its film's frames a second are not "
                "known; give them with --frame-rate"
            )
            return []
        if footage.variable and not rules.frame_rate:
            said.notes.append(
                f"{sheet.path}: its times are frames, and its film's frames come at changing "
                f"intervals: {float(rate):.2f} a second, the average, are taken"
            )
    found = (_span(sheet, mark, footage, rules, said) for mark in sheet.marks)
    return [span for span in found if span]


def _span(sheet: Sheet, mark: Mark, footage: Footage, rules: Rules, said: Said) -> Span | None:
    where, end = f"{sheet.path}, {mark.place}", float(footage.duration)
    label = rules.renames.get(one_name(mark.label), one_name(mark.label))
    timed = mark.in_seconds(rules.frame_rate or footage.frame_rate)
    onset, offset = timed.onset, timed.offset
    why = _wrong(label, onset, offset, end, rules)
    if why:
        said.problems.append(f"{where}: {why}")
        return None
    source = Source(sheet.path, mark.place, sheet.who, mark.label, onset, min(offset, end))
    if onset == offset:
        half = rules.point_seconds / 2
        onset, offset = onset - half, offset + half
    elif onset < 0:
        said.notes.append(
            f"{where}: {label!r} begins at {onset:g} s; the film's beginning is taken"
        )
    if end + ROUNDING < offset < END:
        said.notes.append(
            f"{where}: {label!r} ends at {offset:g} s, and the film at {end:g} s, which is taken"
        )
    return Span(max(0.0, onset), min(offset, end), label, (source,))


def _wrong(label: str, onset: float, offset: float, end: float, rules: Rules) -> str:
    """Why a mark cannot be used; empty where it can."""
    if not label:
        return f"the annotation at {onset:g} s has an empty label; write what it is, or delete it"
    if offset < onset:
        return f"{label!r} ends ({offset:g} s) before it begins ({onset:g} s); swap the two"
    if onset == offset and not rules.point_seconds:
        return (
            f"{label!r} marks the moment {onset:g} s (onset == offset), and an event must last; "
            "drag its end in the tool, or let --point SECONDS be the length of all such"
        )
    if onset >= end or (offset <= 0 and onset != offset):
        span = f"{onset:g}-{offset:g} s" if offset < END else f"from {onset:g} s on"
        return f"{label!r}, {span}, lies outside its film, which is {end:g} s long"
    return ""
