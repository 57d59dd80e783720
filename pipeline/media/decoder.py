"""Decoding in other processes, so that one file can cost only itself.

A child lives long and decodes one video at a time; its windows come through shared memory, and a
child that has no free slot waits. The parent ends a child that makes no progress or takes too much
memory, and puts another in its place. Children are forked from a server that has loaded libav and
nothing of the user's program; see `child`.
"""

import contextlib
import math
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Self

import numpy as np

from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.reasons import MediaError, Reason

SLOTS = 2
"""Windows of one child that may wait for the parent."""
SLOT_BYTES = 4 << 20
"""Of a window that is on its way; a cell that is larger gets a slot of its own size."""
LOOK_SECONDS = 0.25
"""How often children's deadlines and memory are looked at while none says anything."""
GRACE_SECONDS = 30.0
"""What a child may take beyond its own time-out before it counts as stuck."""
ALIGN = 64
"""Bytes at whose multiples arrays begin in a slot."""
ARRAYS = ("frames", "samples", "visual_mask", "audio_mask", "before", "after")
START = threading.Lock()


@dataclass(frozen=True)
class Job:
    """One video to decode."""

    number: int
    path: Path
    config: SegmentConfig
    window_cells: int
    timeout_seconds: float


@dataclass(frozen=True)
class Slot:
    """A window that lies in a slot: shape and dtype of each array, and what else is known.

    Attributes:
        number: Of the slot.
        arrays: Byte offset in the ring, shape and dtype name, in the order of `ARRAYS`.
        duration: Seconds of the file with the last window, else 0.
        flags: Reason codes known so far.
        promised: Seconds that the file says it has; 0 where it does not.
    """

    number: int
    arrays: tuple[tuple[int, tuple[int, ...], str], ...]
    duration: float
    flags: tuple[Reason, ...]
    promised: float


@dataclass(frozen=True)
class DecodeLimits:
    """What decoding may take; nothing of it changes a number."""

    workers: int = 1
    window_cells: int = 64
    """Most cells of one window."""
    timeout_seconds: float = 600.0
    """Of decoding one video, what the parent does with its windows not counted."""
    memory_bytes: int = 2 << 30
    """Resident memory of one child."""


@dataclass(frozen=True)
class Window:
    """The next cells of a video, and how many seconds its file promises (0: it does not say)."""

    job: int
    segments: Segments
    promised: float


@dataclass(frozen=True)
class Ended:
    """The end of a video: whole, or with the reason why there is no more."""

    job: int
    error: MediaError | None = None


@dataclass(frozen=True)
class Restarted:
    """The video's child died; what came of it is void and comes again."""

    job: int


Event = Window | Ended | Restarted


class Decoders:
    """A pool of decoding children for videos that are cut in one way.

    Use it in a `with` block; whatever is not finished at its end is killed.
    """

    def __init__(self, config: SegmentConfig, limits: DecodeLimits) -> None:
        self._config, self._limits = config, limits
        second = 2 * config.sample_rate
        cell = config.frames_per_cell * math.prod(config.picture_shape) + second
        around = 2 * config.longest_seconds * second
        room = len(ARRAYS) * ALIGN + 2 * limits.window_cells + around
        self._window = max(1, min(limits.window_cells, (SLOT_BYTES - room) // cell))
        self._slot_bytes = max(SLOT_BYTES, -(-(cell * self._window + room) // ALIGN) * ALIGN)
        self._lanes: list[_Lane] = []
        self._waited, self._looked = 0.0, time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for lane in self._lanes:
            lane.end()
        self._lanes = []

    @property
    def free(self) -> bool:
        """Whether another video can be started."""
        return sum(lane.job is not None for lane in self._lanes) < self._limits.workers

    @property
    def busy(self) -> bool:
        """Whether any video is on its way."""
        return any(lane.job is not None for lane in self._lanes)

    def start(self, number: int, path: Path) -> None:
        """Begin to decode a file into cells; `events` speak of it by its number."""
        seconds = self._limits.timeout_seconds
        job = Job(number, path, self._config, self._window, seconds)
        lane = next((lane for lane in self._lanes if lane.job is None), None)
        if lane is None:
            lane = _Lane(self._slot_bytes)
            self._lanes.append(lane)
        lane.begin(job)

    def events(self) -> Iterator[Event]:
        """What children say; waits until one speaks or its seconds are over, or none is left."""
        while self.busy:
            lanes = {lane.connection: lane for lane in self._lanes if lane.job is not None}
            since = time.monotonic()
            said = [lanes[c] for c in wait(list(lanes), LOOK_SECONDS)]  # type: ignore[index]
            self._waited += time.monotonic() - since
            for lane in said:
                yield from lane.read()
            late = list(self._late([lane for lane in lanes.values() if lane not in said]))
            yield from late
            if said or late:
                return

    def _late(self, silent: Sequence["_Lane"]) -> Iterator[Event]:
        """What became of children that say nothing, however much the others have to say."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        waited, self._waited, self._looked = self._waited, 0.0, time.monotonic()
        for lane in silent:
            if event := lane.look(self._limits, waited):
                yield event


def decode_files(
    paths: Sequence[Path], config: SegmentConfig, limits: DecodeLimits
) -> Iterator[tuple[int, Segments | MediaError]]:
    """All cells of each file, or why there are none, by its number, as they come.

    A file is held whole: for long ones take `Decoders` and their windows.
    """
    todo, parts = deque(enumerate(paths)), dict[int, list[Segments]]()
    with Decoders(config, limits) as decoders:
        while todo or decoders.busy:
            while todo and decoders.free:
                decoders.start(*todo.popleft())
            for event in decoders.events():
                if isinstance(event, Window):
                    parts.setdefault(event.job, []).append(event.segments)
                elif isinstance(event, Ended):
                    found = parts.pop(event.job, [])
                    yield event.job, event.error or join(found)
                else:
                    parts.pop(event.job, None)


class _Lane:
    """One child, its slots and its job."""

    def __init__(self, slot_bytes: int) -> None:
        self._slot_bytes = slot_bytes
        self.job: Job | None = None
        self._again = False
        self._open()

    def _open(self) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["avel.pipeline.media.forkserver"])
        ring = context.RawArray("B", SLOTS * self._slot_bytes)
        self._memory = np.frombuffer(ring, np.uint8)
        self.connection, theirs = context.Pipe()
        arguments = (theirs, ring, self._slot_bytes, SLOTS)
        self._process: BaseProcess = context.Process(target=_serve, args=arguments, daemon=True)
        _start(self._process)
        theirs.close()
        self._quiet = 0.0

    def begin(self, job: Job) -> None:
        """Give the child its next video."""
        self.job, self._again, self._quiet = job, False, 0.0
        try:
            self.connection.send(job)
        except OSError:  # it died while it had nothing to do
            self._replace()
            self.connection.send(job)

    def read(self) -> Iterator[Event]:
        """The child's next word, which is there."""
        assert self.job is not None
        self._quiet, job = 0.0, self.job.number
        try:
            said: Slot | MediaError | None = self.connection.recv()
        except (EOFError, OSError):
            yield self._died()
            return
        if isinstance(said, Slot):
            yield Window(job, self._taken(said), said.promised)
        else:
            self.job = None
            yield Ended(job, said)

    def _taken(self, slot: Slot) -> Segments:
        """The window out of its slot, which is free again."""
        arrays = {
            name: self._memory[at : at + int(np.prod(shape)) * np.dtype(kind).itemsize]
            .view(kind)
            .reshape(shape)
            .copy()
            for name, (at, shape, kind) in zip(ARRAYS, slot.arrays, strict=True)
        }
        with contextlib.suppress(OSError):  # a child that is dead is met when it is read
            self.connection.send(slot.number)
        return Segments(**arrays, duration=slot.duration, flags=slot.flags)

    def _died(self) -> Event:
        """A dead child costs its video one more try, and then the video."""
        assert self.job is not None
        job, again = self.job, self._again
        code = self._replace()
        if again:
            self.job = None
            message = f"{job.path}: the decoder died twice ({_how(code)}); a codec's fault"
            return Ended(job.number, MediaError(Reason.WORKER_CRASH, message))
        self._again, self._quiet = True, 0.0
        self.connection.send(job)
        return Restarted(job.number)

    def look(self, limits: DecodeLimits, waited: float) -> Event | None:
        """End the child if it is stuck or takes too much; what that means for its video.

        It is stuck when we have waited for it too long without a word: while the parent is busy
        elsewhere no time counts.
        """
        if self.job is None:
            return None
        self._quiet += waited
        used = _resident_bytes(self._process.pid)
        if self._quiet <= limits.timeout_seconds + GRACE_SECONDS and used <= limits.memory_bytes:
            return None
        job, self.job, quiet = self.job, None, self._quiet
        self._replace()
        if used > limits.memory_bytes:
            message = (
                f"{job.path}: decoding takes more than {limits.memory_bytes >> 20} MiB of memory"
            )
            return Ended(job.number, MediaError(Reason.OOM, message))
        message = f"{job.path}: the decoder was stuck for {quiet:.0f} s and was killed"
        return Ended(job.number, MediaError(Reason.TIMEOUT, message))

    def _replace(self) -> int | None:
        """Another child in the place of this one; the exit code of the old."""
        code = self.end()
        self._open()
        return code

    def end(self) -> int | None:
        """Kill the child; its exit code."""
        self._process.kill()
        self._process.join()
        self.connection.close()
        return self._process.exitcode


def _serve(connection: Connection, ring: Any, slot_bytes: int, slots: int) -> None:
    from avel.pipeline.media.child import serve  # loads libav, which the parent never needs

    serve(connection, ring, slot_bytes, slots)


def _start(process: BaseProcess) -> None:
    """Start a child that knows nothing of our `__main__`: it would import all that this needs."""
    main = sys.modules["__main__"]
    names = [name for name in ("__spec__", "__file__") if name in vars(main)]
    hidden: dict[str, Any] = {name: vars(main)[name] for name in names}
    with START:
        threads = os.environ.get("OPENBLAS_NUM_THREADS")
        os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the server is forked: it may have no thread
        try:
            main.__spec__ = None
            vars(main).pop("__file__", None)
            process.start()
        finally:
            vars(main).update(hidden)
            if threads is None:
                del os.environ["OPENBLAS_NUM_THREADS"]
            else:
                os.environ["OPENBLAS_NUM_THREADS"] = threads


def _resident_bytes(pid: int | None) -> int:
    """Memory of a process that is its own, in bytes; 0 where the system does not say."""
    try:
        resident, shared = Path(f"/proc/{pid}/statm").read_text().split()[1:3]
    except (OSError, ValueError):
        return 0
    return (int(resident) - int(shared)) * os.sysconf("SC_PAGE_SIZE")


def _how(code: int | None) -> str:
    """An exit code in words."""
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"
