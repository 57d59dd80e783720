"""Stretches joined, intersected, and one label at a time."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.annotations.spans import (
    REST,
    Source,
    Span,
    common,
    joined,
    outside,
    overlapping,
    won,
)


def spans(*given_: tuple[float, float, str]) -> list[Span]:
    return [Span(*each) for each in given_]


SPANS = st.lists(
    st.builds(
        lambda on, long, label: Span(on / 4, (on + long) / 4, label),
        st.integers(0, 60), st.integers(1, 30), st.sampled_from("abc"),
    ),
    max_size=8,
)  # fmt: skip
"""On a grid of quarter seconds, so that every moment of it can be asked."""
MOMENTS = [n / 4 + 1 / 8 for n in range(92)]


def labels_at(found: list[Span], moment: float) -> list[str]:
    return [span.label for span in found if span.onset <= moment < span.offset]


def test_overlaps_of_one_label_are_one() -> None:
    found = joined(spans((3, 5, "a"), (0, 2, "a"), (1, 4, "a"), (1, 2, "b")))
    assert found == spans((0, 5, "a"), (1, 2, "b"))
    assert joined(spans((0, 2, "a"), (2, 4, "a"))) == spans((0, 2, "a"), (2, 4, "a"))


@given(SPANS)
def test_joining_changes_no_moment(given_: list[Span]) -> None:
    found = joined(given_)
    for moment in MOMENTS:
        assert sorted(labels_at(found, moment)) == sorted({*labels_at(given_, moment)})
    assert joined(found) == found


@given(st.lists(SPANS, min_size=1, max_size=3))
def test_what_all_have_in_common(several: list[list[Span]]) -> None:
    found = common([joined(each) for each in several])
    for moment in MOMENTS:
        shared = set.intersection(*({*labels_at(each, moment)} for each in several))
        assert sorted(labels_at(found, moment)) == sorted(shared)


def test_the_shorter_one_has_the_time_they_share() -> None:
    found = won(spans((0, 10, "speech"), (3, 5, "bark")))
    assert found == spans((0, 3, "speech"), (3, 5, "bark"), (5, 10, "speech"))


def test_of_two_equally_long_ones_the_first_has_it() -> None:
    assert won(spans((1, 3, "b"), (0, 2, "a"))) == spans((0, 2, "a"), (2, 3, "b"))
    assert won(spans((0, 2, "b"), (0, 2, "a"))) == spans((0, 2, "a"))


def test_what_is_left_and_too_short_is_dropped() -> None:
    assert won(spans((0, 10, "long"), (0.3, 9.7, "short"))) == spans((0.3, 9.7, "short"))
    assert won(spans((0, 0.2, "blink"))) == spans((0, 0.2, "blink"))


@given(SPANS)
def test_one_label_at_a_time(given_: list[Span]) -> None:
    whole = joined(given_)
    found = won(whole)
    lengths = {moment: [s for s in whole if s.onset <= moment < s.offset] for moment in MOMENTS}
    for moment, there in lengths.items():
        now = labels_at(found, moment)
        assert len(now) <= 1
        if now:
            assert now[0] in {span.label for span in there}
        elif there:  # only what is left of a longer one may go
            least = min(there, key=lambda s: (s.length, s))
            assert least.length > REST
    shortest = min(whole, key=lambda s: (s.length, s), default=None)
    if shortest:
        assert shortest in found


def test_sources_go_with_them() -> None:
    first, second = (Source(Path("a"), f"line {n}", "Ann", "x", 0, 1) for n in (1, 2))
    both = joined([Span(0, 2, "x", (first,)), Span(1, 3, "x", (second,))])
    assert both[0].sources == (first, second)
    assert won(both)[0].sources == (first, second)
    assert common([[Span(0, 2, "x", (first,))], [Span(1, 3, "x", (second,))]])[0].sources == (
        first,
        second,
    )


def test_pairs_that_overlap_are_counted() -> None:
    assert overlapping(spans((0, 10, "a"), (1, 2, "b"), (3, 4, "c"), (3, 5, "a"))) == 3
    assert overlapping(spans((0, 1, "a"), (1, 2, "b"))) == 0


def test_what_lies_outside_of_stretches() -> None:
    found = spans((0, 6, "a"), (1, 1.2, "b"), (4.8, 5.2, "c"), (9, 12, "d"))
    stretches = [(5.0, 8.0), (2.0, 3.0), (7.0, 10.0)]
    expected = [(0, 2, "a"), (3, 5, "a"), (1, 1.2, "b"), (10, 12, "d")]
    assert [(s.onset, s.offset, s.label) for s in outside(found, stretches)] == expected
    assert outside(found, []) == found
    assert outside(found, [(0.0, float("inf"))]) == []


@given(SPANS, SPANS)
def test_no_moment_inside_is_left_and_none_outside_is_new(
    found: list[Span], others: list[Span]
) -> None:
    left = outside(found, [(span.onset, span.offset) for span in others])
    for moment in MOMENTS:
        inside = bool(labels_at(others, moment))
        assert set(labels_at(left, moment)) <= (set() if inside else {*labels_at(found, moment)})
    assert sum(span.length for span in left) <= sum(span.length for span in found)
