"""One item of any length into the cache, part by part, in constant memory.

Each array is spooled to a file of its own beside the shards, since a shard's arrays lie one after
another and their lengths are known only at the end; then a shard of this one item is laid out and
the spools are copied into it.
"""

import io
import os
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xxhash

from avel.cache.arrays import Array
from avel.cache.errors import writing
from avel.cache.header import Extent
from avel.cache.insist import Insist, at_once
from avel.cache.layout import lay_out
from avel.cache.plain import write_at
from avel.cache.shard import Shard
from avel.cache.temporary import temporary
from avel.cache.whole import sync_folder

COPY_BYTES = 1 << 24
"""Copied at a time."""


@dataclass
class _Spool:
    """One array on its way: its file, and all that its shard will say of it."""

    path: Path
    file: io.FileIO
    shape: tuple[int, ...]
    """Of a row."""
    dtype: np.dtype[np.generic]
    digest: xxhash.xxh3_64
    rows: int = 0
    num_bytes: int = 0

    def append(self, array: Array) -> None:
        """Add rows (n, ...); where that fails, it can be done again."""
        data = np.ascontiguousarray(array).view(np.uint8).reshape(-1).data
        write_at(self.file.fileno(), self.num_bytes, data)
        self.digest.update(data)
        self.rows, self.num_bytes = self.rows + len(array), self.num_bytes + len(data)


class ItemStream:
    """Takes the arrays of one item part by part; publishes it whole or not at all.

    Args:
        folder: Of the store.
        fingerprint: Sha256, in hex, of the store's recipe.
        key: The item's 32 bytes.
        publish: Told of the shard once it is durable.
        insist: Calls what writes, again where the disk is full and it may wait.
    """

    def __init__(
        self,
        folder: Path,
        fingerprint: str,
        key: bytes,
        publish: Callable[[Shard], None],
        *,
        insist: Insist = at_once,
    ) -> None:
        self._folder, self._fingerprint, self._key = folder, fingerprint, key
        self._publish, self._insist = publish, insist
        self._mark = uuid.uuid4().hex[:12]
        self._spools: dict[str, _Spool] = {}

    def append(self, arrays: Mapping[str, Array]) -> None:
        """Add rows (n, ...) to each array; every call gives the same names.

        Raises:
            CacheError: the disk is full or the folder not writable.
            ValueError: an array's rows are not those of the calls before.
        """
        for name, array in arrays.items():
            self._insist(lambda name=name, array=array: self._append(name, array))  # type: ignore[misc]

    def _append(self, name: str, array: Array) -> None:
        with writing(self._folder):
            spool = self._spools.get(name) or self._open(name, array)
            if (array.shape[1:], array.dtype) != (spool.shape, spool.dtype):
                raise ValueError(
                    f"item {self._key.hex()[:12]}: array '{name}' is {array.dtype}"
                    f"{list(array.shape[1:])} per row, before it was {spool.dtype}"
                    f"{list(spool.shape)}"
                )
            spool.append(array)

    def _open(self, name: str, array: Array) -> _Spool:
        path = temporary(self._folder, f"{self._mark}-{name}")
        file = path.open("x+b", buffering=0)
        spool = _Spool(path, file, array.shape[1:], array.dtype, xxhash.xxh3_64())
        self._spools[name] = spool
        return spool

    def finish(self, rest: Mapping[str, Array]) -> None:
        """Publish the item, with further arrays (rows, ...) that were not streamed.

        Raises:
            CacheError: the disk is full or the folder not writable; nothing of it stays.
        """
        name = f"{time.time_ns():020d}-{self._mark}"
        part, path = temporary(self._folder, name), self._folder / f"{name}.h5"
        try:
            self.append(rest)
            keys = self._insist(lambda: self._whole(part, path))
        finally:
            self.abandon()
        self._publish(Shard(path, keys))

    def _whole(self, part: Path, path: Path) -> Array:
        """Make the shard of what is spooled; its keys (1, 32)."""
        with writing(self._folder):
            try:
                keys = self._write(part)
                os.replace(part, path)
                sync_folder(self._folder)
            finally:
                with suppress(OSError):  # of a folder that is gone
                    part.unlink(missing_ok=True)
        return keys

    def _write(self, path: Path) -> Array:
        spools = dict(sorted(self._spools.items()))
        rows = np.array([[[0, spool.rows] for spool in spools.values()]], np.int64)
        checksums = np.array([[s.digest.intdigest() for s in spools.values()]], np.uint64)
        keys = np.frombuffer(self._key, np.uint8).reshape(1, -1)
        tables: dict[str, Array] = {"keys": keys, "rows": rows, "checksums": checksums}
        shapes = {
            name: Extent(0, (spool.rows, *spool.shape), spool.dtype)
            for name, spool in spools.items()
        }
        paper, header = lay_out(tables, shapes, self._fingerprint)
        with path.open("xb", buffering=0) as file:
            handle = file.fileno()
            paper.paint(handle)
            for name, spool in spools.items():
                offset = header.arrays[name].offset
                spool.file.seek(0)
                while chunk := spool.file.read(COPY_BYTES):
                    write_at(handle, offset, chunk)
                    offset += len(chunk)
            os.fsync(handle)
        return keys

    def abandon(self) -> None:
        """Leave nothing behind."""
        for spool in self._spools.values():
            with suppress(OSError):  # of a folder that is gone, or does not answer
                spool.file.close()
                spool.path.unlink(missing_ok=True)
        self._spools = {}
