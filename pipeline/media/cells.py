"""How a video is cut into one-second cells, and the cells: data that loads no libav.

The settings are checked before numpy is loaded, so that a wrong one is named at once.
"""

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from avel.pipeline.reasons import InputError, Reason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

VERSION = 1
"""Raise when the numbers change: another scaler, another resampler, another clock."""
MOST_VIEWS = 8
MOST_SECONDS = 30
"""Of a window of sound: it is decoded ahead, and encoded once for every cell."""
Fit = Literal["crop", "squash", "pad"]
Interpolation = Literal["bicubic", "bilinear"]
LATER = ("sound_seconds", "views", "torchcodec")
"""Settings that came later: a recipe names them only where they are used, so that old ones hold."""


@dataclass(frozen=True)
class SegmentConfig:
    """What changes the numbers of a segmented video."""

    frames_per_cell: int = 1
    """F, shots in each one-second cell."""
    image_size: int = 224
    """Side of the square picture, in pixels."""
    short_side: int = 0
    """Of the whole picture, in pixels, before the square is cut from its centre; 0: image_size.
    With bars it is the side of the square that they make."""
    fit: Fit = "crop"
    """Whether a picture that is not square is cropped, squeezed whole into the square, or put whole
    into it between black bars."""
    interpolation: Interpolation = "bicubic"
    """Of the scaler; its support grows when it shrinks, so that nothing aliases."""
    sample_rate: int = 44_100
    """Of the mono sound, in Hz; also S, the samples of a cell."""
    sound_seconds: tuple[int, ...] = ()
    """Lengths of the windows of sound that are heard for each cell, about its middle, in whole
    seconds; empty: the cell alone."""
    views: int = 0
    """Squares of the whole height (or width) in the picture's own shape, evenly from one end of its
    longer side to the other, that are seen beside the fitted picture."""
    torchcodec: bool = False
    """Whether torchcodec decodes pictures, on a GPU, of files that it is made for: a level or two
    of 255 from FFmpeg's."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("frames_per_cell", 1, 60),
            ("image_size", 16, 1024),
            ("sample_rate", 4_000, 192_000),
            ("views", 0, MOST_VIEWS),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(f"segment.{name} ({value}) must be in [{low}, {high}]")
        for name, known in (("fit", Fit), ("interpolation", Interpolation)):
            if getattr(self, name) not in get_args(known):
                raise InputError(
                    f"segment.{name} ({getattr(self, name)}) must be one of "
                    f"{', '.join(get_args(known))}"
                )
        if self.short_side and self.short_side < self.image_size:
            raise InputError(
                f"segment.short_side ({self.short_side}) must be 0 or at least "
                f"segment.image_size ({self.image_size})"
            )
        object.__setattr__(self, "sound_seconds", _lengths(self.sound_seconds))

    @property
    def longest_seconds(self) -> int:
        """Of the windows of sound; 0 where each cell is heard alone."""
        return max(self.sound_seconds, default=0)

    @property
    def picture_shape(self) -> tuple[int, ...]:
        """Of what is seen at one shot: (3, H, W), or (V, 3, H, W) where there are views."""
        one = (3, self.image_size, self.image_size)
        return (1 + self.views, *one) if self.views else one

    @property
    def chosen(self) -> dict[str, Any]:
        """All settings, for a recipe; those that came later only where they are used."""
        values = {**asdict(self), "sound_seconds": list(self.sound_seconds)}
        return {name: value for name, value in values.items() if value or name not in LATER}


def _lengths(given: Any) -> tuple[int, ...]:
    """Lengths of windows as they are kept; from a file they come as a list."""
    lengths = tuple(given) if isinstance(given, list | tuple) else (given,)
    for seconds in lengths:
        if type(seconds) is not int or not 1 <= seconds <= MOST_SECONDS:
            raise InputError(
                f"segment.sound_seconds ({seconds}) must be whole seconds in [1, {MOST_SECONDS}]; "
                "leave it empty to hear each cell alone"
            )
    if len(set(lengths)) < len(lengths):
        raise InputError(f"segment.sound_seconds {list(lengths)} has a length twice; give it once")
    return lengths


def _no_sound() -> "NDArray[np.int16]":
    import numpy as np  # slow: settings are checked without it

    return np.zeros((0, 0), np.int16)


@dataclass(frozen=True)
class Segments:
    """Consecutive cells of one video.

    Attributes:
        frames: RGB uint8 (T, F, 3, H, W); with views (T, F, V, 3, H, W), the fitted picture first.
        samples: Mono int16 (T, S).
        visual_mask: Bool (T,); whether a frame was on screen at any of the cell's shots.
        audio_mask: Bool (T,); whether any sample of the cell came from the file.
        duration: Seconds of the whole file, known with the last window (0 before).
        flags: Reason codes known so far; complete with the last window.
        notes: What is to be said of them, for people; with the last window.
        before: Mono int16 (B, S), the sound of the cells before these, as far as it is heard for
            them; nothing where each cell is heard alone.
        after: The same behind them.
    """

    frames: "NDArray[np.uint8]"
    samples: "NDArray[np.int16]"
    visual_mask: "NDArray[np.bool_]"
    audio_mask: "NDArray[np.bool_]"
    duration: float = 0.0
    flags: tuple[Reason, ...] = ()
    notes: tuple[str, ...] = field(default_factory=tuple)
    before: "NDArray[np.int16]" = field(default_factory=_no_sound)
    after: "NDArray[np.int16]" = field(default_factory=_no_sound)

    @property
    def pictures(self) -> "NDArray[np.uint8]":
        """The fitted pictures alone, (T, F, 3, H, W)."""
        return self.frames[:, :, 0] if self.frames.ndim == 6 else self.frames


def join(parts: list[Segments]) -> Segments:
    """Windows back into one piece of T cells; the last one carries what is known of the file."""
    import numpy as np  # slow

    if len(parts) == 1:
        return parts[0]
    arrays = ("frames", "samples", "visual_mask", "audio_mask")
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in arrays}
    first, last = parts[0], parts[-1]
    return Segments(
        **joined,
        duration=last.duration,
        flags=last.flags,
        notes=last.notes,
        before=first.before,
        after=last.after,
    )
