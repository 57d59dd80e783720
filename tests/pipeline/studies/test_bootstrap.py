"""Intervals of paired differences: known numbers, coverage, and the resampling written by hand."""

import numpy as np
import pytest

from avel.pipeline.studies.bootstrap import (
    RESAMPLES,
    Difference,
    difference_interval,
    paired_difference,
)


def by_hand(each: np.ndarray, seed: int = 0) -> tuple[float, float]:
    """Percentiles of means over videos drawn with replacement, in points."""
    rng = np.random.default_rng(seed)
    draws = each[rng.integers(0, len(each), (RESAMPLES, len(each)))].mean(1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return 100 * low, 100 * high


@pytest.mark.parametrize("seed", range(4))
def test_it_is_the_resampling_by_hand(seed: int) -> None:
    """Within the noise of two sets of ten thousand draws."""
    rng = np.random.default_rng(seed)
    each = rng.integers(-5, 6, 60) / 10
    found = difference_interval(each)
    noise = np.abs(np.subtract(by_hand(each, 1), by_hand(each, 2))).max() + 0.2
    low, high = by_hand(each)
    assert found.mean == pytest.approx(100 * each.mean())
    assert abs(found.low - low) < noise
    assert abs(found.high - high) < noise


def test_a_row_that_is_always_better_leaves_no_doubt() -> None:
    rng = np.random.default_rng(1)
    one = {0: rng.integers(0, 9, 50) / 10, 1: rng.integers(0, 9, 50) / 10}
    better = {seed: values + 0.1 for seed, values in one.items()}
    found = paired_difference(one, better)
    assert found is not None
    assert (found.mean, found.low, found.high) == pytest.approx((10, 10, 10))


def test_the_interval_is_as_wide_as_the_normal_ones() -> None:
    rng = np.random.default_rng(1)
    one = rng.integers(0, 9, 50) / 10
    noisy = one + rng.normal(0, 0.1, 50)
    found = paired_difference({0: one}, {0: noisy})
    assert found is not None
    spread = (noisy - one).std() / 50**0.5
    assert found.high - found.low == pytest.approx(2 * 1.96 * 100 * spread, rel=0.1)
    assert found.low < found.mean < found.high


def test_the_same_question_has_the_same_answer() -> None:
    each = np.random.default_rng(3).normal(0, 0.1, 40)
    assert difference_interval(each) == difference_interval(each)


def test_only_shared_seeds_count_and_videos_stay_paired() -> None:
    """Seeds are averaged per video first: noise that both share falls out."""
    shared = np.random.default_rng(2).normal(0, 1, 30)
    one, other = {0: shared, 1: -shared}, {1: -shared + 0.2, 2: shared * 100}
    found = paired_difference(one, other)
    assert found is not None
    assert (found.mean, found.low, found.high) == pytest.approx((20, 20, 20))
    assert paired_difference(one, {}) is None
    assert paired_difference({0: shared}, {1: shared}) is None


def test_one_video() -> None:
    assert difference_interval(np.array([0.25])) == Difference(25.0, 25.0, 25.0)
