"""The cut and the cells: what may be asked for, and windows into one piece."""

import numpy as np
import pytest

from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.reasons import InputError, Reason


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"frames_per_cell": 0}, r"segment.frames_per_cell \(0\) must be in \[1, 60\]"),
        ({"frames_per_cell": 61}, r"segment.frames_per_cell \(61\)"),
        ({"image_size": 8}, r"segment.image_size \(8\) must be in \[16, 1024\]"),
        ({"sample_rate": 100}, r"segment.sample_rate \(100\) must be in \[4000, 192000\]"),
        (
            {"short_side": 100},
            r"short_side \(100\) must be 0 or at least segment.image_size \(224\)",
        ),
    ],
)
def test_a_cut_that_cannot_be_is_the_users(settings: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SegmentConfig(**settings)  # type: ignore[arg-type]


def part(first: int, count: int, duration: float = 0.0, flags: tuple[Reason, ...] = ()) -> Segments:
    numbers = np.arange(first, first + count)
    return Segments(
        np.broadcast_to(numbers[:, None, None, None, None], (count, 1, 3, 2, 2)).astype(np.uint8),
        np.broadcast_to(numbers[:, None], (count, 4)).astype(np.int16),
        numbers % 2 == 0,
        numbers % 3 == 0,
        duration,
        flags,
    )


def test_windows_join_in_order_and_the_last_knows_the_file() -> None:
    whole = join([part(0, 3), part(3, 2), part(5, 1, 5.5, (Reason.TRUNCATED,))])
    assert whole.frames[:, 0, 0, 0, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert whole.samples[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    assert whole.visual_mask.tolist() == [True, False] * 3
    assert whole.audio_mask.tolist() == [True, False, False] * 2
    assert (whole.duration, whole.flags) == (5.5, (Reason.TRUNCATED,))
