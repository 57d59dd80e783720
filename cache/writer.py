"""Buffering finished items, and publishing them together as shards."""

import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol

from avel.cache.arrays import Array
from avel.cache.errors import CacheError, writing
from avel.cache.fingerprint import raw_key
from avel.cache.insist import Insist, at_once
from avel.cache.layout import Item, check_alike, write_shard
from avel.cache.shard import Shard
from avel.cache.stream import ItemStream
from avel.cache.temporary import temporary
from avel.cache.whole import sync_folder

FLYING = 2
"""Shards on their way at once: one is filled while the other is made durable."""


class Target(Protocol):
    """What a writer asks of its store; any thread may call it."""

    folder: Path
    fingerprint: str

    def hold(self, item: Item) -> None:
        """Show an item to this process's readers until it is published or dropped."""

    def adopt(self, shard: Shard, items: Sequence[Item]) -> None:
        """Show the shard in which the items are from now on, instead of holding them."""

    def drop(self, items: Sequence[Item]) -> None:
        """Show items no more that were not published."""


class Timer(Protocol):
    """As much of `threading.Timer` as is used."""

    daemon: bool

    def start(self) -> None:
        """Count down its seconds from now on."""

    def cancel(self) -> None:
        """Do nothing in the end."""


class Writer:
    """Publishes what it was given by number, size, age, or at the end; threads may share it.

    Leaving the `with` block publishes what is finished, also when an error or an interrupt ends
    it; what `add` has taken is lost only if the process is killed before it is published.

    Args:
        target: The store.
        max_items: Items of a shard.
        max_bytes: Size at which a shard is published.
        max_seconds: Age of the oldest item at which a shard is published, by a timer.
        insist: Calls what writes, again where the disk is full and it may wait; by any thread.
        timer: Makes the timer of so many seconds.
    """

    def __init__(
        self,
        target: Target,
        *,
        max_items: int = 1024,
        max_bytes: int = 128 << 20,
        max_seconds: float = 5.0,
        insist: Insist = at_once,
        timer: Callable[[float, Callable[[], None]], Timer] = threading.Timer,
    ) -> None:
        self._target, self._new_timer, self._insist = target, timer, insist
        self._max_items, self._max_bytes, self._max_seconds = max_items, max_bytes, max_seconds
        self._items: dict[bytes, Item] = {}
        self._bytes = 0
        self._unpublished: dict[str, list[Item]] = {}
        self._timer: Timer | None = None
        self._threads = ThreadPoolExecutor(FLYING)
        self._flying: deque[Future[None]] = deque()
        self._name = 0
        self._failed = self._closed = False
        self._lock = threading.RLock()

    def add(self, key: str, arrays: Mapping[str, Array]) -> None:
        """Take one finished item (arrays of (rows, ...)), which must not be changed any more.

        Publishes when the buffer is full, in items or bytes.

        Raises:
            CacheError: a shard could not be published; what was published before stays.
            ValueError: the arrays do not fit those before, or the key is no sha256.
        """
        item = Item(raw_key(key), arrays)
        with self._lock:
            if self._closed:
                raise ValueError(f"item {key[:12]}: its writer is closed; add within the `with`")
            check_alike(item, next(iter(self._items.values()), item))
            before = self._items.pop(item.key, None)
            self._items[item.key] = item
            self._bytes += item.num_bytes - (before.num_bytes if before else 0)
            self._target.hold(item)
            self._start_timer()
            if len(self._items) >= self._max_items or self._bytes >= self._max_bytes:
                self._launch()

    def stream(self, key: str) -> ItemStream:
        """Take one item part by part, of any length in rows; it gets a shard of its own."""
        target = self._target

        def publish(shard: Shard) -> None:
            target.adopt(shard, ())

        return ItemStream(
            target.folder, target.fingerprint, raw_key(key), publish, insist=self._insist
        )

    def publish(self) -> None:
        """Make all items taken so far durable and visible to every reader.

        Raises:
            CacheError: the disk is full or the folder not writable. What was published before
                stays; the temporary file is removed.
        """
        with self._lock:
            self._launch()
            while self._flying:
                self._land()

    def start_publishing(self) -> "Landing":
        """Begin to make all items taken so far durable, and go on; says when they are.

        Raises:
            CacheError: what was published before could not be.
        """
        with self._lock:
            self._launch()
            return Landing(self, self._flying[-1] if self._flying else None)

    def landed(self, last: "Future[None] | None", *, wait: bool) -> bool:
        """Whether all shards up to one are durable; see `Landing`."""
        with self._lock:
            while last in self._flying and (wait or self._flying[0].done()):
                self._land()
            return last not in self._flying

    def _start_timer(self) -> None:
        if self._timer is None:
            self._timer = self._new_timer(self._max_seconds, self._expire)
            self._timer.daemon = True
            self._timer.start()

    def _expire(self) -> None:
        """Publish what is old; what fails is raised by the next call of the writer's owner."""
        with self._lock:
            self._timer = None
            if self._closed or not self._items:
                return
            if sum(not future.done() for future in self._flying) < FLYING:
                self._submit()
            else:
                self._start_timer()

    def _launch(self) -> None:
        while self._flying and (len(self._flying) >= FLYING or self._flying[0].done()):
            self._land()
        if self._items:
            self._submit()

    def _submit(self) -> None:
        self._stop_timer()
        self._name = max(self._name + 1, time.time_ns())  # newest last, also between two threads
        name = f"{self._name:020d}-{uuid.uuid4().hex[:12]}"
        items = self._unpublished[name] = list(self._items.values())
        self._items, self._bytes = {}, 0
        self._flying.append(self._threads.submit(self._publish, name, items))

    def _publish(self, name: str, items: list[Item]) -> None:
        target = self._target
        shard = self._insist(lambda: publish_shard(target.folder, name, items, target.fingerprint))
        target.adopt(shard, items)
        del self._unpublished[name]

    def _land(self) -> None:
        wait(list(self._flying)[:1])  # an interrupt here leaves the shard in flight
        try:
            self._flying.popleft().result()
        except CacheError:
            self._failed = True
            raise

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            refused = self._failed and isinstance(error, CacheError)
            if not refused:  # where the disk has said no, asking again hides it
                self.publish()
        finally:
            with self._lock:
                self._closed = True
                self._stop_timer()
            self._threads.shutdown()
            lost = [
                *self._items.values(),
                *(i for many in self._unpublished.values() for i in many),
            ]
            self._target.drop(lost)


class Landing:
    """Shards that are on their way, up to the last when this was made; None for no shard."""

    def __init__(self, writer: Writer, last: "Future[None] | None") -> None:
        self._writer, self._last = writer, last

    def done(self) -> bool:
        """Whether all are durable and visible to every reader; waits for nothing.

        Raises:
            CacheError: one could not be published.
        """
        return self._writer.landed(self._last, wait=False)

    def wait(self) -> None:
        """Until they are.

        Raises:
            CacheError: one could not be published.
        """
        self._writer.landed(self._last, wait=True)


def publish_shard(folder: Path, name: str, items: Sequence[Item], fingerprint: str) -> Shard:
    """Write items of arrays (rows, ...) as a shard under a temporary name, then give it its own.

    Raises:
        CacheError: the disk is full or the folder not writable; the temporary file is removed.
    """
    part, path = temporary(folder, name), folder / f"{name}.h5"
    with writing(folder):
        try:
            keys = write_shard(part, items, fingerprint)
            os.replace(part, path)
            sync_folder(folder)
        except BaseException:
            with suppress(OSError):  # of a folder that is gone: why it failed is said already
                part.unlink(missing_ok=True)
            raise
    return Shard(path, keys)
