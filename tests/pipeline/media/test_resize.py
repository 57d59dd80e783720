"""Filters as matrices do what libswscale does, and keep what must be kept."""

import av
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.media.resize import weights
from avel.pipeline.media.scaler import EXACT, KERNELS

SIZES = [
    (64, 48, 32, 24),
    (640, 360, 398, 224),
    (37, 41, 16, 16),
    (48, 32, 96, 80),
    (50, 50, 50, 50),
]


@pytest.mark.parametrize("kernel", ["bicubic", "bilinear"])
@pytest.mark.parametrize(("width", "height", "to_width", "to_height"), SIZES)
def test_it_is_libswscales_scaler(
    width: int, height: int, to_width: int, to_height: int, kernel: str
) -> None:
    """On grey noise, the hardest there is: of PIL's kernel the picture would be 4 levels off."""
    picture = np.random.default_rng(3).integers(0, 256, (height, width)).astype(np.uint8)
    frame = av.VideoFrame.from_ndarray(picture, "gray")
    how = KERNELS[kernel] | EXACT
    theirs = VideoReformatter().reformat(frame, to_width, to_height, "gray", interpolation=how)
    found = weights(height, to_height, kernel) @ picture @ weights(width, to_width, kernel).T
    apart = np.clip(np.rint(found), 0, 255) - theirs.to_ndarray()
    assert np.abs(apart).mean() < 0.5
    assert np.percentile(np.abs(apart), 98) <= 2  # some are cut off at 255 on the way


@given(st.integers(1, 300), st.integers(1, 200), st.sampled_from(["bicubic", "bilinear"]))
def test_a_flat_line_stays_flat_and_nothing_moves(before: int, after: int, kernel: str) -> None:
    matrix = weights(before, after, kernel)
    assert matrix.shape == (after, before)
    np.testing.assert_allclose(matrix.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(matrix, matrix[::-1, ::-1], atol=1e-6)  # left is as right
    if before == after:
        np.testing.assert_allclose(matrix, np.eye(before), atol=1e-6)


def test_a_ramp_stays_where_it_is() -> None:
    """Pixels are areas: their middles, not their corners, are kept, away from the edges."""
    found = weights(100, 50, "bicubic") @ np.arange(100, dtype=np.float32)
    np.testing.assert_allclose(found[4:-4], 2 * np.arange(50)[4:-4] + 0.5, atol=1e-3)


def test_stripes_do_not_alias_when_they_shrink() -> None:
    stripes = np.tile([0.0, 255.0], 50).astype(np.float32)
    found = weights(100, 10, "bicubic") @ stripes
    np.testing.assert_allclose(found[1:-1], 127.5, atol=4)
