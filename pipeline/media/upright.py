"""Frames of a film as a player shows them, for copies of it."""

import tempfile
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorTrc, Interpolation, VideoReformatter

from avel.pipeline.media.brightness import cube, is_hdr
from avel.pipeline.media.colours import converted, to_rgb
from avel.pipeline.media.filters import Filter
from avel.pipeline.media.orientation import Orientation, orientation_of

KERNEL = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT


class Upright:
    """Turns frames as their file says, and makes high dynamic range (HDR) an ordinary one."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()
        self._tables: dict[tuple[bool, bool], Filter] = {}
        self._folder = tempfile.TemporaryDirectory()  # a filter reads its table when it is set up

    def __call__(self, frame: VideoFrame) -> tuple[VideoFrame, bool]:
        """The frame, and whether its sides have changed their places."""
        way = orientation_of(frame)
        if is_hdr(frame):
            return self._turned(self._ordinary(frame), way), way.transposed
        if way == Orientation():
            return frame, False
        rgb = to_rgb(frame, self._reformatter, (frame.width, frame.height), KERNEL)
        return self._turned(VideoFrame.from_ndarray(rgb, "rgb24"), way), way.transposed

    @staticmethod
    def _turned(frame: VideoFrame, way: Orientation) -> VideoFrame:
        if way == Orientation():
            return frame
        shown = way(np.asarray(frame.to_ndarray(format="rgb24"), np.uint8))
        return VideoFrame.from_ndarray(np.ascontiguousarray(shown), "rgb24")

    def _ordinary(self, frame: VideoFrame) -> VideoFrame:
        """As `as_ordinary` has it, by a table, which takes a fifth of the time."""
        sides = frame.width, frame.height
        kind = (
            frame.color_trc == ColorTrc.ARIB_STD_B67,
            frame.color_primaries != ColorPrimaries.BT709,
        )
        if kind not in self._tables:
            file = Path(self._folder.name) / f"{len(self._tables)}.cube"
            file.write_text(cube(hlg=kind[0], wide=kind[1]))
            self._tables[kind] = Filter("lut3d", f"file={file}:interp=tetrahedral")
        wide = converted(frame, self._reformatter, sides, "rgb48le", KERNEL)
        return self._tables[kind](wide)
