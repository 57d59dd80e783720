"""Several annotators' words on one film as one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from avel.pipeline.annotations.agreement import Voice
from avel.pipeline.annotations.looked import Stretch
from avel.pipeline.annotations.spans import Span, common, joined, outside

Merge = Literal["refuse", "union", "intersection", "first"]
MERGES: tuple[Merge, ...] = get_args(Merge)
"""What becomes of several annotators' words on one film: the first is the rule where none is
named."""


def merged(voices: Sequence[Voice], merge: Merge) -> list[Span]:
    """One word of several, in seconds; where they are to agree they do, and the first's is theirs.

    A rule decides of what several looked at; of the rest the word of the one who did counts.
    """
    first, *others = voices
    spans, looked = list(first.spans), list(first.looked)
    for other in others:
        spans = _both(_Word(spans, looked), _Word(list(other.spans), list(other.looked)), merge)
        looked += other.looked
    return spans


@dataclass(frozen=True)
class _Word:
    """Spans in seconds, and the stretches of which they say all that is in them."""

    spans: list[Span]
    looked: list[Stretch]


def _both(one: _Word, other: _Word, merge: Merge) -> list[Span]:
    if merge == "union":
        return joined([*one.spans, *other.spans])
    alone = outside(other.spans, one.looked)
    if merge != "intersection":
        return joined([*one.spans, *alone])
    shared = common([one.spans, other.spans])
    return joined([*shared, *outside(one.spans, other.looked), *alone])
