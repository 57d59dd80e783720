"""Pictures with transparency, as they are seen over black."""

import av
import numpy as np
from av.codec.context import CodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter
from av.video.stream import VideoStream

from avel.pipeline.media.colours import convert

WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""Decoders that read the second picture of WebM, its transparency; libav's own leave it out."""


def alpha_decoder(stream: VideoStream) -> CodecContext | None:
    """A decoder of its own for a WebM stream with transparency; None where there is none."""
    said = {name.lower(): value for name, value in stream.metadata.items()}
    name = WITH_ALPHA.get(stream.codec_context.name)
    if said.get("alpha_mode") != "1" or name not in av.codecs_available:
        return None
    context = CodecContext.create(name, "r")
    context.thread_count = 1
    return context


def over_black(frame: VideoFrame, reformatter: VideoReformatter) -> VideoFrame:
    """A frame (H, W) as it is seen over black; itself where nothing in it is transparent."""
    form = frame.format
    if not (form.has_palette or any(component.is_alpha for component in form.components)):
        return frame
    sides = frame.width, frame.height
    rgba = convert(frame, reformatter, sides, "rgba", Interpolation.BICUBIC)
    alpha = rgba[..., 3:].astype(np.uint16)
    if alpha.min(initial=255) == 255:
        return frame
    seen = (rgba[..., :3] * alpha + 127) // 255
    return av.VideoFrame.from_ndarray(seen.astype(np.uint8), "rgb24")
