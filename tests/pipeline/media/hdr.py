"""Films of high dynamic range: grey steps and colours whose light is known."""

from pathlib import Path

import av
import numpy as np

from avel.pipeline.media.brightness import _pq

LIGHT = (0.0, 5.0, 20.0, 80.0, 203.0, 1000.0)
"""In cd/m2, of grey bars from left to right."""
PQ, HLG, BT2020 = 16, 18, 9


def hdr_film(
    path: Path, transfer: int = PQ, *, frames: int = 10, sides: tuple[int, int] = (96, 64)
) -> Path:
    """Ten-bit HEVC at 10 frames a second: bars of `LIGHT`, by PQ or of the same numbers by HLG."""
    width, height = sides
    levels = np.repeat(_pq(np.array(LIGHT, np.float32)), width // len(LIGHT))
    luma = np.rint((64 + 876 * levels) * np.ones((height, 1))).astype(np.uint16)
    grey = np.full((height // 2, width), 512, np.uint16)
    planes = np.concatenate([luma, grey])  # both chroma planes, side by side in a row
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx265", rate=10, options={"x265-params": "log-level=none:crf=10"}
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace = transfer, BT2020, BT2020
        for _ in range(frames):
            frame = av.VideoFrame.from_ndarray(planes, "yuv420p10le")
            frame.color_trc, frame.color_primaries, frame.colorspace = transfer, BT2020, BT2020
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def bars(rgb: np.ndarray) -> list[list[int]]:
    """The colours in the middle of each bar of a picture (H, W, 3)."""
    wide = rgb.shape[1] / len(LIGHT)
    return [rgb[rgb.shape[0] // 2, int((n + 0.5) * wide)].tolist() for n in range(len(LIGHT))]
