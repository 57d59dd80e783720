"""What decoding may take: time and memory as its parent watches over them."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

MEDIA_SECONDS = 600
"""Of a video, for which the time limit is: a long film on a slow machine is no hung decoder."""
STUCK_SECONDS = 60.0
"""Without a packet read or a window made, after which a child counts as stuck."""
GRACE_SECONDS = 5.0
"""Beyond its time limit, in which a child says by itself that it is over."""
MOST_VIDEOS = 200
"""After which a child is replaced: whatever a library lost on the way is given back."""
PROCESS_CLOCK = 2
"""What Linux adds to a process's number for the name of its clock; see clock_getcpuclockid(3)."""
LIBRARY_BYTES = 4 << 30
"""Of torch and of a GPU's driver in a child that uses one, before any video."""
MOST_GPU_CHILDREN = 4
"""Each has a context on the GPU, of some hundred megabytes."""
LEAST_DATA_BYTES = 1 << 30
"""Just under its limit libav calls whole files broken, so the limit must be far."""


@dataclass(frozen=True)
class DecodeLimits:
    """What decoding may take; nothing of it changes a number."""

    workers: int = 1
    window_cells: int = 64
    """Most cells of one window."""
    timeout_seconds: float = 600.0
    """Of decoding, for each ten minutes of a video; what the parent does with its windows does not
    count."""
    memory_bytes: int = 2 << 30
    """Resident memory of one child."""
    codecs: tuple[str, ...] = ()
    """Decoders, by FFmpeg's names, that are allowed beside those of `codecs.ALLOWED`."""
    device: str = ""
    """On which torchcodec decodes pictures, where cells are cut with it; empty: libav does."""

    def total_seconds(self, cells: int) -> float:
        """How long a video may take of which so many one-second cells have come."""
        return self.timeout_seconds * max(1.0, cells / MEDIA_SECONDS) + GRACE_SECONDS

    @property
    def quiet_seconds(self) -> float:
        """Seconds that a child may work without a beat."""
        return min(STUCK_SECONDS, self.timeout_seconds + GRACE_SECONDS)

    @property
    def resident_bytes(self) -> int:
        """Resident memory of one child: `memory_bytes`, and with a GPU its libraries."""
        return self.memory_bytes + (LIBRARY_BYTES if self.device else 0)

    @property
    def data_bytes(self) -> int:
        """Bytes of a child's own memory, mapped or resident: the backstop of `memory_bytes`.

        0 for no such limit: the libraries of a GPU map as they like.
        """
        return 0 if self.device else max(LEAST_DATA_BYTES, 2 * self.memory_bytes)


def resident_bytes(pid: int) -> int:
    """Memory of a process that is its own, in bytes; 0 where the system does not say."""
    try:
        resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def processor_seconds(pid: int) -> float:
    """Time of processors that a process of ours has used; 0 where the system does not say."""
    if sys.platform != "linux":
        return 0.0
    try:
        return time.clock_gettime((~pid << 3) | PROCESS_CLOCK)
    except OSError:  # it is gone
        return 0.0
