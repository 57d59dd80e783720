"""A quick look at a file for people: what it is, some pictures, all of its sound, low.

Those of a long film come from key frames, so that they cost seconds.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avel.pipeline.media.colours import to_rgb
from avel.pipeline.media.container import open_container
from avel.pipeline.media.footage import Kind

LONGEST = 90.0
"""Seconds of a film that is read whole; in a longer one key frames are sought."""
MOST_LONG = 16.0
"""Times its height that a picture is wide at most, or the other way round, whatever it claims."""
MICROSECONDS = 1_000_000
Beat = Callable[[int], object]


def kind(path: Path, beat: Beat) -> dict[str, Any]:
    """What a file is, as JSON has it."""
    return asdict(kind_of(path))


def write_pictures(
    path: Path, target: str, at: Sequence[int], height: int, beat: Beat
) -> dict[str, Any]:
    """Write RGB (N, height, W, 3) of what is shown at some microseconds; `shape` is said."""
    shown: list[NDArray[np.uint8]] = []
    for picture in pictures(path, [each / MICROSECONDS for each in at], height):
        beat(at[len(shown)] // MICROSECONDS)
        shown.append(picture)
    whole = np.stack(shown) if shown else np.zeros((0, height, 0, 3), np.uint8)
    whole.tofile(target)
    return {"shape": whole.shape}


def write_sound(path: Path, target: str, rate: int, beat: Beat) -> dict[str, Any]:
    """Write a file's first sound as mono int16 (S,) at a rate in Hz; `shape` is said."""
    num = 0
    with Path(target).open("wb") as out:
        for samples in sound(path, rate):
            out.write(samples.tobytes())
            if num // rate < (num + len(samples)) // rate:
                beat(num // rate)
            num += len(samples)
    return {"shape": [num]}


def kind_of(path: Path) -> Kind:
    """What a file is; of its pictures one is decoded.

    Raises:
        MediaError: it cannot be opened.
    """
    with open_container(path) as container:
        video, audio = first_stream(container, "video"), first_stream(container, "audio")
        return Kind(
            container.format.name,
            video.codec_context.name if video else "",
            (video.codec_context.pix_fmt or "") if video else "",
            audio.codec_context.name if audio else "",
            _upright(container, video) if video else 0.0,
        )


def pictures(path: Path, at: Sequence[float], height: int) -> Iterator[NDArray[np.uint8]]:
    """RGB (height, W, 3) of what is shown at some seconds, in their order; fewer where it ends.

    Raises:
        MediaError: the file cannot be opened.
    """
    with open_container(path) as container:
        video = first_stream(container, "video")
        if video is None or not at:
            return
        read = _sought if at[-1] > LONGEST else _passed
        try:
            for frame in read(container, video, at):
                yield _small(frame, height, _shape(video))
        except (av.error.FFmpegError, ValueError):  # what there is will do
            return


def sound(path: Path, rate: int) -> Iterator[NDArray[np.int16]]:
    """Mono samples (S,) of a file's first sound, piece by piece; nothing where there is none.

    Raises:
        MediaError: the file cannot be opened.
    """
    with open_container(path) as container:
        audio = first_stream(container, "audio")
        if audio is None:
            return
        resampler = av.AudioResampler("s16", "mono", rate)
        try:
            frames: Iterator[Any] = container.decode(audio)
            for frame in frames:
                for piece in resampler.resample(frame):
                    yield piece.to_ndarray()[0]
        except (av.error.FFmpegError, ValueError):
            return


def first_stream(container: InputContainer, kind: str) -> "VideoStream | None":
    """The first stream, `video` or `audio`, that is no cover picture and has a decoder."""
    for stream in container.streams:
        cover = "attached_pic" in str(stream.disposition).lower()
        if stream.type == kind and stream.codec_context is not None and not cover:
            if kind == "video":
                stream.thread_type = "AUTO"  # type: ignore[attr-defined]
            return stream  # type: ignore[return-value]
    return None


def _shape(video: VideoStream) -> float:
    context = video.codec_context
    pixel = float(video.sample_aspect_ratio or 1)
    shape = context.width * pixel / context.height if context.height else 0.0
    return min(max(shape, 1 / MOST_LONG), MOST_LONG) if shape else 0.0


def _upright(container: InputContainer, video: VideoStream) -> float:
    """The shape as it is shown; only a frame says that it is turned."""
    shape = _shape(video)
    try:
        first = next(container.decode(video), None)
    except (av.error.FFmpegError, ValueError):
        return shape
    return 1 / shape if first is not None and shape and _turn(first) % 2 else shape


def _sought(
    container: InputContainer, video: VideoStream, at: Sequence[float]
) -> Iterator[VideoFrame]:
    """The key frame at or before each second."""
    video.codec_context.skip_frame = "NONKEY"
    begin = float((video.start_time or 0) * (video.time_base or 0))
    last: VideoFrame | None = None
    for seconds in at:
        ticks = int((begin + seconds) / float(video.time_base or 1))
        try:
            container.seek(ticks, stream=video)
            last = next(container.decode(video), None) or last
        except av.error.FFmpegError:
            pass
        if last is None:
            return
        yield last


def _passed(
    container: InputContainer, video: VideoStream, at: Sequence[float]
) -> Iterator[VideoFrame]:
    """Every frame is read, and the one on screen at each second is given."""
    begin = float((video.start_time or 0) * (video.time_base or 0))
    last: VideoFrame | None = None
    wanted = iter(at)
    seconds = next(wanted)
    for frame in container.decode(video):
        while frame.time is not None and frame.time - begin > seconds:
            yield last or frame
            following = next(wanted, None)
            if following is None:
                return
            seconds = following
        last = frame
    if last is not None:
        yield last
        for _ in wanted:
            yield last


def _small(frame: VideoFrame, height: int, shape: float) -> NDArray[np.uint8]:
    """A frame low and upright, turned as its file says; its own shape is before that."""
    turn = _turn(frame)
    other = _even(height / shape if turn % 2 else height * shape)
    wide, high = (height, other) if turn % 2 else (other, height)
    rgb = to_rgb(frame, VideoReformatter(), (wide, high), Interpolation.BICUBIC)
    return np.ascontiguousarray(np.rot90(rgb, turn))


def _turn(frame: VideoFrame) -> int:
    """Quarters by which a frame is turned against the clock."""
    return round(frame.rotation / 90) % 4


def _even(side: float) -> int:
    return max(2, 2 * round(side / 2))
