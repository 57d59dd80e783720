"""One frame to the encoder's square, and to windows along its longer side."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avel.pipeline.media.colours import to_rgb
from avel.pipeline.media.cropping import Cropping
from avel.pipeline.media.filters import Cutter, Filter
from avel.pipeline.media.orientation import orientation_of
from avel.pipeline.media.transparency import over_black

EXACT = Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
KERNELS: Mapping[str, Interpolation] = {
    "bicubic": Interpolation.BICUBIC,
    "bilinear": Interpolation.BILINEAR,
}
MOST_LONG = 16
"""Times its width that a picture is long at most: one that claims more is squeezed to this, so that
no header of a few bytes asks for gigabytes."""


@dataclass(frozen=True)
class Square:
    """The picture that an encoder takes; `SegmentConfig` says what each part means."""

    size: int
    short_side: int
    fit: str
    interpolation: str
    views: int = 0

    def sides(self, width: Fraction, height: int) -> tuple[int, int]:
        """Width and height in pixels to which a picture of this shape is scaled before the cut."""
        side = self.short_side
        if self.fit == "squash":
            return side, side
        if self.fit == "pad":
            share = Fraction(side) / max(width, Fraction(height))
            return max(1, round(width * share)), max(1, round(height * share))
        return shortest(side, width, height)

    def pictures(
        self, shape: tuple[Fraction, int], scaled: Callable[[tuple[int, int]], NDArray[np.uint8]]
    ) -> NDArray[np.uint8]:
        """RGB (3, size, size), or (1 + views, 3, size, size) with the fitted one first.

        Args:
            shape: Width and height in pixels that are square.
            scaled: Gives the picture (H, W, 3) at a width and height.
        """
        sides = self.sides(*shape)
        fitted = scaled(sides)
        square = self._middle(fitted)
        if not self.views:
            return square
        own = shortest(self.size, *shape)
        if own != sides:
            fitted = scaled(own)
        return np.stack([square, *(self._cut(fitted, *place) for place in self._places(fitted))])

    def _middle(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The square in the middle of a picture (H, W, 3); black where the picture is smaller."""
        if self.fit == "pad":
            rgb = _padded(rgb, self.short_side)
        top, left = (round((side - self.size) / 2) for side in rgb.shape[:2])
        return self._cut(rgb, top, left)

    def _cut(self, rgb: NDArray[np.uint8], top: int, left: int) -> NDArray[np.uint8]:
        """A square (3, size, size) of a picture (H, W, 3)."""
        square = rgb[top : top + self.size, left : left + self.size]
        return np.ascontiguousarray(square.transpose(2, 0, 1))

    def _places(self, rgb: NDArray[np.uint8]) -> list[tuple[int, int]]:
        """Top and left of each view; of one alone, the centre's."""
        views = self.views
        shares = [n / (views - 1) for n in range(views)] if views > 1 else [0.5]
        spare = [side - self.size for side in rgb.shape[:2]]
        return [(round(share * spare[0]), round(share * spare[1])) for share in shares]


def shortest(side: int, width: Fraction, height: int) -> tuple[int, int]:
    """Width and height in pixels with this shorter side, rounded down as torchvision's Resize."""
    if width <= height:
        return side, min(int(side * height / width), MOST_LONG * side)
    return min(int(side * width / height), MOST_LONG * side), side


class Scaler:
    """One frame to the encoder's square, as a player would show it.

    Scales in the sample's own shape and colour space straight to RGB in one step of libswscale
    (its support widened when shrinking, as PIL's). What the container cuts off is cut off, pixels
    that are not square are made so, and the picture is turned and mirrored as its side data says;
    what is transparent is black, and high dynamic range becomes an ordinary one.
    """

    def __init__(
        self, stream: VideoStream, square: Square, cropping: Cropping | None = None
    ) -> None:
        self._square = square
        self._kernel = KERNELS[square.interpolation] | EXACT
        self._pixels = PixelShape(stream)
        self._cut_off, self._field = Cutter(cropping or Cropping()), Filter("field", "type=top")
        self._reformatter, self._wide = VideoReformatter(), VideoReformatter()
        self._opaque = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """RGB uint8 (3, size, size), or (1 + views, 3, size, size) with the fitted one first."""
        lies = orientation_of(frame)
        frame = self._cut_off(frame)
        shape = frame.width * self._pixels.aspect(), frame.height
        if frame.interlaced_frame:  # half the lines, but of one moment
            frame = self._field(frame)
        frame = over_black(frame, self._opaque)
        first = self._square.sides(*shape)

        def scaled(sides: tuple[int, int]) -> NDArray[np.uint8]:
            # two sizes by two scalers, or one would be set up anew at every frame
            scaler = self._reformatter if sides == first else self._wide
            return lies(to_rgb(frame, scaler, sides, self._kernel))

        return self._square.pictures(shape, scaled)


class PixelShape:
    """Width of a stored pixel by its height: as the file says, until the stream says otherwise."""

    def __init__(self, stream: VideoStream) -> None:
        self._stream = stream
        self._aspect = stream.sample_aspect_ratio or Fraction(1)
        self._said: Fraction | None = None

    def aspect(self) -> Fraction:
        """Of the picture that was decoded last: a broadcast changes between 4:3 and 16:9."""
        said = self._stream.codec_context.sample_aspect_ratio
        if said and self._said and said != self._said:
            self._aspect = said
        self._said = said or self._said
        return self._aspect


def _padded(rgb: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """A picture (H, W, 3) in the middle of a black square."""
    black = np.zeros((side, side, 3), np.uint8)
    height, width = rgb.shape[:2]
    top, left = (side - height) // 2, (side - width) // 2
    black[top : top + height, left : left + width] = rgb
    return black
