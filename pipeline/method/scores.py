"""What a model says of each segment of one video, as data."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.reasons import InputError

VERSION = 3
"""Raise when the numbers of an unchanged model over unchanged features change."""


@dataclass(frozen=True)
class ScoreConfig:
    """How windows are laid over a video; a window's length is the model's own."""

    overlap_cells: int = 5
    """Cells that two neighbouring windows share; at most one less than a window has."""

    def __post_init__(self) -> None:
        if self.overlap_cells < 0:
            raise InputError(f"overlap_cells ({self.overlap_cells}) must not be negative")


@dataclass(frozen=True)
class SegmentScores:
    """What a model says of each segment.

    Attributes:
        relevance: Probability (T,) that the segment holds some audio-visual event.
        classes: Distribution (T, K + 1) of its class if it holds one; the last column is the
            weakly supervised models' background, zero for others.
        present: Bool (T,), whether the segment has both picture and sound; one that lacks either
            can hold no audio-visual event by definition.
        attention: Where the sound is in the picture (T, P), sums to one.
        visual_distance: Distance (T,) of the picture's features from the training's; zero where
            there is no picture.
        audio_distance: The same for the sound.
        duration: Seconds of the file.
        flags: Reason codes of what was missing or damaged.
        notes: What is to be said of them, for people.
        seen: Share (T, L) of each label by sight alone, where there are words; with the everyday
            model log-likelihood ratios (T, K) against ordinary pictures.
        heard: The same by sound alone; with the everyday model log-odds.
        taught: Probability (T, E + 1) of each taught event and of none, where they stand beside the
            everyday ones.
        sounds: Everyday model only: log-odds (T, K') of every class of sound.
    """

    relevance: NDArray[np.float32]
    classes: NDArray[np.float32]
    present: NDArray[np.bool_]
    attention: NDArray[np.float32]
    visual_distance: NDArray[np.float32]
    audio_distance: NDArray[np.float32]
    duration: float
    flags: tuple[str, ...]
    seen: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    heard: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    sounds: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    taught: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    notes: tuple[str, ...] = field(default_factory=tuple)
