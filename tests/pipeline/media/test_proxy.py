"""The small copy: what browsers play, and every moment where it was."""

from pathlib import Path

import numpy as np
import pytest

from avel.pipeline.media.encoder import SMALL
from avel.pipeline.media.preview import kind_of, pictures, sound
from avel.pipeline.media.proxy import write_proxy
from avel.pipeline.reasons import MediaError
from tests.films import clicks, loud_samples, numbers_of, regular, write_film

HIGH = SMALL.high


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An AVI of MPEG-4 part 2, higher than the copy may be, with a click at 1.5 s."""
    folder = tmp_path_factory.mktemp("films")
    samples = clicks(3 * 44_100, [66_150])
    film = write_film(
        folder / "a.avi",
        frame_times=regular(30, 10),
        size=(480, 400),
        codec="mpeg4",
        options={"qscale": "2"},
        pixel_format="yuv420p",
        samples=samples,
    )
    write_proxy(film, folder / "a.proxy.mp4")
    return film, folder / "a.proxy.mp4"


def test_it_is_what_browsers_play(copied: tuple[Path, Path]) -> None:
    kind = kind_of(copied[1])
    assert kind.container.startswith("mov,mp4")
    assert (kind.video, kind.pixels, kind.audio) == ("h264", "yuv420p", "aac")
    assert kind.shape == pytest.approx(480 / 400)


def test_it_is_low_and_its_pictures_are_where_they_were(copied: tuple[Path, Path]) -> None:
    one, other = (np.stack(list(pictures(path, [0.05, 0.95, 1.95], HIGH))) for path in copied)
    assert one.shape == other.shape == (3, HIGH, 432, 3)
    assert np.abs(one[:, 180, 216].astype(int) - other[:, 180, 216]).max() < 12
    assert numbers_of(other.transpose(0, 3, 1, 2)) == numbers_of(one.transpose(0, 3, 1, 2))


def test_its_sound_is_where_it_was(copied: tuple[Path, Path]) -> None:
    heard = np.concatenate(list(sound(copied[1], 44_100)))
    assert abs(int(np.abs(heard.astype(int)).argmax()) - 66_150) < 100
    assert len(heard) == pytest.approx(3 * 44_100, abs=3_000)
    assert not [at for at in loud_samples(heard) if abs(at - 66_150) > 100]


def test_a_film_without_sound(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mkv", frame_times=regular(5))
    write_proxy(film, tmp_path / "b.mp4")
    assert kind_of(tmp_path / "b.mp4").audio == ""


def test_sound_without_a_film(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mkv", samples=clicks(44_100, [9]))
    write_proxy(film, tmp_path / "b.mp4")
    assert kind_of(tmp_path / "b.mp4").video == ""


def test_a_film_of_which_nothing_is_left(tmp_path: Path) -> None:
    film = write_film(tmp_path / "a.mkv", frame_times=regular(5))
    data = film.read_bytes()
    film.write_bytes(data[: data.find(b"\x1f\x43\xb6\x75") + 16])  # before the first picture
    with pytest.raises(MediaError, match=r"EMPTY: .*a\.mkv: nothing in it can be decoded"):
        write_proxy(film, tmp_path / "b.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_what_is_no_film_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.avi").write_text("hello")
    with pytest.raises(MediaError, match=r"a\.avi: is text, not a video"):
        write_proxy(tmp_path / "a.avi", tmp_path / "b.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["a.avi"]
