"""Cells against known truth: pixels that say the frame's number, clicks at known samples."""

import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import Interpolation
from PIL import Image

from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.segment import segment_video, segment_whole, square_of
from avel.pipeline.reasons import MediaError, Reason
from tests.films import CLICK, clicks, numbers_of, regular, rotate_mp4, write_film

SMALL = SegmentConfig(image_size=32)


def shown(times: list[Fraction], count: int, per_cell: int = 1) -> list[int]:
    """The frames on screen at the shots: the last whose time is not after the moment."""
    moments = [Fraction(2 * shot + 1, 2 * per_cell) for shot in range(count * per_cell)]
    return [max([n for n, t in enumerate(times) if t <= m], default=0) for m in moments]


def loud_samples(segments: Segments) -> list[int]:
    return [int(s) for s in np.flatnonzero(np.abs(segments.samples.reshape(-1)) > CLICK // 3)]


@pytest.mark.parametrize("per_cell", [1, 2, 4, 7])
@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(12), Fraction(60)])
def test_constant_rates(tmp_path: Path, rate: Fraction, per_cell: int) -> None:
    times = regular(int(3 * rate), rate)
    path = write_film(
        tmp_path / "v.mkv", frame_times=times, codec="ffv1", pixel_format="bgr0", options={}
    )
    times = [Fraction(round(t * 1000), 1000) for t in times]  # Matroska keeps milliseconds
    segments = segment_whole(path, SegmentConfig(per_cell, 32))
    assert numbers_of(segments.frames.reshape(-1, 3, 32, 32)) == shown(times, 3, per_cell)


def test_variable_rate(tmp_path: Path) -> None:
    times = [Fraction(t, 1000) for t in (0, 40, 480, 520, 1499, 1500, 1501, 2100, 2900)]
    path = write_film(
        tmp_path / "v.mkv", frame_times=times, codec="ffv1", pixel_format="bgr0", options={}
    )
    segments = segment_whole(path, SMALL)
    assert numbers_of(segments.frames[:, 0]) == shown(times, 3) == [2, 5, 7]


@pytest.mark.parametrize("codec", ["libx264rgb", "mpeg4"])
def test_b_frames_skip_nothing_that_is_shown(tmp_path: Path, codec: str) -> None:
    options = (
        {"qp": "0", "bf": "3", "b-pyramid": "normal"}
        if codec != "mpeg4"
        else {"bf": "2", "qscale": "1"}
    )
    form = "rgb24" if codec != "mpeg4" else "yuv420p"
    path = write_film(
        tmp_path / "v.mp4",
        frame_times=regular(200),
        codec=codec,
        options=options,
        pixel_format=form,
    )
    skipping = segment_whole(path, SegmentConfig(3, 32))
    everything = segment_whole(path, SegmentConfig(3, 32), skip_frames=False)
    np.testing.assert_array_equal(skipping.frames, everything.frames)
    if codec == "libx264rgb":
        assert numbers_of(skipping.frames.reshape(-1, 3, 32, 32)) == shown(regular(200), 8, 3)


def test_one_clock_for_unequal_starts(tmp_path: Path) -> None:
    """Video from 1.6 s, audio from 1 s of the file's own time: the clock starts with the audio."""
    times = [Fraction(8, 5) + t for t in regular(60)]
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=times,
        codec="ffv1",
        pixel_format="bgr0",
        options={},
        samples=clicks(3 * 44_100, [0, 44_100, 100_000]),
        audio_start=1,
    )
    segments = segment_whole(path, SMALL)
    assert loud_samples(segments) == [0, 44_100, 100_000]
    # cell 0 looks at 0.5 s of common time, before the video begins at 0.6 s: its first frame
    assert numbers_of(segments.frames[:, 0]) == [0, 22, 47]
    assert segments.visual_mask.tolist() == [False, True, True]


def test_audio_that_starts_late_is_silence_first(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=regular(75),
        codec="ffv1",
        pixel_format="bgr0",
        options={},
        samples=clicks(44_100, [0, 1000]),
        audio_start=Fraction(3, 2),
    )
    segments = segment_whole(path, SMALL)
    assert loud_samples(segments) == [66_150, 67_150]
    assert segments.audio_mask.tolist() == [False, True, True]


def test_audio_hole_stays_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "hole.mkv"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("pcm_s16le", rate=44_100)
        audio.codec_context.layout = "mono"
        for start, click in ((0, 10), (88_200, 20)):
            frame = av.AudioFrame.from_ndarray(clicks(22_050, [click]), "s16", "mono")
            frame.sample_rate, frame.time_base, frame.pts = 44_100, Fraction(1, 44_100), start
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    segments = segment_whole(path, SMALL)
    assert loud_samples(segments) == [10, 88_220]
    assert segments.audio_mask.tolist() == [True, False, True]


@pytest.mark.parametrize("rate", [8_000, 16_000, 48_000, 96_000])
def test_sample_rates_keep_the_moment(tmp_path: Path, rate: int) -> None:
    wave = np.zeros((1, 3 * rate), np.int16)
    for second in (0.5, 1.25, 2.0):
        wave[0, round(second * rate) : round((second + 0.01) * rate)] = CLICK
    path = write_film(tmp_path / "v.wav", samples=wave, sample_rate=rate)
    sound = segment_whole(path, SMALL).samples.reshape(-1).astype(float)
    loud = sound > CLICK / 2
    starts = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    # half a sample of the source rate, and one of ours
    np.testing.assert_allclose(starts / 44_100, [0.5, 1.25, 2.0], atol=0.5 / rate + 1.0 / 44_100)


@pytest.mark.parametrize(("layout", "channels"), [("mono", 1), ("stereo", 2), ("5.1", 6)])
def test_channels_are_mixed_to_one(tmp_path: Path, layout: str, channels: int) -> None:
    path = write_film(tmp_path / "v.wav", samples=clicks(44_100, [1234], channels), layout=layout)
    segments = segment_whole(path, SMALL)
    assert segments.samples.shape == (1, 44_100)
    assert np.argmax(np.abs(segments.samples[0])) == 1234


@pytest.mark.parametrize(("video_seconds", "audio_seconds"), [(2.0, 3.5), (3.5, 2.0)])
def test_unequal_lengths(tmp_path: Path, video_seconds: float, audio_seconds: float) -> None:
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=regular(int(25 * video_seconds)),
        codec="ffv1",
        pixel_format="bgr0",
        options={},
        samples=clicks(round(44_100 * audio_seconds), [5]),
    )
    segments = segment_whole(path, SMALL)
    assert len(segments.frames) == 4
    assert segments.duration == pytest.approx(3.5, abs=0.021)
    # absent where the shot in the middle of the cell is past the end of the video
    assert segments.visual_mask.sum() == (2 if video_seconds == 2 else 3)
    assert segments.audio_mask.sum() == (4 if audio_seconds == 3.5 else 2)
    last = int(25 * video_seconds) - 1
    if video_seconds == 2.0:
        assert numbers_of(segments.frames[2:, 0]) == [last, last]


def test_one_frame_only(tmp_path: Path) -> None:
    path = write_film(
        tmp_path / "v.mkv", frame_times=[Fraction(0)], codec="ffv1", pixel_format="bgr0", options={}
    )
    segments = segment_whole(path, SMALL)
    assert segments.frames.shape == (1, 1, 3, 32, 32)
    assert numbers_of(segments.frames[:, 0]) == [0]


def test_no_audio_and_no_video_are_data(tmp_path: Path) -> None:
    silent = segment_whole(
        write_film(
            tmp_path / "v.mkv",
            frame_times=regular(50),
            codec="ffv1",
            pixel_format="bgr0",
            options={},
        ),
        SMALL,
    )
    blind = segment_whole(write_film(tmp_path / "a.wav", samples=clicks(88_200, [7])), SMALL)
    assert silent.flags == (Reason.NO_AUDIO,)
    assert not silent.audio_mask.any()
    assert not silent.samples.any()
    assert blind.flags == (Reason.NO_VIDEO,)
    assert not blind.visual_mask.any()
    assert not blind.frames.any()


def corners(frame: np.ndarray) -> list[str]:
    """Names of the strongest colour channel in the four quarters, in reading order."""
    half = frame.shape[1] // 2
    quarters = [
        frame[:, :half, :half],
        frame[:, :half, half:],
        frame[:, half:, :half],
        frame[:, half:, half:],
    ]
    return [
        "RGBW"[
            3 if q.reshape(3, -1).mean(1).min() > 120 else int(q.reshape(3, -1).mean(1).argmax())
        ]
        for q in quarters
    ]


def quartered(width: int, height: int) -> np.ndarray:
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2, 0] = 250
    rgb[: height // 2, width // 2 :, 1] = 250
    rgb[height // 2 :, : width // 2, 2] = 250
    rgb[height // 2 :, width // 2 :] = 250
    return rgb


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ((1, 0, 0, 1), "RGBW"),
        ((0, 1, -1, 0), "BRWG"),  # turned 90 degrees clockwise for display
        ((-1, 0, 0, -1), "WBGR"),
        ((0, -1, 1, 0), "GWRB"),
    ],
)
def test_rotation_side_data(tmp_path: Path, matrix: tuple[int, ...], expected: str) -> None:
    path = write_film(tmp_path / "v.mp4", frame_times=regular(5), frames=[quartered(64, 64)] * 5)
    rotate_mp4(path, matrix)
    frame = segment_whole(path, SMALL).frames[0, 0]
    assert "".join(corners(frame)) == expected


def test_pixels_that_are_not_square(tmp_path: Path) -> None:
    """A disc stored squeezed by half is a disc again."""
    y, x = np.mgrid[0:96, 0:96]
    disc = np.where(((x - 48) * 2) ** 2 + (y - 48) ** 2 < 40**2, 250, 0).astype(np.uint8)
    rgb = np.repeat(disc[:, 24:72, None], 3, 2).copy()
    path = write_film(
        tmp_path / "v.mp4",
        frame_times=regular(5),
        frames=[rgb] * 5,
        size=(48, 96),
        aspect=Fraction(2),
    )
    white = segment_whole(path, SegmentConfig(image_size=96)).frames[0, 0, 0] > 125
    assert (
        white.any(0).sum() == pytest.approx(white.any(1).sum(), abs=2) == pytest.approx(80, abs=2)
    )


@pytest.mark.parametrize(
    "name",
    [
        "h264_10bits.mp4",
        "bt709_full_range.mp4",
        "dog_barking.mp4",
        "applausing.mp4",
        "boat.mp4",
        "nasa_13013.mp4",
        "silence_girl.mp4",
        "h265_10bits.mp4",
    ],
)
def test_scaling_agrees_with_pil(media: Path, name: str) -> None:
    """Every picture within a mean of 1.5 of 255 levels of PIL's bicubic on the decoded frame.

    The frame is made RGB at full size with interpolated chroma first: `to_image` repeats chroma
    samples instead, which alone is off by up to 3.4 levels.
    """
    segments = segment_whole(media / name, SegmentConfig())
    with av.open(str(media / name)) as container:
        stream = container.streams.best("video")
        start = min(
            s.start_time * s.time_base for s in (stream, container.streams.best("audio")) if s
        )
        frames = [(f.pts * stream.time_base - start, full_rgb(f)) for f in container.decode(stream)]
    for cell, picture in enumerate(segments.frames[:, 0]):
        if segments.visual_mask[cell]:
            image = [image for time, image in frames if time <= cell + Fraction(1, 2)][-1]
            np.testing.assert_array_less(np.abs(clip_resize(image) - picture).mean(), 1.5)


def full_rgb(frame: av.VideoFrame) -> Image.Image:
    flags = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
    return Image.fromarray(frame.reformat(format="rgb24", interpolation=flags).to_ndarray())


def clip_resize(image: Image.Image) -> np.ndarray:
    """CLIP's resize and centre crop by PIL: float (3, 224, 224)."""
    scale = 224 / min(image.size)
    size = [max(224, int(side * scale)) for side in image.size]
    resized = image.resize(size, Image.Resampling.BICUBIC)
    left, top = round((size[0] - 224) / 2), round((size[1] - 224) / 2)
    return np.asarray(resized.crop((left, top, left + 224, top + 224)), float).transpose(2, 0, 1)


def test_full_range_is_not_stretched(tmp_path: Path) -> None:
    """Limited range 16-235 and full range 0-255 of the same grey levels look the same."""
    grey = np.tile(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], (64, 1, 3))
    means = []
    for form in ("yuv420p", "yuvj420p"):
        path = write_film(
            tmp_path / f"{form}.mkv",
            frame_times=regular(3),
            frames=[grey] * 3,
            size=(64, 64),
            codec="mjpeg" if form == "yuvj420p" else "libx264",
            pixel_format=form,
            options={"qscale": "1"} if form == "yuvj420p" else {"qp": "0"},
        )
        means.append(segment_whole(path, SMALL).frames[0, 0].mean((0, 1)))
    np.testing.assert_allclose(means[0], means[1], atol=4)


def test_several_streams_pick_the_best_and_say_which(media: Path) -> None:
    from avel.pipeline.media.decode import decode
    from avel.pipeline.media.reading import Reading

    reading = Reading(media / "nasa_13013.mp4")
    square = square_of(SMALL)
    list(decode(reading, frames_per_cell=1, square=square, sample_rate=8000, timeout_seconds=60))
    assert (reading.video_stream, reading.audio_stream) == (3, 4)  # 480x270 and 16 kHz


def test_windows_join_to_the_whole(media: Path) -> None:
    whole = segment_whole(media / "applausing.mp4", SMALL)
    parts = list(segment_video(media / "applausing.mp4", SMALL, window_cells=3))
    assert [len(p.frames) for p in parts] == [3, 3, 3, 1]
    np.testing.assert_array_equal(np.concatenate([p.frames for p in parts]), whole.frames)
    np.testing.assert_array_equal(np.concatenate([p.samples for p in parts]), whole.samples)


@pytest.mark.parametrize(
    "name",
    [
        "dog_barking.mp4",
        "applausing.mp4",
        "boat.mp4",
        "nasa_13013.mp4",
        "h265_video.mp4",
        "h265_10bits.mp4",
        "av1_video.mkv",
    ],
)
def test_skipping_gives_the_same_bits(media: Path, name: str) -> None:
    for per_cell in (1, 4):
        config = SegmentConfig(per_cell, 64)
        skipping = segment_whole(media / name, config)
        everything = segment_whole(media / name, config, skip_frames=False)
        for field in ("frames", "samples", "visual_mask", "audio_mask"):
            np.testing.assert_array_equal(getattr(skipping, field), getattr(everything, field))


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
    numbers = numbers_of(segment_whole(path, SMALL).frames[:, 0])
    np.testing.assert_allclose(numbers, [12, 37, 62], atol=1)


def test_a_cut_file_gives_what_could_be_read(tmp_path: Path) -> None:
    whole = write_film(
        tmp_path / "v.mkv",
        frame_times=regular(100),
        codec="ffv1",
        pixel_format="bgr0",
        options={},
    )
    cut = tmp_path / "cut.mkv"
    data = whole.read_bytes()
    cut.write_bytes(data[: len(data) // 2])
    segments = segment_whole(cut, SMALL)
    assert 1 <= len(segments.frames) < 4
    assert numbers_of(segments.frames[:1, 0]) == [12]
    assert Reason.TRUNCATED in segments.flags
    assert Reason.TRUNCATED not in segment_whole(whole, SMALL).flags


def test_interlaced_takes_one_field(tmp_path: Path) -> None:
    """Two fields of two moments: what is shown is the first, not a comb of both."""
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[0::2] = 200
    path = write_film(
        tmp_path / "v.mkv",
        frame_times=regular(5),
        frames=[rgb] * 5,
        size=(64, 64),
        codec="libx264",
        pixel_format="yuv420p",
        options={"qp": "0", "x264-params": "tff=1"},
    )
    with av.open(str(path)) as container:
        assert next(container.decode(video=0)).interlaced_frame
    frame = segment_whole(path, SMALL).frames[0, 0]
    assert frame.mean() == pytest.approx(200, abs=12)


# Bad input: each message says what, the file and what to do.


def refused(path: Path) -> MediaError:
    with pytest.raises(MediaError) as caught:
        segment_whole(path, SMALL)
    assert str(path) in caught.value.message
    return caught.value


def test_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "empty.mp4"
    path.touch()
    error = refused(path)
    assert error.reason == Reason.EMPTY
    assert "0 bytes" in error.message


def test_text_named_mp4(tmp_path: Path) -> None:
    path = tmp_path / "letter.mp4"
    path.write_text("Dear reader,\nthis is no video.\n")
    error = refused(path)
    assert error.reason == Reason.DECODE_ERROR
    assert "is text" in error.message


def test_playlist(tmp_path: Path) -> None:
    path = tmp_path / "list.m3u8"
    path.write_text("#EXTM3U\n#EXTINF:10,\nhttp://127.0.0.1:1/a.ts\n")
    assert "is a playlist" in refused(path).message


def test_mp4_without_index(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "v.mp4", frame_times=regular(100))
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[:2000])
    assert "without a readable index" in refused(cut).message


def test_missing_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "none.mp4").reason == Reason.MISSING_FILE


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_film(tmp_path / "v.mp4", frame_times=regular(5))

    def deny(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", deny)  # the superuser may read anything
    error = refused(path)
    assert error.reason == Reason.PERMISSION
    assert "check its rights" in error.message


def test_unknown_codec(tmp_path: Path) -> None:
    path = write_film(tmp_path / "v.mp4", frame_times=regular(25))
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzzz"))
    assert refused(path).reason == Reason.UNSUPPORTED_CODEC


def test_watchdog(tmp_path: Path) -> None:
    path = write_film(tmp_path / "v.mp4", frame_times=regular(25))
    with pytest.raises(MediaError, match=r"took more than 0 s.*raise --timeout") as caught:
        segment_whole(path, SMALL, timeout_seconds=0.0)
    assert caught.value.reason == Reason.TIMEOUT


def test_watchdog_does_not_count_the_encoders_time(tmp_path: Path) -> None:
    """Whoever works on a window between two others does not use up the file's own time."""
    path = write_film(tmp_path / "v.mp4", frame_times=regular(150))
    windows = segment_video(path, SMALL, window_cells=1, timeout_seconds=2.0)
    assert len([time.sleep(0.8) for _ in windows]) == 6


def test_config_says_what_is_wrong() -> None:
    with pytest.raises(ValueError, match=r"frames_per_cell \(0\) must be in \[1, 60\]"):
        SegmentConfig(frames_per_cell=0)


def test_squash_keeps_the_sides_and_crop_does_not(tmp_path: Path) -> None:
    """A wide picture, blue on its outer quarters."""
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 32:96] = (250, 0, 0)
    wide[:, :32] = wide[:, 96:] = (0, 0, 250)
    path = write_film(tmp_path / "v.mp4", frame_times=regular(5), frames=[wide] * 5, size=(128, 64))
    crop, squash = (
        segment_whole(path, SegmentConfig(image_size=64, fit=fit)).frames[0, 0]
        for fit in ("crop", "squash")
    )
    assert (crop[2, 32] > 125).sum() == 0
    assert (squash[2, 32] > 125).sum() == pytest.approx(32, abs=1)


@pytest.mark.parametrize("kernel", ["bicubic", "bilinear"])
def test_short_side_and_kernel_as_torchvision(tmp_path: Path, kernel: str) -> None:
    """Resize(40), CenterCrop(32) of PIL's picture."""
    y, x = np.mgrid[0:80, 0:120]
    waves = (127 + 120 * np.sin(x / 5) * np.cos(y / 7)).astype(np.uint8)
    rgb = np.stack([waves, waves.T[:80, :80].repeat(2, 1)[:, :120], 255 - waves], 2)
    path = write_film(tmp_path / "v.mp4", frame_times=regular(5), frames=[rgb] * 5, size=(120, 80))
    config = SegmentConfig(image_size=32, short_side=40, interpolation=kernel)
    found = segment_whole(path, config).frames[0, 0].astype(float)
    mode = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}[kernel]
    other = {"bicubic": Image.Resampling.BILINEAR, "bilinear": Image.Resampling.BICUBIC}[kernel]
    off = {}
    for which in (mode, other):
        image = np.asarray(Image.fromarray(rgb).resize((60, 40), which), float)[4:36, 14:46]
        off[which] = np.abs(found - image.transpose(2, 0, 1)).mean()
    assert off[mode] < 1
    assert off[mode] < off[other]


def test_short_side_smaller_than_the_square() -> None:
    with pytest.raises(
        ValueError, match=r"short_side \(100\) must be 0 or at least segment\.image_"
    ):
        SegmentConfig(short_side=100)
