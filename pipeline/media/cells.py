"""How a video is cut into one-second cells, and the cells: data that loads no libav.

The settings are checked before numpy is loaded, so that a wrong one is named at once.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from avel.pipeline.reasons import InputError, Reason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1
"""Raise when the numbers change: another scaler, another resampler, another clock."""


@dataclass(frozen=True)
class SegmentConfig:
    """What changes the numbers of a segmented video."""

    frames_per_cell: int = 1
    """F, shots in each one-second cell."""
    image_size: int = 224
    """Side of the square picture, in pixels."""
    short_side: int = 0
    """Of the whole picture, in pixels, before the square is cut from its centre; 0: image_size."""
    fit: Literal["crop", "squash"] = "crop"
    """Whether a picture that is not square is cropped, or squeezed whole into the square."""
    interpolation: Literal["bicubic", "bilinear"] = "bicubic"
    """Of the scaler; its support grows when it shrinks, so that nothing aliases."""
    sample_rate: int = 44_100
    """Of the mono sound, in Hz; also S, the samples of a cell."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("frames_per_cell", 1, 60),
            ("image_size", 16, 1024),
            ("sample_rate", 4_000, 192_000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"segment.{name} ({value}) must be in [{low}, {high}]")
        if self.short_side and self.short_side < self.image_size:
            raise InputError(
                f"segment.short_side ({self.short_side}) must be 0 or at least "
                f"segment.image_size ({self.image_size})"
            )


@dataclass(frozen=True)
class Segments:
    """Consecutive cells of one video.

    Attributes:
        frames: RGB uint8 (T, F, 3, H, W).
        samples: Mono int16 (T, S).
        visual_mask: Bool (T,); whether a frame was on screen at any of the cell's shots.
        audio_mask: Bool (T,); whether any sample of the cell came from the file.
        duration: Seconds of the whole file, known with the last window (0 before).
        flags: Reason codes known so far; complete with the last window.
    """

    frames: "NDArray[np.uint8]"
    samples: "NDArray[np.int16]"
    visual_mask: "NDArray[np.bool_]"
    audio_mask: "NDArray[np.bool_]"
    duration: float = 0.0
    flags: tuple[Reason, ...] = ()


def join(parts: list[Segments]) -> Segments:
    """Windows back into one piece of T cells; the last one carries the duration and the flags."""
    import numpy as np  # slow

    arrays = ("frames", "samples", "visual_mask", "audio_mask")
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays}
    return Segments(**joined, duration=parts[-1].duration, flags=parts[-1].flags)
