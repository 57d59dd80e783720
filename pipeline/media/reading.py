"""What comes out of a file while it is read, and what is known of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.reasons import Reason


@dataclass(frozen=True, slots=True)
class Picture:
    """What is on screen from shot `first_shot` until the next picture.

    RGB uint8 (3, H, W), or (V, 3, H, W) with views.
    """

    first_shot: int
    rgb: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono int16 samples (S,) from sample `first_sample` of the common clock."""

    first_sample: int
    samples: NDArray[np.int16]


@dataclass
class Reading:
    """What is known of a file while it is read; complete when the iteration has ended."""

    path: Path
    codecs: tuple[str, ...] = ()
    """Decoders, by FFmpeg's names, that are allowed beside the usual ones."""
    device: str = ""
    """On which torchcodec decodes its pictures; empty: libav does."""
    beat: Callable[[], None] = lambda: None
    """Called with each packet, for whoever watches that the reading goes on."""
    video_stream: int | None = None
    audio_stream: int | None = None
    video_span: tuple[Fraction, Fraction] | None = None
    audio_span: tuple[Fraction, Fraction] | None = None
    damaged_packets: int = 0
    asked_frames: int = 0
    """Frames that should have come of what was given to the decoder, known at the end."""
    missing_frames: int = 0
    """Those that did not."""
    unseen: list[tuple[int, int]] = field(default_factory=list)
    """Spans of shots at which what should be on screen could not be decoded."""
    flags: set[Reason] = field(default_factory=set)
    notes: list[str] = field(default_factory=list)
    """What is to be said of the flags, for people."""
    promised: Fraction = Fraction(0)
    """Seconds that the headers say there are, known once the file is open; 0 where they do not."""
    position: int = 0
    """Whole seconds of common time up to which the file has been read."""

    def begin_again(self, notes: Sequence[str] = ()) -> None:
        """As if nothing had been read, to be read by libav; what is to be said is said."""
        fresh = Reading(self.path, self.codecs, beat=self.beat, notes=list(notes))
        vars(self).update(vars(fresh))

    @property
    def duration(self) -> Fraction:
        """Seconds from the common start to the later end of the two streams."""
        return max(
            (span[1] for span in (self.video_span, self.audio_span) if span), default=Fraction(0)
        )
