"""What of a file's picture must be known to count in frames: data that loads no libav."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Footage:
    """How a video's picture runs.

    Attributes:
        frame_rate: Frames a second, on average where they come at changing intervals.
        variable: Whether they do.
        width: Of the picture as it is shown, in pixels; 0 where there is none.
        height: The same.
        duration: Of the file, in seconds.
        sample_rate: Of its sound, in Hz; 0 where there is none.
    """

    frame_rate: Fraction
    variable: bool = False
    width: int = 0
    height: int = 0
    duration: Fraction = Fraction(0)
    sample_rate: int = 0


UNKNOWN = Footage(Fraction(25))
"""For what has no picture: an editor counts in frames all the same."""


@dataclass(frozen=True)
class Kind:
    """What a file is, by libav's names.

    Attributes:
        container: Names of the demuxer, such as `mov,mp4,m4a,3gp,3g2,mj2`.
        video: Codec of the picture, empty where there is none.
        pixels: Its pixel format.
        audio: Codec of the sound, empty where there is none.
        shape: Width by height of the picture as it is shown; 0 where there is none.
    """

    container: str
    video: str = ""
    pixels: str = ""
    audio: str = ""
    shape: float = 0.0
