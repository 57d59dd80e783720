"""Pictures that are fixed to a file, such as the cover of an album, are never its video."""

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.stream import Disposition

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole
from avel.pipeline.reasons import Reason
from tests.films import tone

RATE = 44_100
CODECS = {"mp3": "libmp3lame", "m4a": "aac", "flac": "flac"}


def cover(codec: str) -> bytes:
    """A red picture by itself."""
    context = av.CodecContext.create(codec, "w")
    context.width, context.height, context.time_base = 64, 64, 1
    context.pix_fmt = "yuvj420p" if codec == "mjpeg" else "rgb24"
    rgb = np.full((64, 64, 3), (250, 0, 0), np.uint8)
    frame = av.VideoFrame.from_ndarray(rgb, "rgb24").reformat(format=context.pix_fmt)
    frame.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])


def add_cover(container: Any, codec: str) -> Any:
    stream = container.add_stream(codec, rate=1)
    stream.width, stream.height = 64, 64
    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "rgb24"
    stream.disposition = Disposition.attached_pic
    return stream


def write(path: Path, codec: str, *, video: bool = False) -> Path:
    """Two seconds of a tone with a cover, and a green film where it is asked for."""
    form = (
        "mp4" if path.suffix == ".m4a" else None
    )  # libav's own m4a takes no cover when it is asked
    with av.open(str(path), "w", format=form) as container:
        sound = container.add_stream(CODECS.get(path.suffix[1:], "aac"), rate=RATE)
        sound.layout = "mono"
        film = container.add_stream("libx264", rate=5) if video else None
        if film is not None:
            film.width, film.height, film.pix_fmt = 64, 64, "yuv420p"
        fixed = add_cover(container, codec)
        packet = av.Packet(cover(codec))
        packet.stream, packet.pts, packet.dts, packet.is_keyframe = fixed, 0, 0, True
        container.start_encoding()
        container.mux(packet)
        if film is not None:
            green = np.full((64, 64, 3), (0, 250, 0), np.uint8)
            for number in range(10):
                frame = av.VideoFrame.from_ndarray(green, "rgb24")
                frame.pts = number
                container.mux(film.encode(frame))
            container.mux(film.encode(None))
        wave = tone(440, 2, RATE)[None]
        heard = av.AudioFrame.from_ndarray(wave, "s16", "mono")
        heard.sample_rate, heard.pts = RATE, 0
        container.mux(sound.encode(heard))
        container.mux(sound.encode(None))
    return path


@pytest.mark.parametrize("codec", ["png", "mjpeg"])
@pytest.mark.parametrize("suffix", ["mp3", "m4a", "flac"])
def test_a_song_with_a_cover_has_no_video(tmp_path: Path, suffix: str, codec: str) -> None:
    path = write(tmp_path / f"song.{suffix}", codec)
    with av.open(str(path)) as container:  # the cover is there
        assert [s.type for s in container.streams] == ["audio", "video"]
    segments = segment_whole(path, SegmentConfig(1, 32))
    assert Reason.NO_VIDEO in segments.flags
    assert not segments.visual_mask.any()
    assert segments.frames.max() == 0
    assert segments.audio_mask.all()


def test_a_film_with_a_cover_shows_the_film(tmp_path: Path) -> None:
    path = write(tmp_path / "film.mp4", "png", video=True)
    segments = segment_whole(path, SegmentConfig(1, 32))
    assert segments.flags == ()
    assert segments.visual_mask.all()
    shown = segments.frames[0, 0].mean((1, 2))
    np.testing.assert_allclose(shown, (0, 250, 0), atol=8)
