"""All items of one stage under one fingerprint: a folder of immutable shards.

`<root>/<stage>/<fingerprint>/` holds `stage.json`, which says everything that was hashed, and
the shards. Writers never share a file: each writes its own shard under a temporary name and
publishes it by fsync and rename, so no lock on files is needed and nothing published is ever
reopened for writing. Readers rebuild the index from the shards.
"""

import contextlib
import json
import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from avel.cache.arrays import Array
from avel.cache.damage import read_damaged, remember_damaged
from avel.cache.errors import CacheError as CacheError
from avel.cache.errors import CacheFull as CacheFull
from avel.cache.errors import CacheUnavailable as CacheUnavailable
from avel.cache.errors import DamagedShard, writing
from avel.cache.fingerprint import Recipe, fingerprint, raw_key
from avel.cache.layout import Item
from avel.cache.mapped import MAX_MAPPED, MappedShards
from avel.cache.plain import listing, read_text
from avel.cache.shard import Shard, open_shard
from avel.cache.snapshot import Snapshot
from avel.cache.temporary import temporary
from avel.cache.writer import Writer as Writer

ABOUT = "stage.json"
SUFFIX = ".h5"


class Store:
    """Read and write items of one stage; threads may share it.

    What this process has added and not yet published is seen in it too.

    Args:
        root: Cache root, shared by all stages.
        stage: Name of the stage.
        recipe: Everything that decides the stage's numbers.
        make: Whether to create the folder; readers of a cache that may be missing do not.
        max_mapped: Shards that are mapped at once, beside those of which arrays are in use.

    Raises:
        CacheError: the folder cannot be made.
        CacheUnavailable: the folder, or a shard in it, cannot be read now.
    """

    def __init__(
        self,
        root: Path,
        stage: str,
        recipe: Recipe,
        *,
        make: bool = True,
        max_mapped: int = MAX_MAPPED,
    ) -> None:
        self.stage, self.recipe = stage, recipe
        self.fingerprint = fingerprint(recipe)
        self.folder = root / stage / self.fingerprint
        self.damage: list[str] = []
        """Sentences about damage met so far: which item, which file."""
        self._lock = threading.RLock()  # for those who make the next snapshot
        self._snapshot = Snapshot()
        self._held: dict[bytes, Item] = {}
        self._known: set[str] = set()  # names of shards, taken up or refused
        self._mapped = MappedShards(max_mapped)
        self._stale = False
        if make:
            self._make()
        self.refresh()

    def __reduce__(self) -> tuple[Any, ...]:
        """Another process opens the shards itself; what is unpublished stays here."""
        root = self.folder.parent.parent
        return _reopened, (root, self.stage, self.recipe)

    def _make(self) -> None:
        about = self.folder / ABOUT
        with contextlib.suppress(ValueError):
            if fingerprint(json.loads(read_text(about) or "")) == self.fingerprint:
                return
        with writing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            part = temporary(self.folder, uuid.uuid4().hex)
            try:
                part.write_text(json.dumps(self.recipe, indent=2, sort_keys=True) + "\n")
                os.replace(part, about)
            finally:
                part.unlink(missing_ok=True)

    def refresh(self) -> None:
        """Take up shards that were published since; damaged ones are named and left out.

        Raises:
            CacheUnavailable: the folder, or a shard in it, cannot be read now; nothing changes.
        """
        with self._lock:
            self._stale, found = False, []
            try:
                bad = read_damaged(self.folder)
                for name in self._unknown():
                    found += self._opened(name)
            except BaseException:
                self._stale = True
                raise
            self._snapshot = self._snapshot.with_shards(found).condemning(bad)
            self._known |= {shard.name for shard in found}

    def _unknown(self) -> list[str]:
        """Names of the shards in the folder that were not taken up, in order."""
        names = listing(self.folder)
        if names is None and self._snapshot.shards:
            raise CacheUnavailable(
                f"{self.folder}: is gone since it was opened; mount or restore it, and run again"
            )
        new = (name for name in names or () if name not in self._known)
        return [name for name in new if name.endswith(SUFFIX) and not name.startswith(".")]

    def _opened(self, name: str) -> list[Shard]:
        try:
            return [open_shard(self.folder / name, self.fingerprint)]
        except FileNotFoundError:  # removed since the folder was listed
            return []
        except DamagedShard as err:
            self._known.add(name)
            self._note(str(err))
            return []

    def _current(self) -> Snapshot:
        if self._stale:
            with self._lock:
                if self._stale:  # no other thread was faster
                    self.refresh()
        return self._snapshot

    def __contains__(self, key: str) -> bool:
        raw = raw_key(key)
        return raw in self._held or bool(self._current().find(raw))

    def __len__(self) -> int:
        return len(self._current())

    def keys(self) -> list[str]:
        """Keys, 64 hex digits, of all published items, each once, but those known to be damaged."""
        return list(self.each())

    def each(self) -> Iterator[str]:
        """The same one after another: a million of them take 120 MB."""
        return (key.hex() for key in self._current().keys())

    def get(self, key: str, names: Sequence[str] | None = None) -> dict[str, Array] | None:
        """Arrays (rows, ...) of one item as read-only views; None where it is missing or damaged.

        Damage is named in `damage` and remembered on disk, so that the item counts as missing
        from now on and is computed again.

        Raises:
            CacheUnavailable: the item is there and cannot be read now.
        """
        raw = raw_key(key)
        if (held := self._held.get(raw)) is not None:  # before the snapshot: `adopt` swaps it first
            return {n: array for n, array in held.arrays.items() if names is None or n in names}
        for shard, row in self._current().find(raw):
            arrays = self._read(shard, row, raw, names)
            if arrays is not None:
                return arrays
        return None

    def _read(
        self, shard: Shard, row: int, key: bytes, names: Sequence[str] | None
    ) -> dict[str, Array] | None:
        try:
            arrays = self._mapped.of(shard).read(row, names)
        except FileNotFoundError:
            self._lose(shard)
            return None
        except DamagedShard as err:
            self._condemn(shard, key, str(err))
            return None
        if arrays is None:
            item = key.hex()[:12]
            self._condemn(shard, key, f"{shard.path}: the checksum of item {item} does not agree")
        return arrays

    def _lose(self, shard: Shard) -> None:
        """Go on without a shard that somebody deleted; with its whole folder gone, do not."""
        self._unknown()
        self._note(f"{shard.path}: was deleted while it was in use; its items count as missing")
        with self._lock:
            self._snapshot = self._snapshot.without({shard.name})

    def _condemn(self, shard: Shard, key: bytes, why: str) -> None:
        with self._lock:
            self._snapshot = self._snapshot.condemning({(shard.name, key)})
        self._note(why)
        remember_damaged(self.folder, shard.name, key, why)

    def _note(self, sentence: str) -> None:
        if sentence not in self.damage:
            self.damage.append(sentence)

    def writer(self, **options: Any) -> Writer:
        """A writer of this process's own shards; use it in a `with`.

        Its options are `Writer`'s: limits in items, bytes and seconds, and who insists.
        """
        return Writer(self, **options)

    def hold(self, item: Item) -> None:
        """Show an item to this process's readers until it is published or dropped."""
        with self._lock:
            self._held[item.key] = item

    def adopt(self, shard: Shard, items: Sequence[Item]) -> None:
        """Show a shard that was just published, and hold its items no more."""
        with self._lock:
            if shard.name not in self._known:  # a refresh was no faster
                self._snapshot = self._snapshot.with_shards([shard])
                self._known.add(shard.name)
            self.drop(items)
            self._stale = True  # what others published is taken up as often

    def drop(self, items: Sequence[Item]) -> None:
        """Hold items no more, but those that were added anew since."""
        with self._lock:
            for item in items:
                if self._held.get(item.key) is item:
                    del self._held[item.key]


def _reopened(root: Path, stage: str, recipe: Recipe) -> Store:
    return Store(root, stage, recipe, make=False)
