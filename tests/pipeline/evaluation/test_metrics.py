"""Our numbers against those of sed_eval and mir_eval, and against what is known."""

from collections.abc import Sequence
from pathlib import Path

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sed_eval.sound_event import EventBasedMetrics, SegmentBasedMetrics

from avel.pipeline.datasets.ave import open_ave, segment_labels
from avel.pipeline.evaluation.metrics import (
    Interval,
    accuracy_by_class,
    baselines,
    event_f1,
    intervals,
    mean_average_precision,
    segment_accuracy,
    tiou,
)

K, T = 3, 10
NAMES = ["dog", "cat", "cow"]


def sequences(seed: int, videos: int) -> tuple[np.ndarray, np.ndarray]:
    """Annotated and predicted segment indices (N, T): runs, and a prediction that is partly right."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(rng.integers(0, K + 1, (videos, 5)), 2, axis=1)
    other = np.repeat(rng.integers(0, K + 1, (videos, T)), 1, axis=1)
    return truth, np.where(rng.random((videos, T)) < 0.7, truth, other)


def as_events(rows: np.ndarray) -> list[dict[str, object]]:
    """Runs of one class as sed_eval takes them, each video after the other in one file."""
    found = [i for i in intervals(rows, K)]
    return [
        {
            "filename": "all.wav",
            "event_label": NAMES[i.label],
            "onset": i.video * T + i.onset,
            "offset": i.video * T + i.offset,
        }
        for i in found
    ]


random_rows = st.tuples(st.integers(0, 2**31), st.integers(1, 6))


@settings(deadline=None, max_examples=30)
@given(random_rows)
def test_segment_accuracy_is_sed_evals_error_count(drawn: tuple[int, int]) -> None:
    """A segment of one label is wrong as one substitution, deletion or insertion."""
    truth, predicted = sequences(*drawn)
    oracle = SegmentBasedMetrics(event_label_list=NAMES, time_resolution=1.0)
    oracle.evaluate(as_events(truth), as_events(predicted), truth.size)
    wrong = oracle.overall["S"] + oracle.overall["D"] + oracle.overall["I"]
    assert segment_accuracy(predicted, truth) == pytest.approx(1 - wrong / truth.size)
    ours = accuracy_by_class(predicted, truth, NAMES)
    for name in NAMES:
        counts = oracle.class_wise[name]
        if counts["Nref"]:
            assert ours[name] == pytest.approx(counts["Ntp"] / counts["Nref"])
        else:
            assert np.isnan(ours[name])


@settings(deadline=None, max_examples=30)
@given(random_rows)
def test_exact_events_are_sed_evals(drawn: tuple[int, int]) -> None:
    """On whole seconds a collar of 0.4 s on both ends is a tIoU of 1."""
    truth, predicted = sequences(*drawn)
    known, found = intervals(truth, K), intervals(predicted, K)
    if not known or not found:
        return
    oracle = EventBasedMetrics(
        event_label_list=NAMES, t_collar=0.4, percentage_of_length=0.0, evaluate_offset=True
    )
    # whole videos apart, so that a run does not go on in the next video
    oracle.evaluate(
        [{**e, "onset": o(e["onset"]), "offset": o(e["offset"])} for e in as_events(truth)],
        [{**e, "onset": o(e["onset"]), "offset": o(e["offset"])} for e in as_events(predicted)],
    )
    theirs = oracle.results_overall_metrics()["f_measure"]["f_measure"]
    assert event_f1(found, known, 1.0) == pytest.approx(0.0 if np.isnan(theirs) else theirs)


def o(second: object) -> float:
    """A time as sed_eval takes it."""
    return float(second)  # type: ignore[arg-type]


def matched(found: Sequence[Interval], known: Sequence[Interval], threshold: float) -> int:
    """Largest matching of events that overlap enough, by mir_eval's bipartite search."""
    count = 0
    for video, label in {(i.video, i.label) for i in known}:
        same = [
            [i for i in part if (i.video, i.label) == (video, label)] for part in (known, found)
        ]
        ends = [np.array([(i.onset, i.offset) for i in part]).reshape(-1, 2) for part in same]

        def apart(a: np.ndarray, b: np.ndarray, ends: list[np.ndarray] = ends) -> np.ndarray:
            one, other = ends[0][a.astype(int), None], ends[1][None, b.astype(int)]
            both = np.minimum(one[..., 1], other[..., 1]) - np.maximum(one[..., 0], other[..., 0])
            either = np.maximum(one[..., 1], other[..., 1]) - np.minimum(one[..., 0], other[..., 0])
            return 1 - both.clip(0) / either

        places = [np.arange(len(part), dtype=float) for part in same]
        count += len(mir_eval.util.match_events(*places, 1 - threshold + 1e-9, distance=apart))
    return count


@settings(deadline=None, max_examples=60)
@given(random_rows, st.sampled_from([0.3, 0.5, 0.7, 1.0]))
def test_event_f1_is_the_best_matchings(drawn: tuple[int, int], threshold: float) -> None:
    """Greedy matching loses nothing from a tIoU of a half on, where runs do not overlap."""
    truth, predicted = sequences(*drawn)
    known, found = intervals(truth, K), intervals(predicted, K)
    hits = matched(found, known, threshold)
    total = len(known) + len(found)
    ours = event_f1(found, known, threshold)
    best = 2 * hits / total if total else 1.0
    if threshold >= 0.5:
        assert ours == pytest.approx(best)
    assert ours <= best + 1e-9


def naive_average_precision(hits: Sequence[bool], known: int) -> float:
    """Mean over annotated events of the best precision at that recall or a higher one."""
    precision = [sum(hits[: n + 1]) / (n + 1) for n in range(len(hits))]
    recall = [sum(hits[: n + 1]) for n in range(len(hits))]
    best = [
        max((p for p, r in zip(precision, recall, strict=True) if r >= wanted), default=0.0)
        for wanted in range(1, known + 1)
    ]
    return sum(best) / known


@settings(deadline=None, max_examples=60)
@given(st.lists(st.booleans(), min_size=1, max_size=12), st.integers(0, 4))
def test_map_is_the_area_under_the_best_precisions(hits: list[bool], missed: int) -> None:
    known = sum(hits) + missed
    if not known:
        return
    places = iter(range(known))
    truth = [Interval(n, 0, 0.0, 2.0) for n in range(known)]
    predicted = [
        Interval(next(places) if hit else 99, 0, 0.0, 2.0, 1 - n / 100)
        for n, hit in enumerate(hits)
    ]
    found = mean_average_precision(predicted, truth, [0.5])
    assert found[0.5] == pytest.approx(naive_average_precision(hits, known))


def test_map_is_the_mean_over_annotated_classes() -> None:
    truth = [Interval(0, 0, 0, 2), Interval(1, 1, 0, 2)]
    predicted = [Interval(0, 0, 0, 2, 0.9), Interval(1, 2, 0, 2, 0.8)]
    assert mean_average_precision(predicted, truth, [0.5]) == {0.5: 0.5}
    assert np.isnan(mean_average_precision(predicted, [], [0.5])[0.5])
    assert mean_average_precision([], truth, [0.5]) == {0.5: 0.0}


times = st.integers(0, 20).map(lambda n: n / 2)


@given(times, times, times, times)
def test_tiou_is_symmetric_and_a_share(a: float, b: float, c: float, d: float) -> None:
    one, other = Interval(0, 0, min(a, b), max(a, b)), Interval(0, 0, min(c, d), max(c, d))
    assert tiou(one, other) == tiou(other, one)
    assert 0 <= tiou(one, other) <= 1
    assert tiou(one, one) == (1.0 if a != b else 0.0)
    if one.offset <= other.onset:
        assert tiou(one, other) == 0


def test_tiou_by_hand() -> None:
    assert tiou(Interval(0, 0, 0, 4), Interval(0, 0, 2, 6)) == pytest.approx(2 / 6)
    assert tiou(Interval(0, 0, 0, 4), Interval(0, 0, 1, 2)) == pytest.approx(1 / 4)


def test_events_are_found_once_and_in_their_own_video() -> None:
    truth = [Interval(0, 0, 0, 4)]
    twice = [Interval(0, 0, 0, 4), Interval(0, 0, 0, 3)]
    assert event_f1(twice, truth) == pytest.approx(2 / 3)
    assert event_f1([Interval(1, 0, 0, 4)], truth) == 0
    assert event_f1([Interval(0, 1, 0, 4)], truth) == 0
    assert event_f1([], []) == 1


@given(random_rows)
def test_runs_and_segments_say_the_same(drawn: tuple[int, int]) -> None:
    truth, _ = sequences(*drawn)
    again = np.full_like(truth, K)
    for run in intervals(truth, K):
        assert (again[run.video, int(run.onset) : int(run.offset)] == K).all()  # none overlaps
        again[run.video, int(run.onset) : int(run.offset)] = run.label
    assert (again == truth).all()


def test_accuracy_needs_one_shape() -> None:
    with pytest.raises(
        ValueError, match=r"predicted \(1, 2\) and truth \(2, 1\) must have one sha"
    ):
        segment_accuracy(np.zeros((1, 2), int), np.zeros((2, 1), int))
    assert np.isnan(segment_accuracy(np.zeros((0, 10), int), np.zeros((0, 10), int)))


def test_baselines_by_hand() -> None:
    truth = np.array([[0, 0, 3, 3], [3, 1, 1, 1], [3, 3, 3, 3]])
    train = np.array([[1, 1, 1, 0], [3, 3, 3, 3]])
    found = baselines(truth, train, 3)
    assert found["all background"] == pytest.approx(7 / 12)
    assert found["most common class"] == pytest.approx(3 / 12)  # 1
    assert found["one right class per video"] == pytest.approx((2 + 3 + 4) / 12)
    assert baselines(truth, np.full((1, 4), 3), 3)["most common class"] == pytest.approx(7 / 12)


def test_real_tables_give_the_known_baselines(ave_tables: Path) -> None:
    """Reference section 1.8: 17.79 % and 82.21 % on the standard test split."""
    data = open_ave(ave_tables)
    truth, train = (
        segment_labels([data.rows[row] for row in data.splits[split]], 28)
        for split in ("test", "train")
    )
    found = {name: round(100 * value, 2) for name, value in baselines(truth, train, 28).items()}
    assert found["all background"] == 17.79
    assert found["one right class per video"] == 82.21
    assert 0 < found["most common class"] < 10
