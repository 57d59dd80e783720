"""Copies that every player plays: sides, colours and sound as their quality says."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from avel.pipeline.media.encoder import FINE, SMALL, Encoder, Quality
from tests.films import regular, tone, write_film

RED = (200, 30, 40)


def source(
    path: Path, size: tuple[int, int], *, aspect: Fraction | None = None, rate: int = 8_000
) -> Path:
    """Two pictures of one colour, and a tone of two channels."""
    width, height = size
    frames = [np.full((height, width, 3), RED, np.uint8)] * 2
    return write_film(
        path,
        frame_times=regular(2, 10),
        size=size,
        frames=frames,
        aspect=aspect,
        samples=np.stack([tone(440, 0.5, rate)] * 2),
        sample_rate=rate,
        layout="stereo",
    )


def copied(path: Path, out: Path, quality: Quality) -> Any:
    """The copy of it, open."""
    with av.open(str(path)) as film:
        video, audio = film.streams.video[0], film.streams.audio[0]
        with Encoder(out, video, audio, quality) as encoder:
            for number, frame in enumerate(film.decode(video)):
                at = Fraction(number, 10)
                encoder.picture(frame, at, at, at + Fraction(1, 10))
            encoder.sound(np.full((2_000, encoder.channels), 9_000, np.int16))
            encoder.sound(np.zeros((0, encoder.channels), np.int16))
    assert encoder.num_written == 3
    return av.open(str(out))


@pytest.mark.parametrize(
    ("size", "aspect", "fine", "small"),
    [
        ((64, 48), None, (64, 48, 1), (64, 48)),
        ((65, 49), None, (64, 48, 1), (66, 48)),
        ((480, 720), None, (480, 720, 1), (240, 360)),
        ((96, 64), Fraction(4, 3), (96, 64, Fraction(4, 3)), (128, 64)),
    ],
)
def test_sides(
    tmp_path: Path,
    size: tuple[int, int],
    aspect: Fraction | None,
    fine: tuple[int, int, Fraction | int],
    small: tuple[int, int],
) -> None:
    """A fine copy keeps them, even ones; a small one is at most 360 lines of square pixels."""
    film = source(tmp_path / "f.mkv", size, aspect=aspect)
    with copied(film, tmp_path / "fine.mp4", FINE) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == fine[:2]
        assert (video.sample_aspect_ratio or 1) == fine[2]
    with copied(film, tmp_path / "small.mp4", SMALL) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == small
        assert (video.sample_aspect_ratio or 1) == 1


@pytest.mark.parametrize(("size", "matrix"), [((64, 48), 5), ((1280, 720), 1)])
def test_colours_are_said_as_players_take_them(
    tmp_path: Path, size: tuple[int, int], matrix: int
) -> None:
    """BT.601 of small pictures and BT.709 of HD, so that red stays red."""
    with copied(source(tmp_path / "f.mkv", size), tmp_path / "c.mp4", FINE) as container:
        frame = next(container.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (matrix, 1)
        shown = frame.to_ndarray(format="rgb24")[size[1] // 2, size[0] // 2]
    assert np.abs(shown.astype(int) - RED).max() <= 4


def test_sound_as_the_quality_says(tmp_path: Path) -> None:
    for quality, rate, kept, channels in (
        (FINE, 8_000, 48_000, 2),
        (FINE, 22_050, 22_050, 2),
        (SMALL, 48_000, 44_100, 1),
    ):
        film = source(tmp_path / f"{rate}.mkv", (64, 48), rate=rate)
        with copied(film, tmp_path / "c.mp4", quality) as container:
            audio = container.streams.audio[0]
            assert (audio.codec_context.name, audio.rate, audio.channels) == ("aac", kept, channels)


def test_where_it_goes_wrong_nothing_more_is_written(tmp_path: Path) -> None:
    with av.open(str(source(tmp_path / "f.mkv", (64, 48)))) as film:
        video = film.streams.video[0]
        with pytest.raises(KeyError), Encoder(tmp_path / "c.mp4", video, None):
            raise KeyError
