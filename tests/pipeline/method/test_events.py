"""Scores to events and events to numbers, on cases small enough to check by hand."""

import numpy as np
import pytest

from avel.pipeline.evaluation.metrics import (
    Interval,
    accuracy_by_class,
    event_f1,
    intervals,
    mean_average_precision,
    segment_accuracy,
    tiou,
)
from avel.pipeline.method.decide import EventConfig, decide
from avel.pipeline.method.events import find_events
from avel.pipeline.method.scores import SegmentScores

CLASSES = ("bell", "bark")


def scores(
    relevance: list[float], classes: list[list[float]], duration: float = 0.0
) -> SegmentScores:
    T = len(relevance)
    return SegmentScores(
        np.array(relevance, np.float32),
        np.array(classes, np.float32),
        np.ones(T, bool),
        np.zeros((T, 49), np.float32),
        np.ones(T, np.float32),
        np.ones(T, np.float32),
        duration or float(T),
        (),
    )


BELL, BARK = [0.9, 0.1, 0.0], [0.2, 0.8, 0.0]


def test_gate_groups_neighbours() -> None:
    found = find_events(scores([0.1, 0.9, 0.8, 0.2, 0.6], [BELL] * 5), CLASSES, EventConfig())
    assert [(e.label, e.onset, e.offset) for e in found] == [("bell", 1.0, 3.0), ("bell", 4.0, 5.0)]
    assert found[0].score == pytest.approx((0.81 + 0.72) / 2, abs=1e-6)


def test_another_class_is_another_event() -> None:
    found = find_events(scores([0.9, 0.9, 0.9], [BELL, BARK, BARK]), CLASSES, EventConfig())
    assert [(e.label, e.onset, e.offset) for e in found] == [("bell", 0, 1), ("bark", 1, 3)]


def test_the_last_event_ends_with_the_video() -> None:
    found = find_events(scores([0.9] * 8, [BARK] * 8, duration=7.2), CLASSES, EventConfig())
    assert [(e.onset, e.offset) for e in found] == [(0.0, 7.2)]


def test_the_two_decoders_differ_where_the_field_says() -> None:
    """Relevance 0.55 with an unsure class: the gate says event, argmax says background."""
    s = scores([0.55], [[0.5, 0.5, 0.0]])
    assert decide(s, s.present, EventConfig("gate")).tolist() == [0]
    assert decide(s, s.present, EventConfig("argmax")).tolist() == [2]


def test_threshold_of_the_gate() -> None:
    s = scores([0.6], [BELL])
    assert decide(s, s.present, EventConfig("gate", 0.7)).tolist() == [2]


def test_weak_background_column_wins() -> None:
    s = scores([0.9], [[0.1, 0.2, 0.7]])
    assert decide(s, s.present, EventConfig()).tolist() == [2]


def test_segment_accuracy_counts_cells() -> None:
    truth = np.array([[0, 0, 2, 2], [1, 1, 1, 2]])
    predicted = np.array([[0, 2, 2, 2], [1, 1, 0, 0]])
    assert segment_accuracy(predicted, truth) == 5 / 8
    by_class = accuracy_by_class(predicted, truth, CLASSES)
    assert by_class == {"bell": 1 / 2, "bark": 2 / 3, "background": 2 / 3}
    with pytest.raises(ValueError, match=r"must have one shape"):
        segment_accuracy(predicted[:1], truth)


def test_intervals_are_runs() -> None:
    found = intervals(np.array([[2, 0, 0, 1, 2], [2, 2, 2, 2, 2]]), background=2)
    assert [(e.video, e.label, e.onset, e.offset) for e in found] == [(0, 0, 1, 3), (0, 1, 3, 4)]


def test_tiou() -> None:
    assert tiou(Interval(0, 0, 0, 4), Interval(0, 0, 2, 6)) == 2 / 6
    assert tiou(Interval(0, 0, 0, 1), Interval(0, 0, 1, 2)) == 0


def test_event_f1_matches_each_event_once() -> None:
    truth = [Interval(0, 0, 0, 4), Interval(1, 1, 2, 5)]
    predicted = [Interval(0, 0, 0, 4), Interval(0, 0, 0, 3), Interval(1, 0, 2, 5)]
    assert event_f1(predicted, truth) == 2 * 1 / 5
    assert event_f1(truth, truth) == 1
    assert event_f1([], []) == 1
    assert event_f1([], truth) == 0


def test_map_by_hand() -> None:
    """Scores rank a hit, a miss, a hit: precision 1 and 2/3 at recall 1/2 and 1."""
    truth = [Interval(0, 0, 0, 4), Interval(1, 0, 0, 4)]
    predicted = [Interval(0, 0, 0, 4, 0.9), Interval(2, 0, 0, 4, 0.8), Interval(1, 0, 0, 2, 0.7)]
    result = mean_average_precision(predicted, truth, [0.5, 0.6])
    assert result[0.5] == pytest.approx((1 + 2 / 3) / 2)
    assert result[0.6] == pytest.approx(1 / 2)
    perfect = mean_average_precision(truth, truth)
    assert list(perfect.values()) == [1.0] * 5
