"""Pieces that are encoded anew: exact to a frame and to a sample, from wherever they begin."""

from fractions import Fraction
from math import ceil
from pathlib import Path

import av
import numpy as np
import pytest

from avel.pipeline.media.cut import cut
from avel.pipeline.reasons import MediaError, Reason
from tests.films import rotate_mp4, write_film
from tests.pipeline.media.pieces import QUIET, RATE, STEP, film, heard, noise, numbered, place, seen

SECOND = 1_000_000
SLACK = {"mkv": 23, "mp4": 2, "avi": 1}
"""Samples: Matroska's clock has whole milliseconds, of which a jump sees one alone."""


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("films")
    found = {name: film(folder / f"f.{name}") for name in ("mkv", "mp4")}
    found["avi"] = film(
        folder / "f.avi",
        codec="mpeg4",
        pixel_format="yuv420p",
        options={"qscale": "1"},
        audio_codec="pcm_s16le",
    )
    return found


@pytest.mark.parametrize("kind", ["mkv", "mp4", "avi"])
@pytest.mark.parametrize(("start", "stop"), [(0.0, 1.0), (2.34, 4.71), (4.46, 6.0)])
def test_a_piece_is_exact(
    films: dict[str, Path], tmp_path: Path, kind: str, start: float, stop: float
) -> None:
    target = tmp_path / "c.mp4"
    cut(films[kind], str(target), int(start * SECOND), int(stop * SECOND), QUIET)
    frames = seen(target)
    # the first is the one on screen, then every one up to the end at its own time
    first = int(start * 10 + 1e-9)
    assert [number for _, number in frames] == list(range(first, ceil(stop * 10 - 1e-9)))
    assert frames[0][0] == 0
    for time, number in frames[1:]:
        assert time == pytest.approx(number / 10 - start, abs=2e-5)
    samples = heard(target)
    whole = noise(6.0)[0].astype(float)
    own = whole[round(start * RATE) :]
    middle = slice(RATE // 10, RATE // 2)
    assert place(samples[middle], own) == pytest.approx(middle.start, abs=SLACK[kind])
    assert len(samples) == pytest.approx((stop - start) * RATE, abs=1100)


def test_after_a_jump_the_sound_is_not_late(tmp_path: Path) -> None:
    """A film of one key frame and sound far from its pictures in the file, as muxers leave it."""
    source = film(tmp_path / "f.mp4", 20.0, 2)
    cut(source, str(tmp_path / "c.mp4"), 15 * SECOND, 17 * SECOND, QUIET)
    samples = heard(tmp_path / "c.mp4")
    own = noise(20.0)[0].astype(float)[15 * RATE :]
    assert abs(place(samples[: RATE // 2], own)) <= 2
    assert np.abs(samples[2000:4000]).max() > 1000


def test_pictures_keep_changing_intervals(tmp_path: Path) -> None:
    times = [Fraction(t, 100) for t in (0, 4, 20, 90, 95, 130, 180, 200, 260)]
    source = write_film(
        tmp_path / "v.mkv", frame_times=times, frames=numbered(9), options={"qp": "0"}
    )
    cut(source, str(tmp_path / "c.mp4"), SECOND // 2, 2 * SECOND, QUIET)
    frames = seen(tmp_path / "c.mp4")
    assert [number for _, number in frames] == [2, 3, 4, 5, 6]
    assert [time for time, _ in frames] == pytest.approx([0, 0.4, 0.45, 0.8, 1.3], abs=2e-5)


def test_words_stand_on_the_pictures_of_their_time(tmp_path: Path) -> None:
    source = film(tmp_path / "f.mkv", 3.0, frames=[numbered(101)[100]] * 30, samples=None)
    words = [(1 * SECOND, 2 * SECOND, "Bark 0.97")]
    said = cut(source, str(tmp_path / "c.mp4"), 0, 3 * SECOND, QUIET, captions=words)
    assert said == {"missing": ""}
    with av.open(str(tmp_path / "c.mp4")) as container:
        corners = [
            (float(f.time), f.to_ndarray(format="rgb24")[-2:, :4].mean())
            for f in container.decode(video=0)
        ]
    dark = [time for time, level in corners if level < 30]
    assert dark == pytest.approx([1 + n / 10 for n in range(10)], abs=1e-4)
    assert {round(level / 5) for _, level in corners if level >= 30} == {round(72 / 5)}


def test_silence_stands_where_the_film_has_no_sound(tmp_path: Path) -> None:
    source = film(tmp_path / "f.mkv", 4.0, samples=noise(2.0), audio_start=1)
    cut(source, str(tmp_path / "c.mp4"), 0, 3 * SECOND, QUIET)
    samples = heard(tmp_path / "c.mp4")
    assert np.abs(samples[: RATE - 2500]).max() < 500
    assert place(
        samples[RATE + 2000 : RATE + 20_000], noise(2.0)[0].astype(float)
    ) == pytest.approx(2000, abs=1)


def test_a_turned_film_is_written_upright(tmp_path: Path) -> None:
    source = film(tmp_path / "f.mp4", 1.0)
    rotate_mp4(source, (0, 1, -1, 0))
    cut(source, str(tmp_path / "c.mp4"), 0, SECOND, QUIET)
    with av.open(str(tmp_path / "c.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (48, 64)


def test_a_mirrored_film_is_written_as_it_is_shown(tmp_path: Path) -> None:
    source = film(tmp_path / "f.mp4", 1.0)
    rotate_mp4(source, (-1, 0, 0, 1))
    cut(source, str(tmp_path / "c.mp4"), 0, SECOND, QUIET)
    with av.open(str(tmp_path / "c.mp4")) as container:
        grey = list(container.decode(video=0))[5].to_ndarray(format="rgb24").mean(axis=2)
    assert grey[24, 55] - grey[24, 8] == pytest.approx(5 * STEP, abs=4)


def test_odd_sides_and_many_channels(tmp_path: Path) -> None:
    source = write_film(
        tmp_path / "f.mkv",
        frame_times=[Fraction(n, 10) for n in range(10)],
        frames=numbered(10, 65, 49),
        size=(65, 49),
        codec="ffv1",
        pixel_format="bgr0",
        options={},
        samples=noise(1.0, 6),
        layout="5.1",
    )
    cut(source, str(tmp_path / "c.mp4"), 0, SECOND, QUIET)
    with av.open(str(tmp_path / "c.mp4")) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (64, 48)
        assert container.streams.audio[0].channels == 2


def test_sound_alone_and_pictures_alone(tmp_path: Path) -> None:
    sound = film(tmp_path / "s.wav", 3.0, frame_times=(), audio_codec="pcm_s16le")
    cut(sound, str(tmp_path / "s.mp4"), SECOND, 2 * SECOND, QUIET)
    assert len(heard(tmp_path / "s.mp4")) == pytest.approx(RATE, abs=1100)
    silent = film(tmp_path / "p.mkv", 3.0, samples=None)
    cut(silent, str(tmp_path / "p.mp4"), SECOND, 2 * SECOND, QUIET)
    assert [number for _, number in seen(tmp_path / "p.mp4")] == list(range(10, 20))


def test_words_need_a_picture(tmp_path: Path) -> None:
    sound = film(tmp_path / "s.wav", 1.0, frame_times=(), audio_codec="pcm_s16le")
    with pytest.raises(MediaError, match=r"s\.wav: has no picture to write on") as caught:
        cut(sound, str(tmp_path / "s.mp4"), 0, SECOND, QUIET, captions=[(0, 1, "a")])
    assert caught.value.reason == Reason.NO_VIDEO


def test_behind_the_end_there_is_nothing(films: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"f\.mkv: nothing lies between 60\.0 and 61\.0 s"):
        cut(films["mkv"], str(tmp_path / "c.mp4"), 60 * SECOND, 61 * SECOND, QUIET)
    assert not list(tmp_path.iterdir())


def test_how_far_it_is_is_told(films: dict[str, Path], tmp_path: Path) -> None:
    told: list[int] = []
    cut(films["mkv"], str(tmp_path / "c.mp4"), 1 * SECOND, 10**15, told.append)
    assert told[:6] == [0, 1, 2, 3, 4, 5]  # its one key frame is the first
    assert [number for _, number in seen(tmp_path / "c.mp4")] == list(range(10, 60))
