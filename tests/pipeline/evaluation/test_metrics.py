"""The bench's numbers against slow references that follow the definitions word by word."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from avel.pipeline.evaluation.metrics import (
    TIOU_THRESHOLDS,
    Interval,
    _average_precision,
    accuracy_by_class,
    baselines,
    event_f1,
    intervals,
    matches,
    mean_average_precision,
    precision_and_recall,
    segment_accuracy,
    tiou,
)

K, T = 3, 10
decisions = arrays(np.int64, st.tuples(st.integers(1, 6), st.just(T)), elements=st.integers(0, K))
pairs = st.integers(1, 6).flatmap(
    lambda n: st.tuples(*[arrays(np.int64, (n, T), elements=st.integers(0, K)) for _ in range(2)])
)


@st.composite
def events(draw: st.DrawFn, scored: bool = False, most: int = 12) -> list[Interval]:
    found = []
    for _ in range(draw(st.integers(0, most))):
        onset = draw(st.integers(0, 8))
        offset = draw(st.integers(onset + 1, 10))
        score = draw(st.integers(0, 1000)) / 1000 if scored else 1.0
        video, label = draw(st.integers(0, 2)), draw(st.integers(0, K - 1))
        found.append(Interval(video, label, float(onset), float(offset), score))
    return found


# Accuracy.


@given(pairs)
def test_segment_accuracy_by_counting(both: tuple[np.ndarray, np.ndarray]) -> None:
    predicted, truth = both
    right = sum(int(p == t) for p, t in zip(predicted.flat, truth.flat, strict=True))
    assert segment_accuracy(predicted, truth) == pytest.approx(right / truth.size)
    assert segment_accuracy(truth, truth) == 1


def test_accuracy_of_nothing_and_of_other_shapes() -> None:
    assert np.isnan(segment_accuracy(np.zeros((0, T), np.int64), np.zeros((0, T), np.int64)))
    with pytest.raises(
        ValueError, match=r"predicted \(2, 10\) and truth \(2, 9\) must have one sha"
    ):
        segment_accuracy(np.zeros((2, 10), np.int64), np.zeros((2, 9), np.int64))


@given(pairs)
def test_accuracy_by_class_by_counting(both: tuple[np.ndarray, np.ndarray]) -> None:
    predicted, truth = both
    found = accuracy_by_class(predicted, truth, ["a", "b", "c"])
    assert list(found) == ["a", "b", "c", "background"]
    for index, name in enumerate(found):
        cells = [p == index for p, t in zip(predicted.flat, truth.flat, strict=True) if t == index]
        expected = sum(cells) / len(cells) if cells else float("nan")
        assert found[name] == pytest.approx(expected, nan_ok=True)
    # weighted by how often each class is annotated, they are the accuracy again
    weights = [(truth == index).sum() for index in range(4)]
    total = sum(w * v for w, v in zip(weights, found.values(), strict=True) if w)
    assert total / truth.size == pytest.approx(segment_accuracy(predicted, truth))


@given(decisions, decisions)
def test_baselines_by_their_words(truth: np.ndarray, train: np.ndarray) -> None:
    found = baselines(truth, train, K)
    assert found["all background"] == pytest.approx(np.mean(truth == K))
    counts = [(train == label).sum() for label in range(K)]
    common = int(np.argmax(counts)) if sum(counts) else K
    assert found["most common class"] == pytest.approx(np.mean(truth == common))
    right = 0
    for row in truth:
        labels = [label for label in row if label != K]
        right += sum(cell == (max(labels) if labels else K) for cell in row)
    assert found["one right class per video"] == pytest.approx(right / truth.size)


def test_one_class_a_video_is_the_ceiling_of_whatever_gives_one() -> None:
    truth = np.array([[0] * 4 + [K] * 6, [K] * 10, [2] * 10])
    assert baselines(truth, truth, K)["one right class per video"] == pytest.approx(24 / 30)


# Decisions to events.


@given(decisions)
def test_intervals_say_what_the_decisions_said(rows: np.ndarray) -> None:
    """Painted back onto background they are the rows; no two of a class touch."""
    painted = np.full_like(rows, K)
    found = intervals(rows, K)
    for event in found:
        painted[event.video, int(event.onset) : int(event.offset)] = event.label
        assert event.label != K
        assert event.onset < event.offset
    np.testing.assert_array_equal(painted, rows)
    for one, following in pairwise(found):
        if one.video == following.video and one.label == following.label:
            assert one.offset < following.onset


def test_intervals_of_a_row() -> None:
    row = np.array([[0, 0, 3, 1, 1, 1, 0, 3, 3, 2]])
    assert [(e.label, e.onset, e.offset) for e in intervals(row, 3)] == [
        (0, 0, 2),
        (1, 3, 6),
        (0, 6, 7),
        (2, 9, 10),
    ]
    assert intervals(np.full((2, 10), 3), 3) == []


# Overlap.


def cells(event: Interval) -> set[int]:
    """Tenths of a second of an event."""
    return set(range(round(event.onset * 10), round(event.offset * 10)))


@given(events(), events())
def test_tiou_by_counting_tenths(a: list[Interval], b: list[Interval]) -> None:
    for one, other in zip(a, b, strict=False):
        both, either = cells(one) & cells(other), cells(one) | cells(other)
        gap = not both and either  # the union of two that are apart is their span; still no overlap
        assert tiou(one, other) == pytest.approx(0 if gap else len(both) / len(either))
        assert tiou(one, other) == tiou(other, one)
        assert tiou(one, one) == 1


def test_tiou_of_events_without_length() -> None:
    point = Interval(0, 0, 3.0, 3.0)
    assert tiou(point, point) == 0
    assert tiou(point, Interval(0, 0, 0.0, 10.0)) == 0
    assert tiou(Interval(0, 0, 0, 5), Interval(0, 0, 5, 9)) == 0


# Event F1.


@settings(max_examples=60)
@given(events(scored=True, most=6), events(most=6), st.sampled_from([0.3, 0.5, 0.7]))
def test_f1_is_at_most_the_best_pairing(
    predicted: list[Interval], truth: list[Interval], threshold: float
) -> None:
    """Greedy matching never finds more than the best one-to-one pairing, and at least half of it."""
    from scipy.optimize import linear_sum_assignment

    found = event_f1(predicted, truth, threshold)
    if not predicted and not truth:
        assert found == 1
        return
    fits = np.array(
        [
            [p.video == t.video and p.label == t.label and tiou(p, t) >= threshold for t in truth]
            for p in predicted
        ]
    ).reshape(len(predicted), len(truth))
    best = fits[linear_sum_assignment(fits, maximize=True)].sum()
    hits = found * (len(predicted) + len(truth)) / 2
    assert hits == pytest.approx(round(hits))
    assert best / 2 <= round(hits) <= best


@given(events())
def test_f1_of_the_truth_itself_is_one(truth: list[Interval]) -> None:
    distinct = list(dict.fromkeys(truth))
    assert event_f1(distinct, distinct) == 1
    assert event_f1([], distinct) == (1 if not distinct else 0)
    assert event_f1(distinct, []) == (1 if not distinct else 0)


def test_each_prediction_with_the_event_that_it_finds() -> None:
    """The best score chooses first, and what is left does not do for the other."""
    truth = [Interval(0, 1, 0, 4), Interval(0, 1, 5, 9), Interval(0, 2, 0, 4)]
    sure, unsure = Interval(0, 1, 0, 3, 0.9), Interval(0, 1, 0, 4, 0.5)
    late = Interval(0, 1, 7, 9, 0.4)
    assert matches([unsure, late, sure], truth) == [
        (sure, truth[0]),
        (unsure, None),
        (late, truth[1]),
    ]
    assert matches([late], truth, 0.51) == [(late, None)]
    assert matches([], truth) == []


def test_an_annotated_event_is_found_once() -> None:
    truth = [Interval(0, 0, 0, 10)]
    twice = [Interval(0, 0, 0, 10), Interval(0, 0, 0, 9)]
    assert event_f1(twice, truth) == pytest.approx(2 * 1 / 3)
    assert event_f1([Interval(1, 0, 0, 10)], truth) == 0  # another video
    assert event_f1([Interval(0, 1, 0, 10)], truth) == 0  # another class
    assert event_f1([Interval(0, 0, 0, 5)], truth) == 1  # tIoU is exactly 0.5
    assert event_f1([Interval(0, 0, 0, 4.9)], truth) == 0


# Mean average precision, against a loop that follows ActivityNet's words.


def slow_average_precision(predicted: list[Interval], truth: list[Interval], threshold: float) -> float:  # fmt: skip
    if not predicted:
        return 0.0
    taken: set[int] = set()
    points = [(0.0, 0.0)]
    right = 0
    for rank, event in enumerate(sorted(predicted, key=lambda e: -e.score), 1):
        best, index = -1.0, -1
        for n, other in enumerate(truth):
            if n not in taken and other.video == event.video and tiou(event, other) > best:
                best, index = tiou(event, other), n
        if index >= 0 and best >= threshold:
            taken.add(index)
            right += 1
        points.append((right / len(truth), right / rank))
    area = 0.0
    for n in range(1, len(points)):
        highest = max(precision for _, precision in points[n:])
        area += (points[n][0] - points[n - 1][0]) * highest
    return area


@settings(max_examples=60)
@given(events(scored=True), events())
def test_map_is_the_slow_one(predicted: list[Interval], truth: list[Interval]) -> None:
    found = mean_average_precision(predicted, truth)
    assert tuple(found) == TIOU_THRESHOLDS
    labels = sorted({event.label for event in truth})
    for threshold in TIOU_THRESHOLDS:
        if not labels:
            assert np.isnan(found[threshold])
            continue
        each = [
            slow_average_precision(
                [p for p in predicted if p.label == label],
                [t for t in truth if t.label == label],
                threshold,
            )
            for label in labels
        ]
        assert found[threshold] == pytest.approx(np.mean(each))


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(0, 5))
def test_average_precision_by_the_rank(hits: list[bool], missed: int) -> None:
    """The best precision from each hit on, averaged over what is annotated."""
    truth = [Interval(n, 0, 0, 10) for n in range(sum(hits) + missed)]
    if not truth:
        return
    free = iter(range(sum(hits)))
    predicted = [
        Interval(next(free) if hit else 1000 + n, 0, 0, 10, 1 - n / 100)
        for n, hit in enumerate(hits)
    ]
    ranks = np.arange(1, len(hits) + 1)
    precision = np.cumsum(hits) / ranks
    expected = sum(precision[n:].max() for n, hit in enumerate(hits) if hit) / len(truth)
    assert _average_precision(predicted, truth, 0.5) == pytest.approx(expected)


def test_map_knows_the_order_of_scores() -> None:
    truth = [Interval(0, 0, 0, 5), Interval(1, 0, 0, 5)]
    right, wrong = [Interval(0, 0, 0, 5, 0.9)], [Interval(0, 0, 6, 9, 0.5)]
    assert mean_average_precision([*right, *wrong], truth)[0.5] == pytest.approx(0.5)
    late = [Interval(0, 0, 0, 5, 0.1)]
    assert mean_average_precision([*late, *wrong], truth)[0.5] == pytest.approx(0.25)


def test_a_class_that_is_not_annotated_does_not_count() -> None:
    truth, other = [Interval(0, 0, 0, 5)], [Interval(0, 2, 0, 5, 0.9)]
    assert mean_average_precision([*truth, *other], truth)[0.5] == 1


def test_a_stricter_threshold_never_finds_more() -> None:
    rng = np.random.default_rng(0)
    truth = [Interval(n, n % 2, 0, 10) for n in range(20)]
    predicted = [
        Interval(n, n % 2, 0, 10 * float(rng.random()), float(rng.random())) for n in range(20)
    ]
    values = list(mean_average_precision(predicted, truth).values())
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1]


def test_precision_and_recall_of_segments() -> None:
    truth = np.array([[0, 0, 2, 2], [1, 2, 2, 2]])
    found = np.array([[0, 1, 0, 2], [1, 1, 2, 2]])
    assert precision_and_recall(found, truth, 2) == pytest.approx((2 / 5, 2 / 3))
    quiet = np.full((2, 4), 2)
    precision, recall = precision_and_recall(quiet, truth, 2)
    assert np.isnan(precision)
    assert recall == 0
    assert np.isnan(precision_and_recall(found, quiet, 2)[1])
