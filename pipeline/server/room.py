"""What there is room for: films, bytes, the disk, bodies at once, jobs, requests a minute."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from avel.pipeline.server.folder import Folder
from avel.pipeline.server.jobs import NO_WORKER, Jobs
from avel.pipeline.server.problem import Problem, too_many
from avel.pipeline.server.settings import Limits
from avel.pipeline.server.videos import Videos

ADDRESSES = 10_000
"""That are remembered; the longest silent is forgotten."""


class Room:
    """Says no, and why.

    Args:
        limits: What is taken at most.
        folder: Whose disk is looked at.
        videos: That take room.
        jobs: That wait.
    """

    def __init__(self, limits: Limits, folder: Folder, videos: Videos, jobs: Jobs) -> None:
        self.limits, self._folder = limits, folder
        self._videos, self._jobs = videos, jobs
        self._reading = 0
        self.why_no_worker: Callable[[], str] = str
        """Says why no worker can be started; empty where one works, or may."""

    def check(self, size: int) -> None:
        """Whether a film of so many bytes can come.

        Raises:
            Problem: 413, 507, 429 or 503.
        """
        limits = self.limits
        if size > limits.file_bytes:
            raise Problem(
                413,
                "TOO_LARGE",
                f"the film has {size} bytes; at most {limits.file_bytes} are taken: cut it, or "
                "raise --file-bytes",
            )
        films, taken = self._videos.totals()
        if films >= limits.films:
            raise Problem(
                507,
                "TOO_MANY_FILMS",
                f"there are {films} films, and at most {limits.films} are kept; delete some, or "
                "raise --films",
            )
        if taken + size > limits.disk_bytes:
            raise Problem(
                507,
                "DISK_LIMIT",
                f"films take {taken} bytes; {size} more would be over the {limits.disk_bytes} "
                "allowed: delete some, or raise --disk-bytes",
            )
        self.check_disk(size)
        self.check_queue()

    def check_disk(self, size: int = 0) -> None:
        """Whether so many bytes can be written.

        Raises:
            Problem: 507.
        """
        free = self._folder.free_bytes()
        if free - size < self.limits.free_bytes:
            raise Problem(
                507,
                "DISK_FULL",
                f"the disk has {free} bytes free, of which {self.limits.free_bytes} stay free, and "
                f"{size} are asked for; delete something",
            )

    def check_workers(self) -> None:
        """Whether somebody is there to do a job; else try again in 30 seconds.

        Raises:
            Problem: 503.
        """
        if why := self.why_no_worker():
            raise Problem(503, "NO_WORKER", NO_WORKER.format(why), {"Retry-After": "30"})

    def check_queue(self) -> None:
        """Whether one more job may wait, or it is too many: come again in 30 seconds.

        Raises:
            Problem: 429; 503 where nobody would do it.
        """
        self.check_workers()
        waiting = self._jobs.waiting()
        if waiting >= self.limits.queue:
            raise too_many(
                "QUEUE_FULL",
                f"{waiting} jobs wait, and at most {self.limits.queue} may; try again later",
                30,
            )

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Read the bytes of one body more, in a block.

        Raises:
            Problem: 429, there are too many.
        """
        if self._reading >= self.limits.uploads:
            raise too_many(
                "TOO_MANY_UPLOADS",
                f"{self._reading} uploads are being read, and at most {self.limits.uploads} are at "
                "once; try again in a second",
            )
        self._reading += 1
        try:
            yield
        finally:
            self._reading -= 1


class Rate:
    """Requests a minute of each address: a bucket that fills as time goes on.

    Args:
        requests: A minute.
        clock: Seconds that only grow.
    """

    def __init__(self, requests: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._clock = float(requests), clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Count a request.

        Raises:
            Problem: 429, with the seconds after which the next may come.
        """
        now = self._clock()
        left, since = self._left.pop(address, (self._most, now))
        left = min(self._most, left + (now - since) * self._most / 60)
        self._left[address] = (max(0.0, left - 1), now)
        if len(self._left) > ADDRESSES:
            self._left.popitem(last=False)
        if left < 1:
            wait = int((1 - left) * 60 / self._most) + 1
            raise too_many(
                "TOO_MANY_REQUESTS",
                f"more than {self._most:.0f} requests a minute; try again in {wait} s",
                wait,
            )
