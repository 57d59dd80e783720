"""The exact rule of cross-modality localization, by hand and by search."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.evaluation.queries import baselines, exact_accuracy, queries

EVENTS = np.array([[0, 1, 1, 0], [0, 0, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 1, 1]], bool)


def test_what_can_be_asked() -> None:
    asked = queries(EVENTS)
    assert asked.rows.tolist() == [0, 3, 4]
    assert asked.starts.tolist() == [1, 0, 2]
    assert asked.lengths.tolist() == [2, 1, 2]


def test_only_the_exact_start_is_right() -> None:
    asked = queries(EVENTS)
    assert exact_accuracy(asked.starts, asked) == 1.0
    assert exact_accuracy(asked.starts + 1, asked) == 0.0
    assert exact_accuracy(np.array([1, 0, 1]), asked) == pytest.approx(2 / 3)


def test_what_answers_without_looking() -> None:
    found = baselines(EVENTS)
    assert found["random start"] == pytest.approx((1 / 3 + 1 / 4 + 1 / 3) / 3)
    assert found["always at the start"] == pytest.approx(1 / 3)
    assert found["always at the end"] == pytest.approx(1 / 3)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 10)), min_size=1, max_size=8))
def test_windows_that_fit(events: list[tuple[int, int]]) -> None:
    """Each query's window lies inside the video, wherever a constant puts it."""
    rows = np.zeros((len(events), 10), bool)
    for n, (start, length) in enumerate(events):
        rows[n, start : start + length] = True
    asked = queries(rows)
    for row, start, length in zip(asked.rows, asked.starts, asked.lengths, strict=True):
        assert rows[row, start : start + length].all()
        assert rows[row].sum() == length
        assert 0 < length < 10
        assert 0 <= start <= 10 - length
