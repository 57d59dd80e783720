"""Cells into an MP4 and back: every picture and every sound in its second, or no file at all."""

import errno
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.media.writer import Mp4, Mp4Writer
from tests.films import number_frame, numbers_of

RATE = 8000
SHAPE = Mp4(64, 48, 5, RATE, {"qp": "0", "preset": "ultrafast"})


def tone(hz: float, rate: int = RATE) -> np.ndarray:
    return np.asarray(12_000 * np.sin(2 * np.pi * hz * np.arange(rate) / rate), np.int16)


def write(path: Path, shape: Mp4 = SHAPE, cells: int = 4) -> Path:
    """Cell t shows frames 5 t ... 5 t + 4 and sounds at 300 (t + 1) Hz."""
    with Mp4Writer(path, shape) as writer:
        for t in range(cells):
            pictures = [number_frame(5 * t + k, shape.width, shape.height) for k in range(5)]
            writer.cell(pictures, tone(300.0 * (t + 1), shape.sample_rate or RATE))
    return path


def test_pictures_come_back_in_their_cells(tmp_path: Path) -> None:
    path = write(tmp_path / "v.mp4")
    frames = segment_whole(path, SegmentConfig(5, 32, sample_rate=RATE)).frames
    numbers = np.array(numbers_of(frames.reshape(-1, 3, 32, 32))).reshape(4, 5)
    # limited range, subsampled chroma: a level or two off, and numbers are five levels apart
    np.testing.assert_array_equal(numbers, np.arange(20).reshape(4, 5))


def test_sounds_come_back_in_their_cells(tmp_path: Path) -> None:
    samples = segment_whole(
        write(tmp_path / "v.mp4"), SegmentConfig(1, 32, sample_rate=RATE)
    ).samples
    middle = samples[:, 2000:6000].astype(float)
    spectra = np.abs(np.fft.rfft(middle * np.hanning(4000), axis=1))
    np.testing.assert_allclose(spectra.argmax(1) * RATE / 4000, [300, 600, 900, 1200], atol=2)
    np.testing.assert_allclose(np.abs(middle).max(1), 12_000, rtol=0.15)


def test_the_streams_are_h264_and_aac_of_the_shape(tmp_path: Path) -> None:
    with av.open(str(write(tmp_path / "v.mp4"))) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.width, video.height) == ("h264", 64, 48)
        assert (video.codec_context.pix_fmt, video.average_rate, video.frames) == ("yuv420p", 5, 20)
        assert (audio.codec_context.name, audio.rate, audio.layout.name) == ("aac", RATE, "mono")
        assert float(video.duration * video.time_base) == pytest.approx(4.0)


def test_without_sound_there_is_no_audio_stream(tmp_path: Path) -> None:
    path = write(tmp_path / "v.mp4", Mp4(64, 48, 5, None, {"qp": "0"}))
    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["video"]


def test_the_encoders_options_are_passed_on(tmp_path: Path) -> None:
    coarse = write(tmp_path / "c.mp4", Mp4(64, 48, 5, None, {"qp": "51", "preset": "ultrafast"}))
    fine = write(tmp_path / "f.mp4", Mp4(64, 48, 5, None, {"qp": "0", "preset": "ultrafast"}))
    means = [segment_whole(p, SegmentConfig(5, 32)).frames.astype(float) for p in (coarse, fine)]
    assert np.abs(means[0] - means[1]).max() > 4


def test_equal_cells_give_equal_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "a.mp4").read_bytes() == write(tmp_path / "b.mp4").read_bytes()


def test_nothing_has_the_files_name_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    with Mp4Writer(path, SHAPE) as writer:
        writer.cell([number_frame(0, 64, 48)] * 5, tone(300))
        assert not path.exists()
        assert [p.suffix for p in tmp_path.iterdir()] == [".part"]
    assert [p.name for p in tmp_path.iterdir()] == ["v.mp4"]


def test_an_error_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    with pytest.raises(RuntimeError, match="ran out of pictures"), Mp4Writer(path, SHAPE) as writer:
        writer.cell([number_frame(0, 64, 48)] * 5, tone(300))
        raise RuntimeError("ran out of pictures")
    assert not list(tmp_path.iterdir())


def test_an_error_keeps_the_file_that_was_there(tmp_path: Path) -> None:
    path = write(tmp_path / "v.mp4")
    before = path.read_bytes()
    with pytest.raises(KeyboardInterrupt), Mp4Writer(path, SHAPE):
        raise KeyboardInterrupt
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["v.mp4"]


def test_a_picture_of_another_shape_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    writer = Mp4Writer(tmp_path / "v.mp4", SHAPE)
    with pytest.raises(ValueError, match="Expected numpy array with ndim `3` but got `2`"), writer:
        writer.cell([np.zeros((48, 64), np.uint8)], tone(300))
    assert not list(tmp_path.iterdir())


def test_a_disk_that_is_full_at_the_very_end_leaves_nothing(tmp_path: Path) -> None:
    """What the encoders still hold is written when the block ends."""

    def full(_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = Mp4Writer(tmp_path / "v.mp4", SHAPE)
    with pytest.raises(OSError, match="No space left"), writer:
        writer.cell([number_frame(0, 64, 48)] * 5, tone(300))
        writer._video = SimpleNamespace(encode=full)  # type: ignore[assignment]
    assert not list(tmp_path.iterdir())
