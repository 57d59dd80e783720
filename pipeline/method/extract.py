"""What an encoder says of a video's cells, as data: checked, and joined from windows."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.reasons import MediaError, Reason

VERSION = 2
"""Raise when the numbers of unchanged weights change."""


@dataclass(frozen=True)
class Features:
    """What the encoder says of each cell of one video.

    Attributes:
        visual: Float32 (T, D); zeros where the picture is absent.
        visual_map: Float16 (T, P, C), positions in reading order; zeros where absent.
        audio: Float32 (T, D), of W windows of sound one after another (T, W * D); zeros where the
            sound is absent.
        visual_mask: Bool (T,).
        audio_mask: Bool (T,).
        duration: Seconds of the file.
        flags: Reason codes of what was missing or damaged.
        notes: What is to be said of them, for people.
        visual_scores: Float32 (T, V, K), logits of the encoder's classes by view, the fitted
            picture first; zeros where absent. None where it has no classes.
        audio_scores: Float32 (T, W, K), the same by window of sound.
        faces: Float32 (T,), the logit of a face; None where nothing looks for one.
    """

    visual: NDArray[np.float32]
    visual_map: NDArray[np.float16]
    audio: NDArray[np.float32]
    visual_mask: NDArray[np.bool_]
    audio_mask: NDArray[np.bool_]
    duration: float
    flags: tuple[str, ...]
    visual_scores: NDArray[np.float32] | None = None
    audio_scores: NDArray[np.float32] | None = None
    faces: NDArray[np.float32] | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)


ARRAYS = ("visual", "visual_map", "audio", "visual_scores", "audio_scores", "faces")
"""Of `Features`, all that the encoder says; the last three are not there for every encoder."""


def check_finite(features: Features, name: str, *, first_cell: int = 0) -> None:
    """Refuse features (T, ...) with NaN or infinity; `first_cell` of the video is their first.

    Raises:
        MediaError: NAN_FEATURE, with the array and its first bad cell.
    """
    for key in ARRAYS:
        if (array := getattr(features, key)) is None:
            continue
        if np.isfinite(array).all():
            continue
        bad = ~np.isfinite(array).reshape(len(features.visual), -1).all(axis=1)
        raise MediaError(
            Reason.NAN_FEATURE,
            f"{name}: {key} of cell {first_cell + int(np.argmax(bad))} is not finite; "
            "check the weights with `avel doctor`",
        )


def join_features(parts: list[Features]) -> Features:
    """Windows of one video back into one piece (T, ...); the last one knows the rest."""
    if len(parts) == 1:
        return parts[0]
    keys = (*ARRAYS, "visual_mask", "audio_mask")
    there = [key for key in keys if getattr(parts[0], key) is not None]
    joined = {key: np.concatenate([getattr(part, key) for part in parts]) for key in there}
    last = parts[-1]
    return Features(**joined, duration=last.duration, flags=last.flags, notes=last.notes)
