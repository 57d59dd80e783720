"""One frame to the encoder's square, and to windows along its longer side."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
KERNELS = {"bicubic": Interpolation.BICUBIC, "bilinear": Interpolation.BILINEAR}


@dataclass(frozen=True)
class Square:
    """The picture that an encoder takes; `SegmentConfig` says what each part means."""

    size: int
    short_side: int
    fit: str
    interpolation: str
    views: int = 0


class Scaler:
    """One frame to the encoder's square: scaled whole, then cut from the centre, as CLIP does.

    Scales in the sample's own shape and colour space straight to RGB in one step of libswscale
    (its support widened when shrinking, as PIL's). Pixels that are not square are made so, and
    the picture is turned as its side data says.
    """

    def __init__(self, stream: VideoStream, square: Square) -> None:
        self._square, self._size = square, square.size
        self._kernel = KERNELS[square.interpolation] | EXACT
        self._aspect = stream.sample_aspect_ratio or Fraction(1)
        self._reformatter, self._wide = VideoReformatter(), VideoReformatter()
        self._field: Any = None

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """RGB uint8 (3, size, size), or (1 + views, 3, size, size) with the fitted one first."""
        shape = frame.width * self._aspect, frame.height
        turn = round(frame.rotation / 90) % 4
        if frame.interlaced_frame:
            frame = self._one_field(frame)
        sides = self._scaled(*shape)
        rgb = np.rot90(self._scale(self._reformatter, frame, sides), turn)
        top, left = (round((side - self._size) / 2) for side in rgb.shape[:2])
        fitted = self._cut(rgb, top, left)
        if not self._square.views:
            return fitted
        own = _shortest(self._size, *shape)
        if own != sides:  # by its own scaler, which would else be set up anew at every frame
            rgb = np.rot90(self._scale(self._wide, frame, own), turn)
        return np.stack([fitted, *(self._cut(rgb, *place) for place in self._places(rgb))])

    def _scale(
        self, reformatter: VideoReformatter, frame: VideoFrame, sides: tuple[int, int]
    ) -> NDArray[Any]:
        """RGB uint8 (H, W, 3) of a width and height."""
        scaled = reformatter.reformat(
            frame,
            *sides,
            "rgb24",
            interpolation=self._kernel,
            src_color_range=range_of(frame),
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )
        return scaled.to_ndarray()

    def _cut(self, rgb: NDArray[np.uint8], top: int, left: int) -> NDArray[np.uint8]:
        """A square (3, size, size) of a picture (H, W, 3)."""
        square = rgb[top : top + self._size, left : left + self._size]
        return np.ascontiguousarray(square.transpose(2, 0, 1))

    def _places(self, rgb: NDArray[np.uint8]) -> list[tuple[int, int]]:
        """Top and left of each view; of one alone, the centre's."""
        views = self._square.views
        shares = [n / (views - 1) for n in range(views)] if views > 1 else [0.5]
        spare = [side - self._size for side in rgb.shape[:2]]
        return [(round(share * spare[0]), round(share * spare[1])) for share in shares]

    def _scaled(self, width: Fraction, height: int) -> tuple[int, int]:
        """Width and height before the cut."""
        side = self._square.short_side
        return (side, side) if self._square.fit == "squash" else _shortest(side, width, height)

    def _one_field(self, frame: VideoFrame) -> VideoFrame:
        """The first field of an interlaced frame: half the lines, but of one moment."""
        if self._field is None:
            graph = av.filter.Graph()
            source = graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base or Fraction(1, 1000),
            )
            field = graph.add("field", "type=top")
            source.link_to(field)
            field.link_to(graph.add("buffersink"))
            graph.configure()
            self._field = graph
        self._field.push(frame)
        return self._field.pull()  # type: ignore[no-any-return]


def _shortest(side: int, width: Fraction, height: int) -> tuple[int, int]:
    """Width and height with this shorter side, rounded down as torchvision's Resize does."""
    if width <= height:
        return side, int(side * height / width)
    return int(side * width / height), side


def range_of(frame: VideoFrame) -> ColorRange:
    """Full or limited range as the frame says; a `yuvj` pixel format is full by definition."""
    if frame.format.name.startswith("yuvj"):
        return ColorRange.JPEG
    return ColorRange(frame.color_range)
