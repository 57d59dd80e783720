"""Pictures under their attention: red where the model looks, dark where it does not."""

import base64
import io
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from avel.pipeline.media.cells import Segments
from avel.pipeline.method.results import Result
from avel.pipeline.report.cached import CachedRun
from avel.pipeline.report.pictures import MOST_FRAMES, SIDE, attended, pictures_of
from tests.pipeline.report.material import result, scores


class Run:
    """A run whose cache holds what is given."""

    def __init__(self, segments: Segments | None, T: int = 4) -> None:
        self._segments, self._scores = segments, scores(T, 48)

    def segments(self, _: Result) -> Segments | None:
        return self._segments

    def scores(self, _: Result) -> Any:
        return self._scores


def cells(T: int = 4) -> Segments:
    """Frame t is grey of value 20 t + 100."""
    frames = np.stack([np.full((1, 3, 32, 32), 20 * t + 100, np.uint8) for t in range(T)])
    samples = np.zeros((T, 10), np.int16)
    return Segments(frames, samples, np.ones(T, bool), np.ones(T, bool), float(T), ())


def decoded(uri: str) -> np.ndarray:
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int)


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


def test_each_segment_has_its_own_frame_twice() -> None:
    found = pictures_of(cast(CachedRun, Run(cells())), result())
    assert len(found) == 4
    for t, (plain, heat) in enumerate(found):
        assert decoded(plain).shape == decoded(heat).shape == (SIDE, SIDE, 3)
        assert np.abs(decoded(plain) - (20 * t + 100)).max() <= 3
        corner = decoded(heat)[-4, -4]
        assert corner[0] - corner[2] > 60  # the last of 49 positions


def test_frames_alone_where_the_model_looks_at_no_place() -> None:
    run = Run(cells())
    run._scores = replace(run._scores, attention=np.zeros((4, 0), np.float32))
    found = pictures_of(cast(CachedRun, run), result())
    assert [heat for _, heat in found] == [""] * 4
    assert np.abs(decoded(found[3][0]) - 160).max() <= 3


def test_no_pictures_where_nothing_was_kept_or_too_much() -> None:
    run = cast(CachedRun, Run(cells()))
    assert pictures_of(cast(CachedRun, Run(None)), result()) == []
    assert pictures_of(run, result(status="failed")) == []
    assert pictures_of(run, result(segments=MOST_FRAMES + 1)) == []
    unscored = Run(cells())
    unscored._scores = None  # type: ignore[assignment]
    assert pictures_of(cast(CachedRun, unscored), result()) == []


def test_a_model_without_attention_leaves_the_frame_as_it_is() -> None:
    frame = np.full((3, 32, 32), 120, np.uint8)
    np.testing.assert_array_equal(attended(frame, np.zeros(0, np.float32)), frame)
