"""Decoding in other processes, so that one file can cost only itself.

A child lives long and decodes one video at a time; its windows come through shared memory, and a
child that has no free slot waits. The parent ends a child that makes no progress or takes too much
memory, and puts another in its place. Children are forked from a server that has loaded libav and
nothing of the user's program; see `process`, and `lane` for what becomes of a child.
"""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from typing import Self

from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.media.lane import Lane
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.media.messages import Event, Job, Window
from avel.pipeline.media.process import NoRoom
from avel.pipeline.media.slots import room_for
from avel.pipeline.reasons import MediaError

LOOK_SECONDS = 0.25
"""How often children's deadlines and memory are looked at while none says anything."""
MOST_WAITED = 4 * LOOK_SECONDS
"""That one wait counts for: a program that is stopped for a night (Ctrl-Z) has not waited."""


class Decoders:
    """A pool of decoding children for videos that are cut in one way.

    Use it in a `with` block; whatever is not finished at its end is killed.
    """

    def __init__(self, config: SegmentConfig, limits: DecodeLimits) -> None:
        self._config, self._limits = config, limits
        self._room = room_for(config, limits.window_cells)
        self._most = limits.workers
        self._lanes: list[Lane] = []
        self._queue: deque[Job] = deque()
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
        return len(self._queue) + len(self._working) < self._most

    @property
    def busy(self) -> bool:
        """Whether any video is on its way."""
        return bool(self._working or self._queue)

    @property
    def _working(self) -> list[Lane]:
        return [lane for lane in self._lanes if lane.job is not None]

    def start(self, number: int, path: Path) -> None:
        """Begin to decode a file into cells; `events` speak of it by its number.

        Raises:
            EnvironmentProblem: not one child can be started.
        """
        limits = self._limits
        self._queue.append(
            Job(
                number,
                path,
                self._config,
                self._room.window_cells,
                limits.timeout_seconds,
                limits.codecs,
                device=limits.device if self._config.torchcodec else "",
            )
        )
        self._begin()

    def _begin(self) -> None:
        """Videos that wait to children that have none, as far as there are or can be."""
        while self._queue:
            lane = next((lane for lane in self._lanes if lane.job is None), None)
            if lane is None and (lane := self._another()) is None:
                return
            lane.begin(self._queue.popleft())

    def _another(self) -> Lane | None:
        """One more child; where the system allows none, those that are there must do."""
        try:
            self._lanes.append(Lane(self._room, self._limits))
        except NoRoom:
            if not self._lanes:
                raise
            self._most = len(self._lanes)
            return None
        return self._lanes[-1]

    def events(self) -> Iterator[Event]:
        """What children say; waits until one speaks or its seconds are over, or none is left."""
        while self.busy:
            self._begin()
            lanes = {lane.child.connection: lane for lane in self._working}
            since = time.monotonic()
            said = [lanes[c] for c in wait(list(lanes), LOOK_SECONDS)]  # type: ignore[index]
            self._waited += min(time.monotonic() - since, MOST_WAITED)
            heard = [event for lane in said for event in lane.read()]
            heard += self._late()
            yield from heard
            if heard:
                return

    def _late(self) -> Iterator[Event]:
        """What became of children that do not go on, however much the others have to say."""
        if time.monotonic() - self._looked < LOOK_SECONDS:
            return
        waited, self._waited, self._looked = self._waited, 0.0, time.monotonic()
        for lane in self._working:
            if event := lane.look(waited):
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
                else:
                    found = parts.pop(event.job, [])
                    yield event.job, event.error or join(found)


def decode_windows(path: Path, config: SegmentConfig, limits: DecodeLimits) -> Iterator[Segments]:
    """One file's cells, window by window.

    Raises:
        MediaError: there are none, or no more; carries the reason code.
    """
    with Decoders(config, limits) as decoders:
        decoders.start(0, path)
        while decoders.busy:
            for event in decoders.events():
                if isinstance(event, Window):
                    yield event.segments
                elif event.error is not None:
                    raise event.error
