"""The memory that a decoding child shares with its parent: a beat, and slots for windows.

It is a file without a name that lives in memory (`memfd`), so neither the size of /dev/shm nor what
is left there after a kill matters.
"""

import math
import mmap
import os
import sys
import tempfile
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.messages import Slot

SLOTS = 2
"""Windows of one child that may wait for the parent."""
SLOT_BYTES = 4 << 20
"""Of a window that is on its way; a cell that is larger gets a slot of its own size."""
ALIGN = 64
"""Bytes at whose multiples arrays begin in a slot; the beat has as many for itself."""
ARRAYS = ("frames", "samples", "visual_mask", "audio_mask", "before", "after")
KINDS = frozenset(np.dtype(kind).str for kind in (np.uint8, np.int16, np.bool_))
"""What arrays of a window may be made of."""


@dataclass(frozen=True)
class Room:
    """What a slot holds.

    Attributes:
        window_cells: Most cells of a window.
        slot_bytes: Bytes of a slot.
    """

    window_cells: int
    slot_bytes: int

    @property
    def total_bytes(self) -> int:
        """Bytes of all that is shared."""
        return ALIGN + SLOTS * self.slot_bytes


def room_for(config: SegmentConfig, most_cells: int) -> Room:
    """Windows of at most `most_cells` cells that fit into a slot of `SLOT_BYTES`, one at least."""
    second = 2 * config.sample_rate
    cell = config.frames_per_cell * math.prod(config.picture_shape) + second
    around = 2 * config.longest_seconds * second
    rest = len(ARRAYS) * ALIGN + 2 * most_cells + around
    cells = max(1, min(most_cells, (SLOT_BYTES - rest) // cell))
    return Room(cells, max(SLOT_BYTES, _aligned(cell * cells + rest)))


def shared_file(size: int) -> int:
    """A descriptor of `size` bytes of memory that processes can share; they are 0."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("avel-windows", os.MFD_CLOEXEC)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.truncate(descriptor, size)
    return descriptor


class Slots:
    """One side's view of the shared memory."""

    def __init__(self, descriptor: int, slot_bytes: int) -> None:
        """Map what `shared_file` made; the descriptor may be closed afterwards."""
        self._slot_bytes = slot_bytes
        memory = mmap.mmap(descriptor, ALIGN + SLOTS * slot_bytes)
        self._beat = np.frombuffer(memory, np.int64, 1)
        self._memory = np.frombuffer(memory, np.uint8, offset=ALIGN)

    def beat(self) -> None:
        """Say that work goes on; the child's."""
        self._beat[0] += 1

    @property
    def beats(self) -> int:
        """How often that was said."""
        return int(self._beat[0])

    def put(self, number: int, segments: Segments, promised: float) -> Slot:
        """Lay a window into a slot; the child's. `promised` is in seconds."""
        at, placed = number * self._slot_bytes, []
        for name in ARRAYS:
            array = np.ascontiguousarray(getattr(segments, name))
            self._memory[at : at + array.nbytes] = array.reshape(-1).view(np.uint8)
            placed.append((at, array.shape, array.dtype.str))
            at += _aligned(array.nbytes)
        said = (segments.duration, segments.flags, segments.notes)
        return Slot(number, tuple(placed), *said, promised)

    def take(self, slot: Slot) -> Segments:
        """A copy of the window of cells (T, F, 3, H, W) in a slot; the parent's.

        Raises:
            ValueError: what is said of it cannot be so.
        """
        if len(slot.arrays) != len(ARRAYS) or not 0 <= slot.number < SLOTS:
            raise ValueError(f"no window lies in slot {slot.number}")
        arrays: dict[str, Any] = {
            name: self._array(slot.number * self._slot_bytes, *where)
            for name, where in zip(ARRAYS, slot.arrays, strict=True)
        }
        return Segments(**arrays, duration=slot.duration, flags=slot.flags, notes=slot.notes)

    def _array(self, first: int, at: int, shape: tuple[int, ...], kind: str) -> NDArray[np.generic]:
        size = math.prod(shape)
        inside = kind in KINDS and min(shape, default=0) >= 0
        size *= np.dtype(kind).itemsize if inside else 0
        if not inside or not first <= at <= at + size <= first + self._slot_bytes:
            raise ValueError(f"{size} bytes of {kind} at {at} lie in no slot")
        return self._memory[at : at + size].view(kind).reshape(shape).copy()


def _aligned(size: int) -> int:
    return -(-size // ALIGN) * ALIGN
