"""What the numbers of a frame mean: their range, and which matrix makes them RGB."""

from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation, VideoReformatter
from numpy.typing import NDArray

from avel.pipeline.media.brightness import as_ordinary, is_hdr

UNSPECIFIED = 2
RGB, BT709, BT2020, CONSTANT_LUMINANCE, IPT = 0, 1, 9, 10, 15
READ = {RGB, BT709, 4, 5, 6, 7, BT2020}
"""Matrices that libswscale reads, by ISO/IEC 23091-2's numbers; it refuses frames of others."""
HD_LONG, HD_SHORT = 1280, 720


def to_rgb(
    frame: VideoFrame,
    reformatter: VideoReformatter,
    sides: tuple[int, int],
    kernel: Interpolation,
) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of full range, of a width and height; HDR as on an ordinary screen."""
    hdr = is_hdr(frame)
    rgb = convert(frame, reformatter, sides, "rgb48le" if hdr else "rgb24", kernel)
    if is_limited_grey(frame):
        rgb = _stretched(rgb)
    return as_ordinary(rgb, frame) if hdr else rgb


def convert(
    frame: VideoFrame,
    reformatter: VideoReformatter,
    sides: tuple[int, int],
    form: str,
    kernel: Interpolation,
) -> NDArray[Any]:
    """A frame (H, W, C) of full range in a form of RGB, by the matrix that it was made with."""
    rgb: NDArray[Any] = converted(frame, reformatter, sides, form, kernel).to_ndarray()
    return rgb


def converted(
    frame: VideoFrame,
    reformatter: VideoReformatter,
    sides: tuple[int, int],
    form: str,
    kernel: Interpolation,
) -> VideoFrame:
    """The same as a frame."""
    matrix = matrix_of(frame)
    return reformatter.reformat(
        frame,
        *sides,
        form,
        src_colorspace=matrix,
        dst_colorspace=matrix,
        interpolation=kernel,
        src_color_range=range_of(frame),
        dst_color_range=ColorRange.JPEG,
        threads=1,
    )


def range_of(frame: VideoFrame) -> ColorRange:
    """Full or limited range as the frame says; a `yuvj` pixel format is full by definition."""
    if frame.format.name.startswith("yuvj"):
        return ColorRange.JPEG
    return ColorRange(frame.color_range)


def is_limited_grey(frame: VideoFrame) -> bool:
    """Whether black is 16 of 255 in a picture of one plane; libswscale takes those as full."""
    return frame.format.name.startswith("gray") and range_of(frame) == ColorRange.MPEG


def matrix_of(frame: VideoFrame) -> Colorspace | None:
    """The matrix to read a frame by; None where libswscale reads what the frame says.

    A frame that does not say is BT.709 in HD, as players take it, and else libswscale's own guess,
    BT.601. BT.2020 with constant luminance and the rare ones of HDR are read as BT.2020; the rest,
    whose colours follow from the primaries or cannot be known, by the same guess.
    """
    said = int(frame.colorspace)
    if said in READ or frame.format.is_rgb or frame.format.has_palette:
        return None
    sides = frame.width, frame.height
    if CONSTANT_LUMINANCE <= said <= IPT and frame.color_primaries != BT709:
        return Colorspace.BT2020
    if is_hd(*sides):
        return Colorspace.ITU709
    return None if said == UNSPECIFIED else Colorspace.ITU601


def is_hd(width: int, height: int) -> bool:
    """Whether players take a picture of this size, in pixels, for BT.709."""
    return max(width, height) >= HD_LONG or min(width, height) >= HD_SHORT


def _stretched(rgb: NDArray[Any]) -> NDArray[Any]:
    """Limited range to full."""
    most = np.iinfo(rgb.dtype).max
    full = (rgb.astype(np.float32) - 16 / 255 * most) * (255 / 219)
    return np.asarray(np.rint(np.clip(full, 0, most)), rgb.dtype)
