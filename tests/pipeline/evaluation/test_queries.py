"""Cross-modality queries: what can be asked, what is right, what answers without looking reach."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.evaluation.queries import baselines, exact_accuracy, queries

T = 10


@st.composite
def events(draw: st.DrawFn) -> np.ndarray:
    """Samples (N, T) of one run of event segments each, some of none or all of them."""
    rows = []
    for _ in range(draw(st.integers(1, 20))):
        start = draw(st.integers(0, T))
        end = draw(st.integers(start, T))
        rows.append([start <= t < end for t in range(T)])
    return np.array(rows)


@given(events())
def test_what_can_be_asked_by_a_loop(samples: np.ndarray) -> None:
    """Neither an empty sample nor a full one; the query is its run of segments."""
    expected = [
        (n, row.tolist().index(True), sum(row))
        for n, row in enumerate(samples)
        if any(row) and not all(row)
    ]
    asked = queries(samples)
    found = zip(asked.rows, asked.starts, asked.lengths, strict=True)
    assert [tuple(int(v) for v in query) for query in found] == expected


def test_only_the_exact_start_is_right() -> None:
    asked = queries(np.array([[0, 1, 1, 0], [0, 0, 0, 1], [1, 1, 0, 0]], bool))
    assert asked.starts.tolist() == [1, 3, 0]
    assert exact_accuracy(np.array([1, 3, 0]), asked) == 1
    assert exact_accuracy(np.array([1, 2, 1]), asked) == pytest.approx(1 / 3)
    assert exact_accuracy(np.array([0, 2, 1]), asked) == 0


@given(events().filter(lambda samples: len(queries(samples).rows) > 0))
def test_baselines_are_what_such_answers_reach(samples: np.ndarray) -> None:
    asked, found = queries(samples), baselines(samples)
    places = T - asked.lengths + 1
    chance = [np.mean([s == start for s in range(p)]) for start, p in zip(asked.starts, places, strict=True)]  # fmt: skip
    assert found["random start"] == pytest.approx(np.mean(chance))
    first = [start == 0 for start in asked.starts]
    last = [start + length == T for start, length in zip(asked.starts, asked.lengths, strict=True)]
    assert found["always at the start"] == pytest.approx(np.mean(first))
    assert found["always at the end"] == pytest.approx(np.mean(last))
    assert list(found) == ["random start", "always at the start", "always at the end"]


def test_random_answers_reach_the_random_baseline() -> None:
    rng = np.random.default_rng(0)
    starts = rng.integers(0, 8, 4000)
    samples = np.array([[s <= t < s + 3 for t in range(T)] for s in starts])
    asked = queries(samples)
    answers = rng.integers(0, T - asked.lengths + 1)
    assert exact_accuracy(answers, asked) == pytest.approx(
        baselines(samples)["random start"], abs=0.02
    )
