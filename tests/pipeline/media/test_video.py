"""Pictures of the frames on screen at the shots, decoding as little as they need."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.pipeline.media.container import open_container
from avel.pipeline.media.reading import Picture, Reading
from avel.pipeline.media.scaler import Square
from avel.pipeline.media.timeline import StreamClock
from avel.pipeline.media.video import SKIPPABLE, VideoTrack
from tests.films import LOSSLESS, clicks, numbers_of, regular, shown, write_film

SQUARE = Square(32, 32, "crop", "bicubic")
B_FRAMES = {"qp": "1", "bf": "3", "x264-params": "b-adapt=0"}  # at qp 0 x264 makes none


def pictures(
    path: Path, per_cell: int = 1, *, skip: bool = True, origin: Fraction | int = 0
) -> tuple[Reading, list[Picture], int]:
    """What the video track of a file gives alone, and how many frames its decoder gave it."""
    reading, decoded = Reading(path), 0
    with open_container(path) as container:
        track = VideoTrack.choose(container, reading, per_cell, SQUARE, skip)
        assert track is not None
        track.clock = StreamClock(track.time_base, Fraction(origin))
        decode = track.decode

        def counted(packet: object) -> list[object]:
            nonlocal decoded
            frames = decode(packet)  # type: ignore[arg-type]
            decoded += len(frames)
            return frames

        track.decode = counted  # type: ignore[method-assign]
        packets = [p for p in container.demux(track.stream) if p.size]
        found = [p for packet in packets for p in track.feed(packet)] + list(track.finish())
    return reading, found, decoded


def on_screen(found: list[Picture], count: int) -> list[int]:
    """Frame numbers at the first `count` shots: each picture stays until the next one."""
    numbers = numbers_of(np.stack([p.rgb for p in found]))
    return [
        max((p.first_shot, n) for p, n in zip(found, numbers, strict=True) if p.first_shot <= shot)[
            1
        ]
        for shot in range(count)
    ]


@pytest.mark.parametrize("per_cell", [1, 2, 4, 7])
@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(12), Fraction(60)])
def test_constant_rates(tmp_path: Path, rate: Fraction, per_cell: int) -> None:
    times = regular(int(3 * rate), rate)
    path = write_film(tmp_path / "v.mkv", frame_times=times, size=(32, 32), **LOSSLESS)
    times = [Fraction(round(t * 1000), 1000) for t in times]  # Matroska keeps milliseconds
    _, found, _ = pictures(path, per_cell)
    assert on_screen(found, 3 * per_cell) == shown(times, 3, per_cell)


def test_variable_rate(tmp_path: Path) -> None:
    times = [Fraction(t, 1000) for t in (0, 40, 480, 520, 1499, 1500, 1501, 2100, 2900)]
    path = write_film(tmp_path / "v.mkv", frame_times=times, **LOSSLESS)
    _, found, _ = pictures(path)
    assert on_screen(found, 3) == shown(times, 3) == [2, 5, 7]


@settings(max_examples=12)
@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=30),
    st.integers(1, 4),
    st.integers(0, 700),
)
def test_any_rhythm_and_start(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], per_cell: int, start: int
) -> None:
    times = [Fraction(start + sum(steps[:n]), 1000) for n in range(len(steps))]
    path = tmp_path_factory.mktemp("rhythm") / "v.mkv"
    write_film(path, frame_times=times, size=(16, 16), **LOSSLESS)
    _, found, _ = pictures(path, per_cell)
    count = int(times[-1]) + 1
    assert on_screen(found, count * per_cell) == shown(times, count, per_cell)


def test_only_what_a_shot_sees_is_converted(tmp_path: Path) -> None:
    path = write_film(tmp_path / "v.mkv", frame_times=regular(100), **LOSSLESS)
    reading, found, _ = pictures(path)
    assert len(found) == 5  # four shots, and the last frame, which stays on screen
    assert [p.first_shot for p in found] == [0, 1, 2, 3, 4]
    assert reading.video_span == (0, 4)
    assert reading.video_stream == 0


def test_span_and_shots_are_in_common_time(tmp_path: Path) -> None:
    """The clock's origin is elsewhere: the first frame is shown from the first shot all the same."""
    times = [Fraction(8, 5) + t for t in regular(50)]
    path = write_film(tmp_path / "v.mkv", frame_times=times, **LOSSLESS)
    reading, found, _ = pictures(path, origin=1)
    assert reading.video_span == (Fraction(3, 5), Fraction(13, 5))
    assert on_screen(found, 3) == [0, 22, 47]


def test_one_frame_lasts_as_long_as_the_rate_says(tmp_path: Path) -> None:
    path = write_film(tmp_path / "v.mkv", frame_times=[Fraction(0)], **LOSSLESS)
    reading, found, _ = pictures(path)
    assert [(p.first_shot, p.rgb.shape, p.rgb.dtype) for p in found] == [(0, (3, 32, 32), np.uint8)]
    assert reading.video_span == (0, Fraction(1, 25))


@pytest.mark.parametrize("codec", ["libx264rgb", "mpeg4"])
def test_b_frames_skip_nothing_that_is_shown(tmp_path: Path, codec: str) -> None:
    options = B_FRAMES if codec == "libx264rgb" else {"bf": "2", "qscale": "1"}
    form = "rgb24" if codec == "libx264rgb" else "yuv420p"
    path = write_film(
        tmp_path / "v.mp4",
        frame_times=regular(200),
        codec=codec,
        options=options,
        pixel_format=form,
    )
    _, skipping, few = pictures(path, 3)
    _, everything, all_frames = pictures(path, 3, skip=False)
    assert [p.first_shot for p in skipping] == [p.first_shot for p in everything]
    for one, other in zip(skipping, everything, strict=True):
        np.testing.assert_array_equal(one.rgb, other.rgb)
    assert all_frames == 200
    assert few < 150
    if codec == "libx264rgb":
        assert on_screen(skipping, 24) == shown(regular(200), 8, 3)


def test_codecs_that_skip_are_known_to_libav() -> None:
    """A name that libav does not have would never match, and nothing would be skipped."""
    for name in SKIPPABLE:
        assert av.Codec(name, "r").type == "video"


def test_packets_without_pts_are_all_decoded(tmp_path: Path) -> None:
    """AVI stores no timestamps; the frames' order and rate give them."""
    path = write_film(
        tmp_path / "v.avi",
        frame_times=regular(75),
        time_base=Fraction(1, 25),
        codec="mpeg4",
        pixel_format="yuv420p",
        options={"qscale": "1"},
    )
    _, found, decoded = pictures(path)
    assert decoded == 75
    np.testing.assert_allclose(on_screen(found, 3), [12, 37, 62], atol=1)


@pytest.mark.parametrize("rate", [25, 10])
def test_a_raw_streams_frames_last_as_its_rate_says(
    tmp_path: Path, rate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the stream does not say a rate, libav's lengths are one tick after the first fifty."""
    times = regular(4 * rate, rate)
    path = write_film(tmp_path / "a.h264", frame_times=times, time_base=Fraction(1, rate))
    decode = VideoTrack.decode

    def short(self: VideoTrack, packet: object) -> list[av.VideoFrame]:
        frames = decode(self, packet)  # type: ignore[arg-type]
        for frame in frames:
            assert frame.pts is None
            frame.duration = 1
        return frames

    monkeypatch.setattr(VideoTrack, "decode", short)
    reading, found, _ = pictures(path)
    assert reading.video_span == (0, 4)
    assert on_screen(found, 4) == shown(times, 4)


def test_no_video_is_no_track(tmp_path: Path) -> None:
    reading = Reading(write_film(tmp_path / "v.wav", samples=clicks(4410, [5])))
    with open_container(reading.path) as container:
        assert VideoTrack.choose(container, reading, 1, SQUARE, True) is None
    assert (reading.video_stream, reading.video_span) == (None, None)
