"""The eight ways in which a picture can lie, by what a matrix means, by its points and by ffmpeg."""

import sys
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.orientation import Orientation, of_matrix, orientation_of
from avel.pipeline.media.segment import segment_whole
from tests.films import regular, rotate_mp4, write_film
from tests.outside import outside
from tests.programs import shown_by_ffmpeg

SIGNS = list(product((1, -1), repeat=2))
EIGHT = [(a, 0, 0, d) for a, d in SIGNS] + [(0, b, c, 0) for b, c in SIGNS]
"""All turns and mirrors: (a, b, c, d) of the matrix."""


def lettered() -> np.ndarray:
    """A picture (H, W, 3) of which no two of the eight ways look alike: red, green, blue, white."""
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[:32, :32, 0] = rgb[:32, 32:, 1] = rgb[32:, :32, 2] = 240
    rgb[32:, 32:] = 240
    return rgb


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lies") / "v.mp4"
    return write_film(path, frame_times=regular(5), frames=[lettered()] * 5, size=(64, 64))


def turned(film: Path, folder: Path, matrix: tuple[int, ...]) -> Path:
    path = folder / "turned.mp4"
    path.write_bytes(film.read_bytes())
    rotate_mp4(path, matrix)
    return path


def by_points(rgb: np.ndarray, matrix: tuple[int, ...]) -> np.ndarray:
    """Each pixel carried to where the matrix puts it, and the whole moved back to the origin."""
    a, b, c, d = matrix
    places = {
        (a * x + c * y, b * x + d * y): rgb[y, x]
        for y in range(rgb.shape[0])
        for x in range(rgb.shape[1])
    }
    left, top = (min(place[axis] for place in places) for axis in (0, 1))
    width, height = (max(place[axis] for place in places) + 1 for axis in (0, 1))
    shown = np.zeros((height - top, width - left, 3), np.uint8)
    for (x, y), pixel in places.items():
        shown[y - top, x - left] = pixel
    return shown


@pytest.mark.parametrize("matrix", EIGHT)
def test_every_pixel_is_where_the_matrix_puts_it(matrix: tuple[int, int, int, int]) -> None:
    rgb = np.arange(4 * 3 * 3, dtype=np.uint8).reshape(3, 4, 3)
    np.testing.assert_array_equal(of_matrix(*matrix)(rgb), by_points(rgb, matrix))


def test_the_eight_are_eight() -> None:
    assert len({of_matrix(*matrix) for matrix in EIGHT}) == 8
    assert of_matrix(1, 0, 0, 1) == of_matrix(0, 0, 0, 0) == Orientation()


@pytest.mark.parametrize("matrix", EIGHT)
def test_a_files_matrix_is_shown(film: Path, tmp_path: Path, matrix: tuple[int, ...]) -> None:
    path = turned(film, tmp_path, matrix)
    shown = segment_whole(path, SegmentConfig(1, 32, 32)).frames[0, 0].transpose(1, 2, 0)
    expected = by_points(lettered(), matrix)
    for y, x in product((4, 28), repeat=2):
        np.testing.assert_allclose(shown[y, x], expected[2 * y, 2 * x], atol=6)


@pytest.mark.parametrize("matrix", EIGHT)
def test_it_is_as_ffmpeg_turns_it(film: Path, tmp_path: Path, matrix: tuple[int, ...]) -> None:
    path = turned(film, tmp_path, matrix)
    (expected,) = shown_by_ffmpeg(path, (32, 32), (0.1,))
    found = segment_whole(path, SegmentConfig(1, 32, 32)).frames[0, 0]
    assert np.abs(found.astype(int) - expected).mean() < 2  # it turns first, and then scales


@pytest.mark.parametrize(
    ("name", "expected"),
    [("quad.mp4", "RGBW"), ("q_hflip.mp4", "GRWB"), ("q_transpose.mp4", "RBGW")],
)
def test_mirrored_phones(name: str, expected: str) -> None:
    """Films of phones' front cameras, and of apps that mirror by the matrix alone."""
    trials = outside(Path(__file__).resolve().parents[4] / "shared" / "trials")
    shown = segment_whole(trials / name, SegmentConfig(1, 32, 32)).frames[0, 0]
    corners = [shown[:, y, x] for y, x in product((4, 28), repeat=2)]
    assert "".join("W" if c.min() > 200 else "RGB"[c.argmax()] for c in corners) == expected


@given(st.sampled_from(EIGHT), st.floats(-0.4, 0.4), st.floats(0.2, 5))
def test_between_the_quarters_the_nearest_counts(
    matrix: tuple[int, int, int, int], angle: float, size: float
) -> None:
    """A matrix turned by less than an eighth, and of any size, is the one that it was."""
    a, b, c, d = matrix
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    near = np.rint(65536 * size * (np.array([[a, b], [c, d]]) @ turn)).astype(int)
    assert of_matrix(*near.ravel().tolist()) == of_matrix(*matrix)


# What stands beside a frame.


def plain_frame() -> av.VideoFrame:
    return av.VideoFrame(16, 16, "rgb24")


def test_no_matrix_is_upright() -> None:
    assert orientation_of(plain_frame()) == Orientation()


class _Beside(bytes):
    """Side data of a kind and some bytes."""

    type: Any

    @property
    def buffer_size(self) -> int:
        return len(self)


def beside(kind: Any, data: bytes) -> _Beside:
    made = _Beside(data)
    made.type = kind
    return made


@pytest.fixture
def no_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands beside a frame is what the test says."""
    name = "avel.pipeline.media.orientation.SideDataContainer"
    monkeypatch.setattr(name, lambda frame: frame.side_data)


def test_a_frame_that_was_asked_is_given_back_at_once(film: Path) -> None:
    """In a circle with its side data it would wait for the collector, with all its pixels."""
    with av.open(str(film)) as container:
        frame = next(container.decode(video=0))
    before = sys.getrefcount(frame)
    orientation_of(frame)
    assert sys.getrefcount(frame) == before


@pytest.mark.usefixtures("no_frames")
def test_other_side_data_and_cut_matrices_are_passed_over() -> None:
    flip = np.array([-65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30], np.int32).tobytes()
    other, cut = beside(Type.SEI_UNREGISTERED, flip), beside(Type.DISPLAYMATRIX, flip[:20])
    frame: Any = SimpleNamespace(side_data=[other, cut])
    assert orientation_of(frame) == Orientation()
    frame.side_data.append(beside(Type.DISPLAYMATRIX, flip))
    assert orientation_of(frame) == Orientation(mirrored=True)


@pytest.mark.usefixtures("no_frames")
@pytest.mark.parametrize("quarters", range(-2, 4))
def test_side_data_that_pyav_cannot_name_leaves_the_angle(quarters: int) -> None:
    """PyAV names all side data of a frame or none; its angle, counterclockwise, is still there."""

    class Frame:
        rotation = 90 * quarters

        @property
        def side_data(self) -> Any:
            raise ValueError("31 is not a valid Type")

    rgb = np.arange(4 * 3 * 3, dtype=np.uint8).reshape(3, 4, 3)
    frame: Any = Frame()
    np.testing.assert_array_equal(orientation_of(frame)(rgb), np.rot90(rgb, quarters))
