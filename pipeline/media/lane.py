"""One place for a decoding child: its video, what it says, and another child where one fails."""

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import replace

from avel.pipeline.media.limits import (
    MOST_VIDEOS,
    DecodeLimits,
    processor_seconds,
    resident_bytes,
)
from avel.pipeline.media.messages import (
    MOST_BYTES,
    Ended,
    Event,
    Job,
    Slot,
    Window,
    understood,
)
from avel.pipeline.media.process import Child
from avel.pipeline.media.slots import Room
from avel.pipeline.reasons import MediaError, Reason

MOST_ORPHANED = 3
"""Times that a video is tried again for the death of its child's server: something from outside
kills it, but it might be this video after all, by the memory that it takes."""


class Lane:
    """A child and its job, watched; the child is replaced alone."""

    def __init__(self, room: Room, limits: DecodeLimits) -> None:
        """Start the child, whose windows lie in `room`."""
        self._room, self._limits = room, limits
        self.job: Job | None = None
        self._open()

    def _open(self) -> None:
        self.child = Child(self._room, self._limits.data_bytes)
        self._beats = self._videos = 0
        self._quiet = self._spent = self._used = 0.0

    def begin(self, job: Job) -> None:
        """Give the child its next video."""
        if self._videos >= MOST_VIDEOS:
            self._replace()
        self.job, self._again, self._orphaned = job, False, 0
        self._windows = self._cells = 0
        self._send(job)

    def _send(self, job: Job) -> None:
        self._quiet = self._spent = 0.0
        self._used = processor_seconds(self.child.pid)
        self._videos += 1
        try:
            self.child.connection.send(job)
        except OSError:  # it died while it had nothing to do
            self._replace()
            self.child.connection.send(job)

    def read(self) -> Iterator[Event]:
        """The child's next word, such as a window of cells; none where its video begins again."""
        assert self.job is not None
        job, self._quiet = self.job, 0.0
        try:
            said = understood(self.child.connection.recv_bytes(MOST_BYTES))
            if isinstance(said, Slot):
                window = self._taken(job, said)
        except (EOFError, OSError, ValueError):
            yield from self._died(job)
            return
        if isinstance(said, Slot):
            yield window
            return
        self.job = None
        yield Ended(job.number, said, self._decoding)

    def _taken(self, job: Job, slot: Slot) -> Window:
        """The window out of its slot, which is free again."""
        segments = self.child.slots.take(slot)
        with contextlib.suppress(OSError):  # a child that is dead is met when it is read
            self.child.connection.send(slot.number)
        self._windows += 1
        self._cells += len(segments.samples)
        return Window(job.number, segments, slot.promised)

    def _died(self, job: Job) -> Iterator[Event]:
        """A dead child costs its video one more try, and then the video.

        What came of it stays: cutting is the same each time, so the second try leaves out the
        windows that are here. A child that went with its server is not its video's fault.
        """
        code = self._replace()
        if code is None and self._orphaned < MOST_ORPHANED:
            self._orphaned += 1
            self._send(replace(job, skip=self._windows))
            return
        if not self._again:
            self._again = True
            self._send(replace(job, skip=self._windows, device=""))  # of a GPU's faults, too
            return
        self.job = None
        message = (
            f"{job.path}: the decoder died twice ({_how(code)}), the last time after "
            f"{self._cells} s of it; {_remedy(code)}"
        )
        yield Ended(job.number, MediaError(Reason.WORKER_CRASH, message))

    def look(self, waited: float) -> Ended | None:
        """End the child if it is stuck, late or takes too much; what that means for its video.

        Args:
            waited: Seconds since the last look in which this process had nothing else to do: while
                it is busy elsewhere no time counts.
        """
        if self.job is None:
            return None
        beats, self._beats = self._beats, self.child.slots.beats
        self._quiet = self._quiet + waited if beats == self._beats else 0.0
        self._spent += waited
        error = self._too_much(self.job)
        if error is None:
            return None
        job, self.job = self.job, None
        ended = Ended(job.number, error, self._decoding)
        self._replace()
        return ended

    @property
    def _decoding(self) -> float:
        """Seconds of a processor that this try has taken."""
        return max(0.0, processor_seconds(self.child.pid) - self._used)

    def _too_much(self, job: Job) -> MediaError | None:
        limits, cells = self._limits, self._cells
        if (used := resident_bytes(self.child.pid)) > limits.resident_bytes:
            message = (
                f"{job.path}: decoding takes {used >> 20} MiB of memory, more than "
                f"{limits.resident_bytes >> 20} MiB"
            )
            return MediaError(Reason.OOM, message)
        if self._quiet > limits.quiet_seconds:
            message = f"{job.path}: the decoder was stuck for {self._quiet:.0f} s and was killed"
            return MediaError(Reason.TIMEOUT, message)
        if self._spent > limits.total_seconds(cells):
            message = (
                f"{job.path}: decoding took {self._spent:.0f} s for {cells} s of media and was "
                "killed; raise --timeout"
            )
            return MediaError(Reason.TIMEOUT, message)
        return None

    def _replace(self) -> int | None:
        """Another child in the place of this one; the exit code of the old."""
        code = self.child.end()
        self._open()
        return code

    def end(self) -> None:
        """Kill the child."""
        self.child.end()


def _how(code: int | None) -> str:
    """An exit code in words."""
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return "it was ended from outside" if code is None else f"exit code {code}"


def _remedy(code: int | None) -> str:
    if code in (None, -signal.SIGKILL):
        return "if the system did it for want of memory, use fewer --workers"
    return "a codec's fault: convert it, ffmpeg -i in -c:v libx264 -c:a aac out.mp4"
