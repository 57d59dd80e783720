"""The config of the cut, and windows of cells joined again."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.reasons import InputError, Reason


def segments(count: int, first: int = 0, **rest: object) -> Segments:
    """Cells whose values are their numbers."""
    numbers = np.arange(first, first + count)
    return Segments(
        frames=np.tile(numbers.astype(np.uint8)[:, None, None, None, None], (1, 2, 3, 4, 4)),
        samples=np.tile(numbers.astype(np.int16)[:, None], (1, 8)),
        visual_mask=numbers % 2 == 0,
        audio_mask=numbers % 3 == 0,
        **rest,  # type: ignore[arg-type]
    )


@given(st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_windows_join_in_their_order(lengths: list[int]) -> None:
    """The last window alone knows the duration and the flags."""
    firsts = [sum(lengths[:n]) for n in range(len(lengths))]
    parts = [segments(count, first) for count, first in zip(lengths, firsts, strict=True)]
    parts[-1] = segments(lengths[-1], firsts[-1], duration=7.5, flags=(Reason.TRUNCATED,))
    whole, joined = segments(sum(lengths)), join(parts)
    for name in ("frames", "samples", "visual_mask", "audio_mask"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(whole, name))
        assert getattr(joined, name).dtype == getattr(whole, name).dtype
    assert (joined.duration, joined.flags) == (7.5, (Reason.TRUNCATED,))


def test_what_cells_are_needs_no_decoder() -> None:
    """A warm answer reads configs and cells, and never opens a video."""
    code = "import sys, avel.pipeline.media.cells; print('av' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


# The config.


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("frames_per_cell", 1, 60), ("image_size", 16, 1024), ("sample_rate", 4_000, 192_000)],
)
def test_config_says_what_is_wrong(name: str, low: int, high: int) -> None:
    for value in (low, high):
        assert getattr(SegmentConfig(**{name: value}), name) == value  # type: ignore[arg-type]
    for value in (low - 1, high + 1):
        with pytest.raises(
            InputError, match=rf"segment\.{name} \({value}\) must be in \[{low}, {high}\]"
        ):
            SegmentConfig(**{name: value})  # type: ignore[arg-type]


def test_short_side_smaller_than_the_square() -> None:
    rule = r"segment\.short_side \(100\) must be 0 or at least segment\.image_size \(224\)"
    with pytest.raises(InputError, match=rule):
        SegmentConfig(short_side=100)
