"""TextGrids of Praat, long and short: intervals with a text, and points."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from avel.pipeline.annotations.encodings import text_of
from avel.pipeline.annotations.marks import Mark, Sheet
from avel.pipeline.annotations.numbers import number
from avel.pipeline.annotations.tiers import Tier, chosen
from avel.pipeline.reasons import InputError

TOKENS = re.compile(
    r'"(?P<text>(?:[^"]|"")*)"|(?P<flag><\w+>)|(?<!\S)(?P<number>[-+]?[\d.][\d.eE+-]*)(?!\S)|'
    r"(?<!\S)![^\n]*"
)
"""What Praat reads of a text file: texts in quotes, flags, and numbers that stand alone. The words
and brackets of the long form are for people, so that both forms are read in one way."""
FORMS = {"IntervalTier": 3, "TextTier": 2}
"""Kinds of tiers, and the number of tokens of each entry."""


def grid(path: Path, raw: bytes, tiers: Sequence[str] = ()) -> list[Sheet]:
    """One sheet, in seconds, of what is in the tiers of these names; else in all.

    Raises:
        InputError: it is no TextGrid, is cut short, or has no such tier.
    """
    tokens = [m.group(m.lastgroup) for m in TOKENS.finditer(text_of(path, raw)) if m.lastgroup]
    if tokens[:2] != ["ooTextFile", "TextGrid"]:
        raise InputError(
            f"{path}: is no TextGrid; save it in Praat by Save, Save as text file (or short text)"
        )
    try:
        found = list(_tiers(tokens[2:]))
    except (ValueError, IndexError) as err:
        raise InputError(
            f"{path}: its tiers cannot be read ({err}); save it in Praat again"
        ) from err
    kept, notes = chosen(path, found, tiers)
    return [Sheet(path, (), tuple(mark for tier in kept for mark in tier.marks), "", notes)]


def _tiers(tokens: list[str]) -> Iterator[Tier]:
    """After xmin, xmax, `<exists>` and how many there are."""
    if len(tokens) < 4 or tokens[2] != "<exists>":
        return
    at = 4
    for place in range(1, int(tokens[3]) + 1):
        kind, name = tokens[at : at + 2]
        if kind not in FORMS:
            raise ValueError(f"tier {place} is of kind {kind!r:.40}, not one of {', '.join(FORMS)}")
        count, size, at = int(tokens[at + 4]), FORMS[kind], at + 5
        if not 0 <= count * size <= len(tokens) - at:
            raise ValueError(f"tier {place} says that it has {count} entries")
        entries = [tokens[at + n * size : at + (n + 1) * size] for n in range(count)]
        at += count * size
        name = name.replace('""', '"')
        marks = [_mark(name, n, entry) for n, entry in enumerate(entries, 1)]
        yield Tier(name, tuple(mark for mark in marks if mark.label.strip()))


def _mark(tier: str, at: int, entry: list[str]) -> Mark:
    *times, text = entry
    onset, offset = number(times[0]), number(times[-1])
    return Mark(text.replace('""', '"'), onset, offset, f"tier {tier!r}, {at}")
