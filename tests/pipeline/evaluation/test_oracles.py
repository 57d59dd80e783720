"""Our numbers against those of sed_eval and mir_eval."""

from collections.abc import Sequence

import mir_eval
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sed_eval.sound_event import EventBasedMetrics, SegmentBasedMetrics

from avel.pipeline.evaluation.metrics import (
    Interval,
    accuracy_by_class,
    event_f1,
    intervals,
    segment_accuracy,
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
