"""What a decoding child does: one video at a time, its cells into shared memory, no torch.

The parent sends jobs and the numbers of free slots; the child sends what stands in which slot, and
how each video ended. It imports nothing of the user's program and dies with its parent.
"""

import ctypes
import signal
import sys
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.cells import Segments
from avel.pipeline.media.decoder import ALIGN, ARRAYS, Job, Slot
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.segment import segment_video
from avel.pipeline.reasons import MediaError, Reason

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Let the kernel end this process when its parent dies, however that dies; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def serve(connection: Connection, ring: Any, slot_bytes: int, slots: int) -> None:
    """Decode what the parent asks for, into slots of `slot_bytes` bytes, until it hangs up."""
    die_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM):  # a terminal's; the parent decides who ends
        signal.signal(number, signal.SIG_IGN)
    child = _Child(connection, np.frombuffer(ring, np.uint8), slot_bytes, slots)
    try:
        while True:
            child.decode(connection.recv())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


class _Child:
    def __init__(
        self, connection: Connection, memory: NDArray[np.uint8], slot_bytes: int, slots: int
    ) -> None:
        self._connection, self._memory = connection, memory
        self._slot_bytes, self._free = slot_bytes, list(range(slots))

    def decode(self, job: Job | int) -> None:
        """One job to its end, or a slot that is free again."""
        if isinstance(job, int):
            self._free.append(job)
            return
        reading = Reading(job.path)
        try:
            for segments in windows(job, reading):
                self._connection.send(self._put(segments, float(reading.promised)))
            self._connection.send(None)
        except MediaError as err:
            self._connection.send(err)

    def _put(self, segments: Segments, promised: float) -> Slot:
        while not self._free:
            self._free.append(self._connection.recv())
        slot = self._free.pop()
        at, placed = slot * self._slot_bytes, []
        for name in ARRAYS:
            array = np.ascontiguousarray(getattr(segments, name))
            self._memory[at : at + array.nbytes] = array.reshape(-1).view(np.uint8)
            placed.append((at, array.shape, array.dtype.str))
            at += -(-array.nbytes // ALIGN) * ALIGN
        return Slot(slot, tuple(placed), segments.duration, segments.flags, promised)


def windows(job: Job, reading: Reading) -> Iterator[Segments]:
    """Windows of cells of a file; whatever goes wrong is a MediaError, so that others go on."""
    limits = {"window_cells": job.window_cells, "timeout_seconds": job.timeout_seconds}
    try:
        yield from segment_video(job.path, job.config, reading=reading, **limits)  # type: ignore[arg-type]
    except MediaError:
        raise
    except MemoryError as err:
        message = f"{job.path}: out of memory while decoding; use fewer --workers"
        raise MediaError(Reason.OOM, message) from err
    except Exception as err:  # libav has no complete list of its errors
        raise MediaError(Reason.DECODE_ERROR, f"{job.path}: {type(err).__name__}: {err}") from err
