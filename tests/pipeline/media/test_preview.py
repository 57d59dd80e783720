"""A quick look at a file: the right pictures at the right moments, all of the sound."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.media import preview
from avel.pipeline.media.preview import kind_of, pictures, sound
from avel.pipeline.reasons import MediaError
from tests.films import clicks, loud_samples, numbers_of, regular, rotate_mp4, write_film


def numbers(shown: list[np.ndarray]) -> list[int]:
    return numbers_of(np.stack(shown).transpose(0, 3, 1, 2))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten frames a second for 6 s, a key frame every second, a click at 2.5 s."""
    path = tmp_path_factory.mktemp("films") / "a.mkv"
    options = {"qp": "0", "g": "10", "sc_threshold": "0"}
    samples = clicks(6 * 44_100, [110_250])
    return write_film(path, frame_times=regular(60, 10), options=options, samples=samples)


def test_what_a_file_is(film: Path) -> None:
    kind = kind_of(film)
    assert (kind.container, kind.video, kind.audio) == ("matroska,webm", "h264", "pcm_s16le")
    assert kind.shape == pytest.approx(64 / 48)
    assert kind.pixels == "gbrp"


def test_a_file_without_a_picture(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mkv", samples=clicks(44_100, [5]))
    assert kind_of(path).video == ""
    assert kind_of(path).shape == 0
    assert list(pictures(path, [0.5], 16)) == []


def test_pixels_that_are_not_square_are_shown_as_they_look(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mkv", frame_times=regular(5), aspect=Fraction(3, 2))
    assert kind_of(path).shape == pytest.approx(2.0)
    assert next(pictures(path, [0.1], 24)).shape == (24, 48, 3)


def test_each_moment_has_the_frame_on_screen(film: Path) -> None:
    shown = list(pictures(film, [0.05, 0.55, 1.55, 5.95], 48))
    assert numbers(shown) == [0, 5, 15, 59]
    assert shown[0].shape == (48, 64, 3)


def test_in_a_long_film_key_frames_are_sought(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "LONGEST", 5.0)
    assert numbers(list(pictures(film, [0.55, 3.55, 5.55], 48))) == [0, 30, 50]


def test_moments_behind_the_end_show_the_last_frame(film: Path) -> None:
    assert numbers(list(pictures(film, [5.0, 6.5, 8.0], 48))) == [50, 59, 59]


def test_no_moment_is_no_picture(film: Path) -> None:
    assert list(pictures(film, [], 48)) == []


@pytest.mark.parametrize("matrix", [(0, 1, -1, 0), (0, -1, 1, 0)])
def test_a_film_on_its_side_is_set_upright(tmp_path: Path, matrix: tuple[int, ...]) -> None:
    """Above (as it is shown) the frames are red on one end of their longer side."""
    rgb = np.zeros((48, 64, 3), np.uint8)
    rgb[:, :32] = (250, 0, 0)
    path = tmp_path / "a.mp4"
    write_film(
        path, frame_times=regular(5), frames=[rgb] * 5, codec="libx264", pixel_format="yuv420p"
    )
    rotate_mp4(path, matrix)
    upright = next(pictures(path, [0.1], 40))
    assert upright.shape == (40, 30, 3)
    ends = upright[2, 15, 0], upright[-3, 15, 0]
    assert max(ends) > 200
    assert min(ends) < 50
    assert (ends[0] > ends[1]) == (matrix[1] == 1)
    assert kind_of(path).shape == pytest.approx(48 / 64)


def test_all_of_the_sound(film: Path) -> None:
    heard = np.concatenate(list(sound(film, 44_100)))
    assert len(heard) == 6 * 44_100
    assert loud_samples(heard) == [110_250]
    low = np.concatenate(list(sound(film, 8_000)))
    assert len(low) == pytest.approx(6 * 8_000, abs=64)
    assert abs(int(np.abs(low.astype(int)).argmax()) - 20_000) <= 2


def test_no_sound_is_nothing(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mkv", frame_times=regular(5))
    assert list(sound(path, 8_000)) == []


def test_a_film_that_breaks_off_gives_what_there_is(film: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(film.read_bytes()[: film.stat().st_size * 2 // 3])
    shown = list(pictures(cut, [0.5, 1.5, 2.5, 3.5, 4.5, 5.5], 16))
    assert 1 <= len(shown) <= 6
    assert 0 < sum(map(len, sound(cut, 8_000))) < 6 * 8_000


@pytest.mark.parametrize(
    "look", [kind_of, lambda p: list(pictures(p, [1.0], 8)), lambda p: list(sound(p, 8_000))]
)
def test_what_is_no_film_is_refused(tmp_path: Path, look: object) -> None:
    (tmp_path / "a.mp4").write_text("hello")
    with pytest.raises(MediaError, match=r"a\.mp4: is text, not a video"):
        look(tmp_path / "a.mp4")  # type: ignore[operator]


def test_a_cover_picture_is_no_film(media: Path) -> None:
    assert kind_of(media / "nasa_13013.mp4.audio_44100.mp3").video in ("", "mp3")
