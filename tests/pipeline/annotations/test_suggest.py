"""The choice of stretches, where the right one is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.annotations.suggest import suggest
from avel.pipeline.annotations.windows import Window


def window(film: int, *, guess: str = "A", unsure: float = 0.0, differ: float = 0.0) -> Window:
    return Window(film, 0, 10, guess, unsure, differ)


def apart(count: int) -> np.ndarray:
    """Points that are all equally far from each other."""
    return np.eye(count, dtype=np.float32)


def films(found: list) -> list[int]:  # type: ignore[type-arg]
    return [each.window.film for each in found]


def test_what_is_uncertain_or_disagrees_comes_first() -> None:
    windows = [window(0), window(1, unsure=0.9), window(2, differ=0.5)]
    assert films(suggest(windows, apart(3), 3)) == [2, 1, 0]


def test_what_is_like_the_first_comes_last() -> None:
    points = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    windows = [window(0, differ=0.5), window(1, differ=0.5), window(2)]
    found = suggest(windows, points, 3)
    assert films(found) == [0, 2, 1]
    assert [each.novelty for each in found] == pytest.approx([1, 1, 0])


def test_a_label_that_is_rare_comes_before_one_that_is_not() -> None:
    windows = [window(0, guess="A"), window(1, guess="A"), window(2, guess="B")]
    found = suggest(windows, apart(3), 3)
    assert films(found) == [0, 2, 1]
    assert [each.balance for each in found] == [1, 1, 0.5]
    assert films(suggest(windows, apart(3), 1, labels={"A": 3})) == [2]


def test_nothing_is_asked_twice_and_labelled_films_are_no_news() -> None:
    points = np.array([[1, 0], [1, 0], [0, 1]], np.float32)
    found = suggest([window(0), window(1), window(2)], points, 9, labelled=[True, False, False])
    assert films(found) == [2, 1]


def test_no_two_share_a_second() -> None:
    windows = [Window(0, start, start + 10, "A", 0, 0.05 * start) for start in (0, 5, 10, 15)]
    found = suggest(windows, apart(4), 9)
    assert [each.window.start for each in found] == [15, 5]


def test_worth_is_the_mean_of_its_parts() -> None:
    (one,) = suggest([window(0, unsure=0.4, differ=0.2)], apart(1), 1)
    assert one.parts == {"disagreement": 0.2, "uncertainty": 0.4, "novelty": 1.0, "balance": 1.0}
    assert one.worth == pytest.approx((0.5 * 0.2 + 2) / 2.5)


def test_doubt_counts_with_many_labels_only() -> None:
    windows = [window(0, differ=0.1), window(1, unsure=0.9)]
    assert films(suggest(windows, apart(2), 2)) == [0, 1]
    assert films(suggest(windows, apart(2), 2, labels={"B": 100})) == [1, 0]
    (one,) = suggest(windows, apart(2), 1, labels={"B": 100})
    assert one.doubt == 0.25


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from("AB")), min_size=1, max_size=12))
def test_each_film_comes_once_and_worth_is_a_share(given: list[tuple[float, str]]) -> None:
    windows = [window(n, unsure=share, guess=label) for n, (share, label) in enumerate(given)]
    found = suggest(windows, apart(len(windows)), len(windows))
    assert sorted(films(found)) == list(range(len(windows)))
    assert all(0 <= each.worth <= 1 for each in found)
    assert films(suggest(windows, apart(len(windows)), 1)) == films(found)[:1]
