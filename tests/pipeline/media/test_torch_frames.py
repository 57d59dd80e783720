"""Frames by torchcodec, on its CPU device: the one that was asked for, or a reason."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from avel.pipeline.media.regular import open_regular
from avel.pipeline.media.torch_frames import NotByTorch, TorchFrames, scaled, turned
from tests import films
from tests.torchcodec import torchcodec  # noqa: F401 - a fixture

pytestmark = pytest.mark.usefixtures("torchcodec")
TICK = Fraction(1, 1000)
TIMES = films.regular(20, 10)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty frames that say their number, ten a second, from 3 s of the file's own clock."""
    path = tmp_path_factory.mktemp("films") / "numbers.mkv"
    times = [3 + time for time in TIMES]
    return films.write_film(path, frame_times=times, size=(64, 48), **films.LOSSLESS)


def frames(film: Path) -> TorchFrames:
    return TorchFrames(open_regular(film), 0, "cpu")


@pytest.mark.parametrize("order", [range(20), range(19, -1, -1), [0, 19, 3, 3, 11]])
def test_each_frame_by_its_time(film: Path, order: list[int]) -> None:
    found = frames(film)
    for number in order:
        picture = found.at(3_000 + 100 * number, TICK)
        assert (tuple(picture.shape), picture.dtype) == ((3, 48, 64), torch.uint8)
        assert films.numbers_of(picture[None].numpy()) == [number]


@pytest.mark.parametrize("pts", [3_050, 3_002])
def test_a_time_at_which_no_frame_begins(film: Path, pts: int) -> None:
    with pytest.raises(NotByTorch, match=r"it shows the frame of 3\.000 s at 3\.0\d+ s"):
        frames(film).at(pts, TICK)


@pytest.mark.parametrize("pts", [0, 9_000])
def test_a_time_outside_the_film(film: Path, pts: int) -> None:
    with pytest.raises(NotByTorch, match=r"^(\w+: .+|it shows the frame of 4\.900 s at 9\.000 s)$"):
        frames(film).at(pts, TICK)


def test_what_it_cannot_open_is_said_in_a_line(tmp_path: Path) -> None:
    path = tmp_path / "text.mp4"
    path.write_text("no film")
    with pytest.raises(NotByTorch) as caught:
        frames(path)
    assert "\n" not in str(caught.value)
    assert caught.value.tried


def test_its_file_is_closed_with_it(film: Path) -> None:
    file = open_regular(film)
    found = TorchFrames(file, 0, "cpu")
    found.at(3_000, TICK)
    assert not file.closed
    del found
    assert file.closed


def test_scaled_pictures_are_width_by_height() -> None:
    picture = torch.zeros(3, 40, 60, dtype=torch.uint8)
    picture[0, :, 30:] = 200
    found = scaled(picture, (30, 20), "bilinear", None)
    assert (found.shape, found.dtype) == ((20, 30, 3), np.uint8)
    assert found[:, :13, 0].max() == 0
    assert found[:, 17:, 0].min() == 200
    assert not found[..., 1:].any()


def ycc(rgb: np.ndarray, red: float, blue: float) -> np.ndarray:
    """Brightness and differences of colours (3,) by the shares of red and blue."""
    y = red * rgb[0] + (1 - red - blue) * rgb[1] + blue * rgb[2]
    return np.array([y, (rgb[2] - y) / (2 * (1 - blue)), (rgb[0] - y) / (2 * (1 - red))])


def test_colours_that_were_read_by_the_wrong_matrix_are_turned() -> None:
    """By the definitions: numbers that mean a colour by one matrix, and what they are by another."""
    turn = turned("601", "709").astype(float)
    for colour in np.eye(3), np.array([[0.2, 0.5, 0.7]]):
        for meant in colour:
            stored = ycc(meant, 0.2126, 0.0722)
            read = np.linalg.solve(np.stack([ycc(e, 0.299, 0.114) for e in np.eye(3)], 1), stored)
            np.testing.assert_allclose(turn @ read, meant, atol=1e-6)
    np.testing.assert_allclose(turn @ np.ones(3), np.ones(3), atol=1e-6)  # grey is grey
    picture = torch.full((3, 8, 8), 100, dtype=torch.uint8)
    assert (scaled(picture, (4, 4), "bicubic", turned("601", "709")) == 100).all()
