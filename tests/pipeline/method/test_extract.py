"""Features as data: what is no number is named, windows join to the whole."""

import numpy as np
import pytest

from avel.pipeline.method.encode import encode_whole
from avel.pipeline.method.extract import check_finite, join_features
from avel.pipeline.reasons import MediaError
from tests.pipeline.method.stubs import ClassesEncoder, StubEncoder, cells


@pytest.mark.parametrize("key", ["visual", "visual_map", "audio"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_none_are_named(key: str, value: float) -> None:
    features = encode_whole(StubEncoder(), [cells(4, 3)], 4)
    check_finite(features, "v.mp4")
    getattr(features, key)[2] = value
    with pytest.raises(
        MediaError, match=f"v.mp4: {key} of cell 12 is not finite; check the weights"
    ):
        check_finite(features, "v.mp4", first_cell=10)


def test_windows_join_to_the_whole() -> None:
    parts = [cells(2, 1), cells(3, 2), cells(1, 3, duration=5.5)]
    whole = encode_whole(StubEncoder(), parts, 4)
    assert whole.visual[:, 0].tolist() == [1, 1, 2, 2, 2, 3]
    assert whole.duration == 5.5
    singly = join_features([encode_whole(StubEncoder(), [part], 4) for part in parts])
    for name in ("visual", "visual_map", "audio", "visual_mask", "audio_mask"):
        np.testing.assert_array_equal(getattr(singly, name), getattr(whole, name))


@pytest.mark.parametrize("key", ["visual_scores", "audio_scores", "faces"])
def test_scores_that_are_no_numbers_are_named(key: str) -> None:
    features = encode_whole(ClassesEncoder(), [cells(4, 3)], 4)
    check_finite(features, "v.mp4")
    getattr(features, key)[2] = np.nan
    with pytest.raises(MediaError, match=f"v.mp4: {key} of cell 2 is not finite"):
        check_finite(features, "v.mp4")
