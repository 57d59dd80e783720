"""Spans of log-odds: begun over one bar, ended under another."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.method.hysteresis import spans

INF = float("inf")


def found(values: list[float], **options: float) -> list[tuple[int, int]]:
    odds = np.array(values)
    defaults = {"start": 0.0, "end": -2.0, "drop": INF, "gap": 0}
    return [(s.start, s.stop) for s in spans(odds, odds, **{**defaults, **options})]  # type: ignore[arg-type]


def test_a_span_reaches_both_ways_to_the_lower_bar() -> None:
    assert found([-3, -1, 1, -1, -1, -3]) == [(1, 5)]


def test_the_lower_bar_alone_begins_nothing() -> None:
    assert found([-1, -1, 0, -1]) == []


def test_two_spans_and_a_gap() -> None:
    values = [1, -3, 1, -3, -3, 1]
    assert found(values) == [(0, 1), (2, 3), (5, 6)]
    assert found(values, gap=1) == [(0, 3), (5, 6)]
    assert found(values, gap=2) == [(0, 6)]


def test_a_fall_from_the_peak_ends_a_span() -> None:
    assert found([5, 4, -1, -1.5], drop=3) == [(0, 2)]
    assert found([5, 4, -1, -1.5]) == [(0, 4)]
    assert found([5, 4, 1, 0.5], drop=3) == [(0, 4)]  # what begins anew right after goes on


def test_beginning_and_going_on_are_different_things() -> None:
    onset, going = np.array([-9.0, 1, -9]), np.array([-1.0, 1, -1])
    assert spans(onset, going, start=0, end=-2) == [range(3)]
    assert spans(onset, onset, start=0, end=-2) == [range(1, 2)]


def test_nothing_of_nothing() -> None:
    assert spans(np.zeros(0), np.zeros(0), start=0, end=-1) == []


@given(
    st.lists(st.floats(-6, 6), max_size=30),
    st.floats(-1, 2),
    st.floats(0, 3),
    st.integers(0, 3),
)
def test_spans_hold_every_beginning_and_nothing_under_the_bar(
    values: list[float], start: float, depth: float, gap: int
) -> None:
    odds = np.array(values)
    each = spans(odds, odds, start=start, end=start - depth, gap=gap)
    inside = {cell for span in each for cell in span}
    assert set(np.flatnonzero(odds > start).tolist()) <= inside
    assert all(span.start < span.stop for span in each)
    assert all(b.start - a.stop > gap for a, b in pairwise(each))
    if gap == 0:
        assert all(odds[cell] > start - depth for cell in inside)
        assert all(odds[span.start : span.stop].max() > start for span in each)
