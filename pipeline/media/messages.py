"""What a decoding child, its parent and the server of children say to one another.

A child's words are JSON of a bounded length, never pickles: whoever takes a decoder over with a
hostile file must not get into the parent by them.
"""

import json
import struct
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.reasons import MediaError, Reason

REQUEST = struct.Struct("=cqq")
"""To the server: `FORK` with bytes of a slot and of a child's data, or `END` with its number."""
REPLY = struct.Struct("=q")
"""A new child's process number, an ended child's exit code, or minus the number of an error."""
FORK, END = b"f", b"e"
UNKNOWN = -1 << 32
"""The exit code of what is no child of the server's, or has not gone within seconds."""
MOST_BYTES = 1 << 16
"""Of a message from a child."""
MOST_LETTERS = 4_000
"""Of a reason in words."""


@dataclass(frozen=True)
class Job:
    """One video to decode.

    Attributes:
        number: What its events are called by.
        path: The file.
        config: How it is cut.
        window_cells: Cells of a window; only the last has fewer.
        timeout_seconds: For each ten minutes of media.
        codecs: Decoders, by FFmpeg's names, that are allowed beside the usual ones.
        skip: Windows, from the first, that are known from an earlier try and not sent again.
        device: On which torchcodec decodes pictures; empty: libav does.
    """

    number: int
    path: Path
    config: SegmentConfig
    window_cells: int
    timeout_seconds: float
    codecs: tuple[str, ...] = ()
    skip: int = 0
    device: str = ""


@dataclass(frozen=True)
class Slot:
    """A window that lies in a slot: shape and dtype of each array, and what else is known.

    Attributes:
        number: Of the slot.
        arrays: Byte offset in the memory, shape and dtype name, in the order of `slots.ARRAYS`.
        duration: Seconds of the file with the last window, else 0.
        flags: Reason codes known so far.
        notes: What is to be said of them, for people.
        promised: Seconds that the file says it has; 0 where it does not.
    """

    number: int
    arrays: tuple[tuple[int, tuple[int, ...], str], ...]
    duration: float
    flags: tuple[Reason, ...]
    notes: tuple[str, ...]
    promised: float


@dataclass(frozen=True)
class Window:
    """The next cells of a video, and how many seconds its file promises (0: it does not say)."""

    job: int
    segments: Segments
    promised: float


@dataclass(frozen=True)
class Ended:
    """The end of a video: whole, or with the reason why there is no more.

    Attributes:
        job: Its number.
        error: The reason.
        seconds: Of a processor, that decoding it took; 0 where the system does not say.
    """

    job: int
    error: MediaError | None = None
    seconds: float = field(default=0.0, compare=False)


Event = Window | Ended


def written(said: Slot | MediaError | None) -> bytes:
    """A child's word as bytes: a window, or its video's end with or without an error."""
    if isinstance(said, MediaError):
        return json.dumps({"reason": said.reason, "message": said.message[:MOST_LETTERS]}).encode()
    return json.dumps(None if said is None else asdict(said)).encode()


def understood(message: bytes) -> Slot | MediaError | None:
    """A child's word out of its bytes.

    Raises:
        ValueError: it is none.
    """
    try:
        said: Any = json.loads(message)
        if said is None:
            return None
        if "reason" in said:
            return MediaError(Reason(said["reason"]), str(said["message"]))
        arrays = tuple(
            (int(at), tuple(map(int, shape)), str(kind)) for at, shape, kind in said["arrays"]
        )
        return Slot(
            int(said["number"]),
            arrays,
            float(said["duration"]),
            tuple(map(Reason, said["flags"])),
            tuple(str(note)[:MOST_LETTERS] for note in said["notes"]),
            float(said["promised"]),
        )
    except (TypeError, KeyError, RecursionError) as err:
        raise ValueError(f"no word of a decoder: {message[:80]!r}") from err
