"""Filters of libav: each size and format as it comes, one field, a cut."""

from typing import Any

import av
import numpy as np
import pytest

from avel.pipeline.media.cropping import Cropping
from avel.pipeline.media.filters import Cutter, Filter


def frame_of(rgb: np.ndarray, form: str = "rgb24") -> Any:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
    return frame if form == "rgb24" else frame.reformat(format=form)


def numbered(width: int, height: int) -> np.ndarray:
    """Red says the column and green the row."""
    y, x = np.mgrid[0:height, 0:width]
    return np.stack([x, y, 0 * x], 2).astype(np.uint8)


def test_the_upper_field_is_every_other_line_from_the_first() -> None:
    rgb = numbered(32, 24)
    found = Filter("field", "type=top")(frame_of(rgb)).to_ndarray()
    np.testing.assert_array_equal(found, rgb[::2])


def test_sizes_and_formats_may_change_from_frame_to_frame() -> None:
    field = Filter("field", "type=top")
    for size, form in (
        ((32, 24), "rgb24"),
        ((64, 24), "rgb24"),
        ((64, 24), "gbrp"),
        ((32, 24), "rgb24"),
    ):
        found = field(frame_of(numbered(*size), form))
        assert (found.format.name, found.width, found.height) == (form, size[0], size[1] // 2)
        rgb = found.reformat(format="rgb24").to_ndarray()
        np.testing.assert_array_equal(rgb, numbered(*size)[::2])


def test_what_a_frame_says_of_its_colours_stays() -> None:
    frame = frame_of(numbered(32, 24), "yuv420p")
    frame.colorspace, frame.color_range, frame.color_trc = 9, 2, 16
    found = Filter("field", "type=top")(frame)
    assert (found.colorspace, found.color_range, found.color_trc) == (9, 2, 16)


@pytest.mark.parametrize("cut", [Cropping(3, 5, 2, 7), Cropping(left=1), Cropping(bottom=23)])
def test_a_cut_is_exact(cut: Cropping) -> None:
    rgb = numbered(32, 24)
    found = Cutter(cut)(frame_of(rgb)).to_ndarray()
    np.testing.assert_array_equal(found, rgb[cut.top : 24 - cut.bottom, cut.left : 32 - cut.right])


def test_no_cut_and_an_impossible_one_leave_the_frame() -> None:
    frame = frame_of(numbered(32, 24))
    assert Cutter(Cropping())(frame) is frame
    assert Cutter(Cropping(left=32))(frame) is frame


def test_a_cut_of_frames_of_two_sizes() -> None:
    cut = Cutter(Cropping(left=10))
    for width in (32, 20, 8, 32):
        expected = numbered(width, 24)[:, 10:] if width > 10 else numbered(width, 24)
        np.testing.assert_array_equal(cut(frame_of(numbered(width, 24))).to_ndarray(), expected)
