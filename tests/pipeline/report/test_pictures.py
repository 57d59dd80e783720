"""Pictures under their attention: red where the model looks, dark where it does not."""

import numpy as np
import pytest

from avel.pipeline.report.pictures import attended


def test_attention_reddens_where_it_is_and_darkens_elsewhere() -> None:
    frame = np.full((3, 70, 70), 100, np.uint8)
    weights = np.zeros(49, np.float32)
    weights[8] = 1  # second row and column of seven
    tinted = attended(frame, weights).astype(int)
    assert tinted.shape == frame.shape
    red = tinted[0] - tinted[2]
    assert np.unravel_index(red.argmax(), red.shape) == pytest.approx((15, 15), abs=4)
    assert red[15, 15] > 90
    assert (tinted[:, 45:, 45:] == 45).all()  # 0.45 of 100, no colour


def test_attention_that_is_alike_everywhere_shows_nothing() -> None:
    frame = np.full((3, 14, 14), 200, np.uint8)
    tinted = attended(frame, np.full(4, 0.25, np.float32))
    assert (tinted == 90).all()


def test_a_frame_that_is_not_square_keeps_its_shape() -> None:
    frame = np.zeros((3, 20, 40), np.uint8)
    weights = np.zeros(4, np.float32)
    weights[1] = 1  # above, right
    tinted = attended(frame, weights)
    assert tinted.shape == (3, 20, 40)
    assert tinted[0, 2, 37] > 100 > tinted[0, 17, 2]


def test_a_model_without_attention_leaves_the_frame_as_it_is() -> None:
    frame = np.full((3, 32, 32), 120, np.uint8)
    np.testing.assert_array_equal(attended(frame, np.zeros(0, np.float32)), frame)
