"""Pictures for the report: one frame per segment with the attention over it, from the cache."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from avel.pipeline.method.results import Result
from avel.pipeline.report.cached import CachedRun

SIDE = 112
MOST_FRAMES = 120
"""A longer video's report leaves its frames out: they would make the page too large."""


def pictures_of(run: CachedRun, result: Result) -> list[tuple[str, str]]:
    """Per segment the plain frame and the frame under its attention, as JPEG data URIs.

    The second is empty text where the model looks at no place. There are none at all where the run
    kept no cells or no scores, or where there are more than `MOST_FRAMES`.
    """
    if result.status == "failed" or result.segments > MOST_FRAMES:
        return []
    segments, scores = run.segments(result), run.scores(result)
    if segments is None or scores is None:
        return []
    pairs = zip(segments.pictures[:, 0], scores.attention, strict=True)
    return [
        (_jpeg(frame), _jpeg(attended(frame, weights)) if len(weights) else "")
        for frame, weights in pairs
    ]


def attended(frame: NDArray[np.uint8], weights: NDArray[np.float32]) -> NDArray[np.uint8]:
    """A frame (3, H, W) tinted red where the weights (P,) are high, darkened where low.

    As it is where there are no weights: not every model looks at places.
    """
    if not len(weights):
        return frame
    side = round(len(weights) ** 0.5)
    grid = weights.reshape(side, side)
    grid = (grid - grid.min()) / max(1e-9, float(np.ptp(grid)))
    image = Image.fromarray((grid * 255).astype(np.uint8)).resize(
        frame.shape[:0:-1], Image.Resampling.BICUBIC
    )
    heat = np.asarray(image, np.float32) / 255
    red = np.stack([heat * 255, heat * 60, np.zeros_like(heat)])
    return np.clip(frame * (0.45 + 0.25 * heat) + 0.45 * red, 0, 255).astype(np.uint8)


def _jpeg(frame: NDArray[np.uint8]) -> str:
    data = io.BytesIO()
    Image.fromarray(frame.transpose(1, 2, 0)).resize((SIDE, SIDE)).save(data, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
