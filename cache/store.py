"""All items of one stage under one fingerprint: a folder of immutable shards.

`<root>/<stage>/<fingerprint>/` holds `stage.json`, which says everything that was hashed, and
the shards. Writers never share a file: each writes its own shard under a temporary name and
publishes it by fsync and rename, so no lock is needed and nothing published is ever reopened
for writing. Readers rebuild the index from the shards.
"""

import contextlib
import errno
import json
import os
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.cache.fingerprint import Recipe, fingerprint
from avel.cache.shard import Array, DamagedShard, Item, Shard, write_shard

DAMAGED = "damaged.jsonl"


class CacheError(Exception):
    """The cache folder cannot be used; says why and what to do."""


class Store:
    """Read and write items of one stage.

    Args:
        root: Cache root, shared by all stages.
        stage: Name of the stage.
        recipe: Everything that decides the stage's numbers.
        make: Whether to create the folder; readers of a cache that may be missing do not.
    """

    def __init__(self, root: Path, stage: str, recipe: Recipe, *, make: bool = True) -> None:
        self.stage = stage
        self.recipe = recipe
        self.fingerprint = fingerprint(recipe)
        self.folder = root / stage / self.fingerprint
        self.damage: list[str] = []
        """Sentences about damage met so far: which item, which file."""
        self._shards: dict[str, Shard] = {}
        self._bad: set[tuple[str, bytes]] = set()
        self._unpublished: dict[bytes, Mapping[str, Array]] = {}
        self._stale = False
        self._order: list[Shard] = []
        self._prefixes = np.zeros(0, np.uint64)
        self._places = np.zeros((0, 2), np.int64)
        if make:
            self._make()
        self.refresh()

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the shards itself; what is unpublished stays here."""
        root = self.folder.parent.parent
        return _reopened, (root, self.stage, self.recipe)

    def _make(self) -> None:
        about = self.folder / "stage.json"
        if about.exists():
            return
        with _explained(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = self.folder / f".{uuid.uuid4().hex}.part"
            text = json.dumps(self.recipe, indent=2, sort_keys=True)
            temporary.write_text(text + "\n")
            os.replace(temporary, about)

    def refresh(self) -> None:
        """Take up shards that were published since; damaged ones are named and left out."""
        self._stale = False
        self._load_damaged()
        names = (
            sorted(path.name for path in self.folder.glob("*.h5")) if self.folder.exists() else []
        )
        for name in names:
            if name not in self._shards:
                try:
                    self._shards[name] = Shard(self.folder / name, self.fingerprint)
                except DamagedShard as err:
                    self._note(str(err))
        self._index()

    def _load_damaged(self) -> None:
        path = self.folder / DAMAGED
        lines = path.read_text().splitlines() if path.exists() else []
        for line in lines:
            with contextlib.suppress(ValueError, KeyError, TypeError):
                entry = json.loads(line)
                self._bad.add((entry["shard"], bytes.fromhex(entry["key"])))

    def _index(self) -> None:
        """Sorted key prefixes with their (shard, row): 24 bytes an item. Newest shard first."""
        self._order = list(reversed(self._shards.values()))
        prefixes, places = [], []
        for number, shard in enumerate(self._order):
            prefixes.append(_prefix(shard.keys))
            rows = np.arange(len(shard.keys))
            places.append(np.stack([np.full_like(rows, number), rows], axis=1))
        if not prefixes:
            return
        joined = np.concatenate(prefixes)
        order = np.argsort(joined, kind="stable")
        self._prefixes, self._places = joined[order], np.concatenate(places)[order]

    def _find(self, key: bytes) -> Iterator[tuple[Shard, int]]:
        """Places of a key, the newest first."""
        if self._stale:
            self.refresh()
        prefix = _prefix(np.frombuffer(key, np.uint8)[None])[0]
        position = int(np.searchsorted(self._prefixes, prefix))
        while position < len(self._prefixes) and self._prefixes[position] == prefix:
            number, row = self._places[position]
            shard = self._order[number]
            if shard.keys[row].tobytes() == key and (shard.path.name, key) not in self._bad:
                yield shard, int(row)
            position += 1

    def __contains__(self, key: str) -> bool:
        raw = bytes.fromhex(key)
        return raw in self._unpublished or next(self._find(raw), None) is not None

    def __len__(self) -> int:
        return len(self.keys())

    def keys(self) -> list[str]:
        """Keys of all published items, each once, without those known to be damaged."""
        if self._stale:
            self.refresh()
        found = {
            key.tobytes().hex(): None
            for shard in self._order
            for key in shard.keys
            if (shard.path.name, key.tobytes()) not in self._bad
        }
        return list(found)

    def get(self, key: str, names: Sequence[str] | None = None) -> dict[str, Array] | None:
        """Arrays of one item as read-only views; None where it is missing or damaged.

        Damage is named in `damage` and remembered on disk, so that the item counts as missing
        from now on and is computed again. What this process has added and not yet published
        is seen too.
        """
        raw = bytes.fromhex(key)
        if (waiting := self._unpublished.get(raw)) is not None:
            return {name: waiting[name] for name in waiting if names is None or name in names}
        for shard, row in self._find(raw):
            try:
                arrays = shard.read(row, names)
            except DamagedShard as err:
                self._condemn(shard, raw, str(err))
                continue
            if arrays is not None:
                return arrays
            self._condemn(
                shard, raw, f"{shard.path}: the checksum of item {key[:12]} does not agree"
            )
        return None

    def _condemn(self, shard: Shard, key: bytes, why: str) -> None:
        self._bad.add((shard.path.name, key))
        self._note(why)
        line = json.dumps({"shard": shard.path.name, "key": key.hex(), "why": why})
        with contextlib.suppress(OSError), (self.folder / DAMAGED).open("a") as file:
            file.write(line + "\n")

    def _note(self, sentence: str) -> None:
        if sentence not in self.damage:
            self.damage.append(sentence)

    def writer(self, **limits: float) -> "Writer":
        """A writer of this process's own shards; use it in a `with` block."""
        return Writer(self, **limits)  # type: ignore[arg-type]


def _reopened(root: Path, stage: str, recipe: Recipe) -> Store:
    return Store(root, stage, recipe, make=False)


def _prefix(keys: Array) -> NDArray[np.uint64]:
    return np.ascontiguousarray(keys[:, :8]).view(np.uint64).reshape(-1)


class Writer:
    """Buffers finished items and publishes them together: by number, size, age, or at the end.

    Leaving the `with` block publishes what is finished, also when an error or an interrupt ends
    it; what `add` has taken is lost only if the process is killed before it is published. Two
    shards may be on their way at once, so that one is filled while the other is made durable.
    """

    def __init__(
        self,
        store: Store,
        *,
        max_items: int = 1024,
        max_bytes: int = 128 << 20,
        max_seconds: float = 5.0,
    ) -> None:
        self._store = store
        self._max_items, self._max_bytes, self._max_seconds = max_items, max_bytes, max_seconds
        self._items: dict[bytes, Item] = {}
        self._bytes = 0
        self._oldest = 0.0
        self._threads = ThreadPoolExecutor(2)
        self._flying: deque[tuple[Future[None], list[bytes]]] = deque()

    def add(self, key: str, arrays: Mapping[str, Array]) -> None:
        """Take one finished item; publishes when the buffer is full or old.

        Raises:
            CacheError: a shard could not be published; what was published before stays.
        """
        if not self._items:
            self._oldest = time.monotonic()
        item = Item(bytes.fromhex(key), arrays)
        self._items[item.key] = item
        self._store._unpublished[item.key] = arrays
        self._bytes += item.num_bytes
        full = len(self._items) >= self._max_items or self._bytes >= self._max_bytes
        if full or time.monotonic() - self._oldest >= self._max_seconds:
            self._launch()

    def publish(self) -> None:
        """Make all items taken so far durable and visible to every reader.

        Raises:
            CacheError: the disk is full or the folder not writable. What was published before
                stays; the temporary file is removed.
        """
        self._launch()
        while self._flying:
            self._land()

    def _launch(self) -> None:
        while self._flying and (len(self._flying) > 1 or self._flying[0][0].done()):
            self._land()
        if self._items:
            items = list(self._items.values())
            future = self._threads.submit(
                _publish, self._store.folder, items, self._store.fingerprint
            )
            self._flying.append((future, list(self._items)))
            self._items, self._bytes = {}, 0

    def _land(self) -> None:
        future, keys = self._flying.popleft()
        future.result()
        self._store._stale = True
        for key in keys:
            self._store._unpublished.pop(key, None)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if not isinstance(error, CacheError):  # the disk has said no; asking again hides it
                self.publish()
        finally:
            self._threads.shutdown()


def _publish(folder: Path, items: list[Item], fingerprint: str) -> None:
    """Write a shard under a temporary name, make it durable, give it its name."""
    name = f"{time.time_ns():020d}-{uuid.uuid4().hex[:12]}"
    temporary = folder / f".{name}.part"
    with _explained(folder):
        try:
            write_shard(temporary, items, fingerprint)
            os.replace(temporary, folder / f"{name}.h5")
            _sync_folder(folder)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn the system's refusal to write into a sentence with a remedy."""
    try:
        yield
    except OSError as err:
        free = "the disk is full" in str(err) or err.errno in (errno.ENOSPC, errno.EDQUOT)
        if free or "No space left" in str(err):
            raise CacheError(
                f"{folder}: the disk is full; everything published before is kept. Free some "
                "space (`avel cache gc`) or give another folder with --cache-dir, and run again"
            ) from err
        raise CacheError(
            f"{folder}: cannot be written ({err.strerror or err}); give a writable folder with "
            "--cache-dir or AVEL_CACHE_DIR"
        ) from err
