"""The cut and the cells: what may be asked for, and windows into one piece."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
        ({"fit": "stretch"}, r"segment.fit \(stretch\) must be one of crop, squash, pad"),
        (
            {"interpolation": "lanczos"},
            r"segment.interpolation \(lanczos\) must be one of bicubic, bilinear",
        ),
    ],
)
def test_a_cut_that_cannot_be_is_the_users(settings: dict[str, object], message: str) -> None:
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


# Windows of any lengths.


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
    ("settings", "message"),
    [
        ({"views": -1}, r"segment.views \(-1\) must be in \[0, 8\]"),
        ({"views": 9}, r"segment.views \(9\) must be in \[0, 8\]"),
        (
            {"sound_seconds": (0,)},
            r"segment.sound_seconds \(0\) must be whole seconds in \[1, 30\]",
        ),
        ({"sound_seconds": (4, -2)}, r"segment.sound_seconds \(-2\) must be whole seconds"),
        ({"sound_seconds": (31,)}, r"segment.sound_seconds \(31\) .*; leave it empty to hear each"),
        ({"sound_seconds": [2.5]}, r"segment.sound_seconds \(2.5\) must be whole seconds"),
        ({"sound_seconds": True}, r"segment.sound_seconds \(True\) must be whole seconds"),
        ({"sound_seconds": "24"}, r"segment.sound_seconds \(24\) must be whole seconds"),
        (
            {"sound_seconds": (2, 4, 2)},
            r"sound_seconds \[2, 4, 2\] has a length twice; give it once",
        ),
    ],
)
def test_windows_and_views_that_cannot_be(settings: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        SegmentConfig(**settings)  # type: ignore[arg-type]


def test_lengths_from_a_file_are_those_of_the_program() -> None:
    assert SegmentConfig(sound_seconds=[2, 4]) == SegmentConfig(sound_seconds=(2, 4))  # type: ignore[arg-type]
    assert SegmentConfig(sound_seconds=4).sound_seconds == (4,)  # type: ignore[arg-type]


def test_what_a_config_says_of_its_shapes() -> None:
    plain, full = SegmentConfig(image_size=32), SegmentConfig(image_size=32, views=3)
    assert (plain.picture_shape, full.picture_shape) == ((3, 32, 32), (4, 3, 32, 32))
    assert plain.longest_seconds == 0
    assert SegmentConfig(sound_seconds=(4, 10, 2)).longest_seconds == 10


def test_settings_that_came_later_are_named_only_where_they_are_used() -> None:
    """Old recipes have old fingerprints; what is not the default is always in them."""
    early = {
        "frames_per_cell": 1,
        "image_size": 224,
        "short_side": 0,
        "fit": "crop",
        "interpolation": "bicubic",
        "sample_rate": 44_100,
    }
    assert SegmentConfig().chosen == early
    chosen = SegmentConfig(sound_seconds=(2, 10), views=1).chosen
    assert chosen == {**early, "sound_seconds": [2, 10], "views": 1}
    assert SegmentConfig(**chosen) == SegmentConfig(sound_seconds=(2, 10), views=1)


def test_each_fit_has_a_fingerprint_of_its_own() -> None:
    assert [SegmentConfig(fit=fit).chosen["fit"] for fit in ("crop", "squash", "pad")] == [  # type: ignore[arg-type]
        *("crop", "squash", "pad")
    ]


def test_the_margins_of_the_whole_are_those_of_its_ends() -> None:
    def margin(value: int, count: int) -> np.ndarray:
        return np.full((count, 8), value, np.int16)

    parts = [
        segments(2, 0, before=margin(1, 0), after=margin(2, 3)),
        segments(2, 2, before=margin(3, 2), after=margin(4, 1)),
    ]
    assert (len(join(parts).before), join(parts).after.tolist()) == (0, [[4] * 8])
    assert join(parts[1:]).before.tolist() == [[3] * 8] * 2
    assert len(segments(2).before) == len(segments(2).after) == 0


def test_the_fitted_pictures_alone() -> None:
    plain = segments(3)
    assert plain.pictures is plain.frames
    views = np.stack([plain.frames, plain.frames + 9, plain.frames + 20], 2)
    full = Segments(views, plain.samples, plain.visual_mask, plain.audio_mask)
    assert full.frames.shape == (3, 2, 3, 3, 4, 4)
    np.testing.assert_array_equal(full.pictures, plain.frames)
