"""What each sense names by itself, second by second."""

import numpy as np
import pytest

from avel.pipeline.method.clearest import clearer, clearest, from_odds


def test_the_clearest_label_of_each_second() -> None:
    clarity = np.array([[0.25, 0.5], [0.75, 0.5], [0.0, 0.0]], np.float32)
    assert clearest(clarity, ("dog", "bell")) == (("bell", 0.5), ("dog", 0.75), ("dog", 0.0))


@pytest.mark.parametrize("shape", [(0, 0), (3, 0), (0, 2)])
def test_without_labels_or_seconds_there_is_none(shape: tuple[int, int]) -> None:
    assert clearest(np.zeros(shape, np.float32), ("dog", "bell")) == ()


def test_the_clearer_of_two() -> None:
    one, other = (("dog", 0.5), ("dog", 0.25)), (("rain", 0.5), ("rain", 0.75))
    assert clearer(one, other) == (("dog", 0.5), ("rain", 0.75))
    assert clearer(one, ()) == clearer((), one) == one


def test_odds_however_large_are_shares() -> None:
    odds = np.array([-1000.0, -np.log(3), 0, np.log(3), 1000])
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_allclose(from_odds(odds), [0, 0.25, 0.5, 0.75, 1], atol=1e-7)
