"""One word of several annotators; in `test_gather.py` they come from files."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.annotations.agreement import Voice
from avel.pipeline.annotations.cells import cells_of
from avel.pipeline.annotations.looked import WHOLE, Stretch
from avel.pipeline.annotations.merging import MERGES, Merge, merged
from avel.pipeline.annotations.spans import joined
from tests.pipeline.annotations.test_spans import spans

T = 12
Event = tuple[float, float, str]


def voice(*events: Event, asked: Stretch = WHOLE) -> Voice:
    found = joined(spans(*events))
    return Voice("", tuple(found), tuple(cells_of(found, T).labels), (asked,))


def said(merge: Merge, *voices: Voice) -> list[Event]:
    return [(each.onset, each.offset, each.label) for each in merged(voices, merge)]


def test_the_rules_are_those_of_their_type() -> None:
    assert get_args(Merge) == MERGES
    assert MERGES[0] == "refuse"


@pytest.mark.parametrize("merge", MERGES)
def test_one_alone_is_right(merge: Merge) -> None:
    assert said(merge, voice((1, 3, "a"), (4, 5, "b"))) == [(1, 3, "a"), (4, 5, "b")]


@pytest.mark.parametrize(
    ("merge", "expected"),
    [
        ("first", [(0, 4, "a"), (5, 9, "a")]),
        ("intersection", [(1, 4, "a"), (5, 9, "a")]),
        ("union", [(0, 9, "a")]),
    ],
)
def test_an_event_over_the_end_of_what_the_other_saw(merge: Merge, expected: list[Event]) -> None:
    """The second says no more of the first five seconds than the first does, and alone of others."""
    early, late = voice((0, 4, "a"), asked=(0, 5)), voice((1, 9, "a"), asked=(0, 7))
    assert said(merge, early, late) == expected


def test_three_who_saw_three_parts() -> None:
    parts = [voice((n, n + 2, "abc"[n // 4]), asked=(n, n + 4)) for n in (0, 4, 8)]
    expected = [(0, 2, "a"), (4, 6, "b"), (8, 10, "c")]
    for merge in MERGES:
        assert said(merge, *parts) == expected


def test_of_three_one_denies() -> None:
    one, quiet = voice((2, 4, "a")), voice(asked=(0, 6))
    assert said("intersection", one, one, quiet) == []
    assert said("intersection", one, quiet, one) == []
    assert said("intersection", quiet, one, one) == []
    assert said("union", quiet, one) == said("first", one, quiet) == [(2, 4, "a")]


EVENT = st.tuples(st.integers(0, 8), st.integers(1, 3), st.sampled_from("ab"))
EVENTS = st.lists(EVENT, max_size=4).map(
    lambda found: [(float(at), float(at + long), label) for at, long, label in found]
)


@given(EVENTS, EVENTS)
def test_who_looked_at_nothing_changes_nothing(one: list[Event], other: list[Event]) -> None:
    """Where nobody else looked, a word stands; where the whole film was seen, it is the rule's."""
    first, blind = voice(*one), Voice("", (), (None,) * T, ())
    assert said("intersection", first, blind) == said("first", first, blind)
    assert said("intersection", blind, first) == said("union", blind, first)
    assert said("first", first, voice(*other)) == said("first", first)
