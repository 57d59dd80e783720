"""Label shift inside a video: by hand, and what must hold for any video."""

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.method.shift import Shift

FREE = Shift(most=99)
"""Without its bound."""


def naive(p: np.ndarray, shift: Shift) -> np.ndarray:
    """The equation, segment by segment."""
    T, L = p.shape
    found = np.zeros((T, L))
    for t in range(T):
        near = p[max(0, t - shift.reach) : t + shift.reach + 1].sum(0)
        prior = (shift.unknown / L + near) / (shift.unknown + near.sum())
        found[t] = np.clip(np.log(L * prior), -shift.most, shift.most)
    return found


@st.composite
def videos(draw: st.DrawFn) -> np.ndarray:
    T, L = draw(st.integers(1, 12)), draw(st.integers(1, 5))
    return np.random.default_rng(draw(st.integers(0, 999))).random((T, L)).astype(np.float32)


def test_by_hand() -> None:
    """Six segments of one label of two and two of no knowledge: 7/8 and 1/8."""
    p = np.tile(np.array([[1.0, 0.0]], np.float32), (6, 1))
    np.testing.assert_allclose(FREE.over(p), [[log(2 * 7 / 8), log(2 * 1 / 8)]] * 6, rtol=1e-6)


@given(videos(), st.integers(0, 6), st.floats(0.1, 5))
def test_the_equation(p: np.ndarray, reach: int, unknown: float) -> None:
    shift = Shift(unknown=unknown, reach=reach)
    np.testing.assert_allclose(shift.over(p), naive(p, shift), atol=1e-5)


@given(videos(), st.floats(0, 1))
def test_a_uniform_prior_changes_nothing(p: np.ndarray, share: float) -> None:
    """All labels alike in each segment, whatever the segments are; and one label alone."""
    alike = np.repeat(p[:, :1] * share, p.shape[1], axis=1)
    np.testing.assert_allclose(Shift().over(alike), 0, atol=1e-5)
    np.testing.assert_allclose(Shift().over(p[:, :1]), 0, atol=1e-5)


def test_nothing_shown_changes_nothing() -> None:
    np.testing.assert_allclose(Shift().over(np.full((9, 4), 1e-6, np.float32)), 0, atol=1e-4)


@given(videos())
def test_a_label_never_seen_loses(p: np.ndarray) -> None:
    """And more so the more is seen of others; what is seen most never loses."""
    unseen = np.concatenate([p + 0.1, np.zeros((len(p), 1), np.float32)], 1)
    corrections = FREE.over(unseen)
    assert (corrections[:, -1] < 0).all()
    most = unseen.sum(0).argmax()
    assert (corrections[:, most] >= 0).all()
    assert (FREE.over(2 * unseen)[:, -1] < corrections[:, -1]).all()


@given(videos())
def test_it_is_bounded_and_blind_to_order(p: np.ndarray) -> None:
    """Labels in another order: the same corrections in that order."""
    corrections = Shift(most=0.2).over(p)
    assert (np.abs(corrections) <= 0.2 + 1e-6).all()
    np.testing.assert_allclose(Shift().over(p[:, ::-1]), Shift().over(p)[:, ::-1], atol=1e-5)


def test_far_segments_tell_nothing() -> None:
    p = np.zeros((40, 2), np.float32)
    p[:10, 0], p[30:, 1] = 1, 1
    near = Shift(reach=9).over(p)
    assert near[0, 0] > 0 > near[0, 1]
    assert near[-1, 1] > 0 > near[-1, 0]
    np.testing.assert_allclose(near[20], 0, atol=1e-6)


@pytest.mark.parametrize("T", [1, 500])
def test_any_length(T: int) -> None:
    p = np.random.default_rng(T).random((T, 3)).astype(np.float32)
    found = Shift().over(p)
    assert found.shape == (T, 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, naive(p, Shift()), atol=1e-5)
