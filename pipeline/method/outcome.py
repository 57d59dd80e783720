"""What became of one file."""

from dataclasses import dataclass
from pathlib import Path

from avel.pipeline.reasons import Reason


@dataclass(frozen=True)
class Outcome:
    """What became of one file: its key where it has features, else a reason.

    Attributes:
        path: The file.
        key: Of its content, 64 hex digits; None where it cannot be read.
        cached: Whether there was nothing to do.
        cells: Of one second.
        reason: Why there are no features.
        message: The same for people.
        decode_seconds: Of a processor.
        encode_seconds: The file's share of what encoding took, by the clock on the wall.
        waited_seconds: In which the loop had nothing to do but wait for decoders, since the
            outcome before.
        num_bytes: Of the features that were made.
    """

    path: Path
    key: str | None
    cached: bool = False
    cells: int = 0
    reason: Reason | None = None
    message: str = ""
    decode_seconds: float = 0.0
    encode_seconds: float = 0.0
    waited_seconds: float = 0.0
    num_bytes: int = 0
