"""Pieces that are copied: the same packets, from the key frame before on, and where that is."""

from pathlib import Path

import av
import pytest

from avel.pipeline.media.copy import copy
from avel.pipeline.reasons import MediaError
from tests.pipeline.media.pieces import QUIET, RATE, film, heard, noise, place, seen

SECOND = 1_000_000


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A key frame every two seconds."""
    folder = tmp_path_factory.mktemp("films")
    options = {"qp": "0", "g": "20", "sc_threshold": "0"}
    found = {kind: film(folder / f"f.{kind}", 10.0, options=options) for kind in ("mkv", "mp4")}
    smooth = {"crf": "10", "g": "20", "bf": "3", "sc_threshold": "0"}
    found["b"] = film(
        folder / "b.mp4", 10.0, codec="libx264", pixel_format="yuv444p", options=smooth
    )
    return found


@pytest.mark.parametrize(("kind", "suffix"), [("mkv", ".mkv"), ("mp4", ".mp4"), ("b", ".mp4")])
@pytest.mark.parametrize(("start", "stop", "true"), [(0.0, 1.0, 0), (5.3, 7.0, 4), (6.0, 9.5, 6)])
def test_a_copy_begins_at_the_key_frame_before_and_says_so(
    films: dict[str, Path],
    tmp_path: Path,
    kind: str,
    suffix: str,
    start: float,
    stop: float,
    true: int,
) -> None:
    target = tmp_path / f"c{suffix}"
    said = copy(films[kind], str(target), int(start * SECOND), int(stop * SECOND), QUIET)
    # B-frames are reordered: a film's first picture may come a frame late in its own time
    assert said["start"] == pytest.approx(true * SECOND, abs=1000)
    numbers = [number for _, number in seen(target)]
    wanted = list(range(true * 10, round(stop * 10)))
    assert numbers[: len(wanted)] == wanted
    # pictures that earlier ones need are there, and so are seen
    assert len(numbers) <= len(wanted) + (3 if kind == "b" else 0)
    for time, number in seen(target)[1:]:
        assert time == pytest.approx(number / 10 - true, abs=0.002)


@pytest.mark.parametrize("kind", ["mkv", "mp4"])
def test_the_sound_begins_with_the_picture(
    films: dict[str, Path], tmp_path: Path, kind: str
) -> None:
    """After one jump alone it began seconds late in MP4."""
    target = tmp_path / f"c.{kind}"
    copy(films[kind], str(target), 5 * SECOND, 7 * SECOND, QUIET)
    with av.open(str(target)) as container:
        assert (
            float(container.streams.audio[0].start_time * container.streams.audio[0].time_base)
            < 0.05
        )
    samples, own = heard(target), noise(10.0)[0].astype(float)
    middle = samples[RATE // 4 : RATE // 2]
    assert place(middle, own) == pytest.approx(4 * RATE + RATE // 4, abs=0.05 * RATE)


def test_packets_are_the_same_bytes(films: dict[str, Path], tmp_path: Path) -> None:
    copy(films["mkv"], str(tmp_path / "c.mkv"), 4 * SECOND, 6 * SECOND, QUIET)

    def packets(path: Path) -> list[bytes]:
        with av.open(str(path)) as container:
            return [bytes(p) for p in container.demux(video=0) if p.size]

    copied, whole = packets(tmp_path / "c.mkv"), packets(films["mkv"])
    assert copied == whole[40 : 40 + len(copied)]


def test_sound_alone(tmp_path: Path) -> None:
    sound = film(tmp_path / "s.mkv", 3.0, frame_times=())
    said = copy(sound, str(tmp_path / "c.mkv"), SECOND, 2 * SECOND, QUIET)
    assert said["start"] == pytest.approx(SECOND, abs=30_000)
    assert said["start"] <= SECOND
    assert len(heard(tmp_path / "c.mkv")) == pytest.approx(RATE, abs=3000)


def test_what_a_container_cannot_hold_is_told(tmp_path: Path) -> None:
    """VP8 goes into no MP4."""
    source = film(
        tmp_path / "f.webm", 1.0, codec="libvpx", pixel_format="yuv420p", options={}, samples=None
    )
    with pytest.raises(MediaError, match=r"f\.webm: cannot be copied \(.*\); leave --copy out"):
        copy(source, str(tmp_path / "c.mp4"), 0, SECOND, QUIET)
    assert [path.name for path in tmp_path.iterdir()] == ["f.webm"]


def test_reordered_pictures_of_an_avi(tmp_path: Path) -> None:
    source = film(
        tmp_path / "f.avi", 3.0, codec="mpeg4", pixel_format="yuv420p",
        options={"bf": "2", "g": "12", "qscale": "1"}, audio_codec="pcm_s16le",
    )  # fmt: skip
    began = seen(source)[0][0]  # its first picture is shown late
    said = copy(source, str(tmp_path / "c.mkv"), SECOND * 3 // 2, 2 * SECOND, QUIET)
    numbers = [number for _, number in seen(tmp_path / "c.mkv")]
    first = round((said["start"] / SECOND - began) * 10)
    assert numbers == list(range(first, round((2.0 - began) * 10)))


def test_packets_without_times_are_told(tmp_path: Path) -> None:
    source = film(tmp_path / "f.h264", 1.0, samples=None, codec="libx264", pixel_format="yuv420p")
    with pytest.raises(
        MediaError,
        match=r"f\.h264: cannot be copied \(.* no times of their own\); leave --copy out",
    ):
        copy(source, str(tmp_path / "c.mkv"), SECOND // 2, SECOND, QUIET)
    assert [path.name for path in tmp_path.iterdir()] == ["f.h264"]


def test_a_codec_that_nothing_here_encodes_is_copied(media: Path, tmp_path: Path) -> None:
    """AV1: whoever copies needs no encoder."""
    said = copy(media / "av1_video.mkv", str(tmp_path / "c.mkv"), SECOND // 2, SECOND, QUIET)
    assert said["start"] == 0
    with av.open(str(tmp_path / "c.mkv")) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 25


def test_how_far_it_is_is_told(films: dict[str, Path], tmp_path: Path) -> None:
    told: list[int] = []
    copy(films["mkv"], str(tmp_path / "c.mkv"), 2 * SECOND, 5 * SECOND, told.append)
    assert told == [2, 3, 4]
