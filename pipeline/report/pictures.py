"""Frames under their attention, for figures and videos."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


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
