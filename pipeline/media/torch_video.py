"""A video stream to the pictures that shots look at, decoded by torchcodec.

libav reads the packets, and their times say which frames are shown, as with `VideoTrack`; but only
frames that a shot looks at are asked for, of torchcodec. What is not plain (turned, interlaced, cut
off, more than 8 bits, a clock that may jump) it is not asked for: libav decodes those files.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avel.pipeline.media.brightness import is_hdr
from avel.pipeline.media.colours import BT709, UNSPECIFIED, matrix_of
from avel.pipeline.media.container import open_container
from avel.pipeline.media.cropping import Cropping, cropping_of
from avel.pipeline.media.orientation import Orientation, orientation_of
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.regular import open_regular
from avel.pipeline.media.scaler import PixelShape, Square
from avel.pipeline.media.streams import SEEKABLE
from avel.pipeline.media.timeline import REORDER_PACKETS
from avel.pipeline.media.torch_frames import NotByTorch, TorchFrames, scaled, turned
from avel.pipeline.media.track import best_stream
from avel.pipeline.media.video import VideoTrack

CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "libdav1d", "mpeg4", "mpeg2video"})
"""By libav's names of decoders; what NVIDIA's chips decode."""
FORMS = frozenset({"yuv420p", "yuvj420p"})
MATRICES = frozenset({UNSPECIFIED, BT709, 5, 6})
"""That torchcodec reads as libswscale does, by ISO/IEC 23091-2's numbers."""
MOST_LOOKED = 64
"""Packets in which a stream's first picture must come."""


@dataclass(frozen=True)
class Due:
    """A frame of which the packet says that it comes: times in ticks, no pixels."""

    pts: int
    duration: int
    dts: int | None = None
    interlaced_frame: bool = False
    color_trc: int = UNSPECIFIED


class TorchScaler:
    """Frames by their packets' times to the encoder's square; see `Scaler`."""

    def __init__(
        self, frames: TorchFrames, stream: VideoStream, square: Square, first: VideoFrame
    ) -> None:
        self._frames, self._square = frames, square
        self._time_base = stream.time_base or Fraction(1, 1000)
        self._pixels = PixelShape(stream)
        self._size = first.height, first.width
        unsaid = matrix_of(first) == Colorspace.ITU709
        self._turn = turned("601", "709") if unsaid else None  # torchcodec takes all for BT.601

    def __call__(self, due: Due) -> NDArray[np.uint8]:
        """RGB uint8 (3, size, size), or (1 + views, 3, size, size) with the fitted one first.

        Raises:
            NotByTorch: it does not decode.
        """
        picture = self._frames.at(due.pts, self._time_base)
        height, width = picture.shape[1:]
        if (height, width) != self._size:
            raise NotByTorch(f"its pictures change to {width} x {height}")
        kernel, turn = self._square.interpolation, self._turn
        shape = width * self._pixels.aspect(), height
        return self._square.pictures(shape, lambda sides: scaled(picture, sides, kernel, turn))


class TorchTrack(VideoTrack):
    """The same plan of what is shown; frames by the times of their packets alone."""

    @classmethod
    def choose(
        cls,
        container: InputContainer,
        reading: Reading,
        frames_per_cell: int,
        square: Square,
        skip_frames: bool,
    ) -> VideoTrack | None:
        """The best stream, if torchcodec is made for it.

        Raises:
            NotByTorch: it is not, or is not there.
        """
        stream = best_stream(container, "video", reading)
        if stream is None:
            return None
        first = first_picture(reading.path, stream.index, reading.codecs)
        if why := unfit(container, stream, first):
            raise NotByTorch(why, tried=False)
        assert first is not None
        file = open_regular(reading.path)  # a position of its own; closed with the child's job
        frames = TorchFrames(file, stream.index, reading.device)
        reading.video_stream = stream.index
        track = cls(stream, reading, frames_per_cell, square, skip_frames, Cropping())
        track._scaler = TorchScaler(frames, stream, square, first)  # type: ignore[assignment]
        track._due = []
        return track

    _due: list[tuple[int, int]]
    """Times of packets that were read, sorted: pts and duration, in ticks."""

    def decode(self, packet: Packet[Any] | None) -> list[Any]:
        """Stand-ins for frames, in the order in which they are shown."""
        if packet is not None:
            if packet.pts is None or packet.is_corrupt:
                raise NotByTorch("a packet has no time, or is damaged")
            if not packet.is_discard:  # it is before the beginning of an edited film
                insort(self._due, (packet.pts, packet.duration or 0))
        kept = REORDER_PACKETS if packet is not None else 0
        ready = self._due[: max(0, len(self._due) - kept)]
        del self._due[: len(ready)]
        return [Due(*times) for times in ready]


def unfit(container: InputContainer, stream: VideoStream, first: VideoFrame | None) -> str:
    """Why a stream with such a first picture is none for torchcodec; empty where it is."""
    if first is None:
        return "no picture comes of its beginning"
    special = {
        f"{container.format.name} has no index of frames": container.format.name not in SEEKABLE,
        f"{stream.codec_context.name} is not decoded by GPUs": (
            stream.codec_context.name not in CODECS
        ),
        f"{first.format.name} is not plain colour": first.format.name not in FORMS,
        "its colours are special": int(first.colorspace) not in MATRICES or is_hdr(first),
        "it is interlaced": bool(first.interlaced_frame),
        "it is turned or mirrored": orientation_of(first) != Orientation(),
        "a part of it is cut off": cropping_of(container, stream) != Cropping(),
    }
    return next((why for why, so in special.items() if so), "")


def first_picture(path: Path, stream: int, codecs: tuple[str, ...]) -> VideoFrame | None:
    """The first picture that libav makes of a stream, by its number in the file."""
    with open_container(path, codecs) as container, _whatever_is_in_it():
        chosen: Any = container.streams[stream]
        chosen.codec_context.thread_count = 1
        for number, packet in enumerate(container.demux(chosen)):
            for frame in chosen.codec_context.decode(packet):
                return frame  # type: ignore[no-any-return]
            if number >= MOST_LOOKED:
                break
    return None


@contextmanager
def _whatever_is_in_it() -> Iterator[None]:
    """A beginning that cannot be decoded is what libav's own way knows how to say."""
    import av.error

    try:
        yield
    except (av.error.FFmpegError, ValueError):
        return
