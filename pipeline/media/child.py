"""What a decoding child does: one video at a time, its cells into shared memory, no torch.

The parent sends jobs and the numbers of free slots; the child sends what stands in which slot, and
how each video ended.
"""

from collections.abc import Iterator
from itertools import islice
from multiprocessing.connection import Connection
from typing import Any

from av.error import FFmpegError

from avel.pipeline.media.cells import Segments
from avel.pipeline.media.messages import Job, Slot, written
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.segment import segment_video
from avel.pipeline.media.slots import SLOTS, Slots
from avel.pipeline.media.torch_frames import NotByTorch
from avel.pipeline.reasons import MediaError, Reason, unreadable


def serve(connection: Connection, slots: Slots) -> None:
    """Decode what the parent asks for into slots of cells (T, F, 3, H, W), until it hangs up."""
    child = _Child(connection, slots)
    try:
        while True:
            child.take(connection.recv())
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


class _Child:
    def __init__(self, connection: Connection, slots: Slots) -> None:
        self._connection, self._slots = connection, slots
        self._free = list(range(SLOTS))

    def take(self, said: Job | int) -> None:
        """One job to its end, or a slot that is free again."""
        if isinstance(said, int):
            self._free.append(said)
            return
        beat = self._slots.beat
        reading = Reading(said.path, codecs=said.codecs, device=said.device, beat=beat)
        try:
            for number, segments in enumerate(windows(said, reading)):
                self._slots.beat()
                if number >= said.skip:
                    self._say(self._put(segments, float(reading.promised)))
            self._say(None)
        except MediaError as err:
            self._say(err)

    def _say(self, said: Slot | MediaError | None) -> None:
        self._connection.send_bytes(written(said))

    def _put(self, segments: Segments, promised: float) -> Slot:
        while not self._free:
            self._free.append(self._connection.recv())
        return self._slots.put(self._free.pop(), segments, promised)


def windows(job: Job, reading: Reading) -> Iterator[Segments]:
    """Windows of cells of a file; whatever goes wrong is a MediaError, so that others go on."""
    limits: dict[str, Any] = {
        "window_cells": job.window_cells,
        "timeout_seconds": job.timeout_seconds,
    }
    try:
        yield from _by_either(job, reading, limits)
    except MediaError:
        raise
    except MemoryError as err:
        message = f"{job.path}: out of memory while decoding; use fewer --workers"
        raise MediaError(Reason.OOM, message) from err
    except Exception as err:  # libav has no complete list of its errors
        if isinstance(err, OSError) and not isinstance(err, FFmpegError):  # its bytes' own
            raise unreadable(job.path, err) from err
        raise MediaError(Reason.DECODE_ERROR, f"{job.path}: {type(err).__name__}: {err}") from err


def _by_either(job: Job, reading: Reading, limits: dict[str, Any]) -> Iterator[Segments]:
    """By torchcodec where a device is named; what it does not decode libav does, from there on."""
    sent = 0
    if reading.device:
        try:
            for segments in segment_video(job.path, job.config, reading=reading, **limits):
                yield segments
                sent += 1
            return
        except NotByTorch as why:
            said = f"torchcodec did not decode its pictures ({why}); FFmpeg did"
            reading.begin_again([said] if why.tried else [])
    windows = segment_video(job.path, job.config, reading=reading, **limits)
    yield from islice(windows, sent, None)
