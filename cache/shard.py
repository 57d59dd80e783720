"""One immutable HDF5 file that packs many items: contiguous arrays and an index of checksums.

```
keys        (N, 32) uint8     sha256 of the source's content
rows        (N, A, 2) int64   first row and number of rows in each of the A arrays
checksums   (N, A) uint64     xxh3-64 of the item's bytes in each array
arrays/<a>  (R, ...)          contiguous; the items' rows one after another
```

The file is laid out by HDF5 and filled at the datasets' byte offsets, and read by mapping them:
as fast as a raw memory map, and any HDF5 tool still opens it.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import xxhash
from numpy.typing import NDArray

SCHEMA = 1

Array = NDArray[np.generic]


@dataclass(frozen=True)
class Item:
    """One video's arrays under its 32-byte key."""

    key: bytes
    arrays: Mapping[str, Array]

    @property
    def num_bytes(self) -> int:
        """Size of all arrays."""
        return sum(array.nbytes for array in self.arrays.values())


class DamagedShard(Exception):
    """A shard's index cannot be trusted or read."""


def checksum(array: Array) -> int:
    """xxh3-64 of an array's bytes."""
    return xxhash.xxh3_64_intdigest(np.ascontiguousarray(array).view(np.uint8).reshape(-1).data)


def write_shard(path: Path, items: Sequence[Item], fingerprint: str) -> None:
    """Write items to a new file at `path` and make it durable. The caller renames it.

    Raises:
        OSError: the disk is full or not writable; the file is incomplete.
        ValueError: items do not have the same arrays.
    """
    names = sorted(items[0].arrays)
    columns = {name: [np.ascontiguousarray(item.arrays[name]) for item in items] for name in names}
    rows = np.zeros((len(items), len(names), 2), np.int64)
    checksums = np.zeros((len(items), len(names)), np.uint64)
    for a, name in enumerate(names):
        _check_alike(name, columns[name], items)
        counts = np.array([len(array) for array in columns[name]])
        rows[:, a, 1] = counts
        rows[:, a, 0] = np.cumsum(counts) - counts
        checksums[:, a] = [checksum(array) for array in columns[name]]
    keys = np.frombuffer(b"".join(item.key for item in items), np.uint8).reshape(-1, 32)
    offsets = _lay_out(path, keys, rows, checksums, columns, fingerprint)
    with path.open("r+b") as file:
        for name, offset in offsets.items():
            file.seek(offset)
            for array in columns[name]:
                file.write(array.view(np.uint8).reshape(-1).data)
        file.flush()
        os.fsync(file.fileno())


def _check_alike(name: str, arrays: list[Array], items: Sequence[Item]) -> None:
    first = arrays[0]
    for item, array in zip(items, arrays, strict=True):
        if array.dtype != first.dtype or array.shape[1:] != first.shape[1:]:
            raise ValueError(
                f"item {item.key.hex()[:12]}: array '{name}' is "
                f"{array.dtype}{list(array.shape[1:])} per row, the shard's is "
                f"{first.dtype}{list(first.shape[1:])}"
            )


def _lay_out(
    path: Path,
    keys: Array,
    rows: Array,
    checksums: Array,
    columns: Mapping[str, list[Array]],
    fingerprint: str,
) -> dict[str, int]:
    """Create the file with its index and room for the arrays; byte offset of each array."""
    with h5py.File(path, "w-", libver="latest") as file:
        file.attrs.update(schema=SCHEMA, fingerprint=fingerprint, names=json.dumps(list(columns)))
        for name, table in (("keys", keys), ("rows", rows), ("checksums", checksums)):
            file.create_dataset(name, data=table)
            file.attrs[f"{name}_checksum"] = np.uint64(checksum(table))
        room = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        room.set_layout(h5py.h5d.CONTIGUOUS)
        room.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        room.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        group = file.create_group("arrays")
        offsets = {}
        for name, arrays in columns.items():
            shape = (sum(len(array) for array in arrays), *arrays[0].shape[1:])
            kind = h5py.h5t.py_create(arrays[0].dtype, logical=True)
            space = h5py.h5s.create_simple(shape)
            dataset = h5py.h5d.create(group.id, name.encode(), kind, space, dcpl=room)
            if all(shape):
                offsets[name] = dataset.get_offset()
        return offsets


class Shard:
    """A published shard, read by mapping its arrays; opens with its keys alone."""

    def __init__(self, path: Path, fingerprint: str) -> None:
        self.path = path
        try:
            with h5py.File(path, "r", locking=False) as file:
                if file.attrs["schema"] != SCHEMA:
                    raise DamagedShard(
                        f"{path}: schema {file.attrs['schema']}, this avel reads {SCHEMA}"
                    )
                if file.attrs["fingerprint"] != fingerprint:
                    raise DamagedShard(
                        f"{path}: was made by another recipe ({file.attrs['fingerprint']})"
                    )
                self.keys = self._table(file, "keys")
        except (OSError, KeyError, RuntimeError, ValueError) as err:
            raise DamagedShard(f"{path}: index cannot be read ({err})") from err
        self._rows: Array | None = None
        self._maps: dict[str, Array] = {}
        self._names: list[str] = []
        self._verified: NDArray[np.bool_] = np.zeros(0, bool)

    def _table(self, file: h5py.File, name: str) -> Array:
        table: Array = file[name][()]
        if checksum(table) != int(file.attrs[f"{name}_checksum"]):
            raise DamagedShard(f"{self.path}: the checksum of its table '{name}' does not agree")
        return table

    def _map(self) -> None:
        """Map the arrays, once."""
        try:
            with h5py.File(self.path, "r", locking=False) as file:
                self._names = json.loads(file.attrs["names"])
                self._checksums = self._table(file, "checksums")
                rows = self._table(file, "rows")
                size = self.path.stat().st_size
                for name in self._names:
                    dataset = file["arrays"][name]
                    self._maps[name] = self._map_one(dataset, name, size)
        except (OSError, KeyError, RuntimeError, ValueError) as err:
            raise DamagedShard(f"{self.path}: arrays cannot be mapped ({err})") from err
        self._verified = np.zeros(self._checksums.shape, bool)
        self._rows = rows

    def _map_one(self, dataset: h5py.Dataset, name: str, size: int) -> Array:
        if not dataset.size:
            return np.zeros(dataset.shape, dataset.dtype)
        offset = dataset.id.get_offset()
        if offset + dataset.nbytes > size:
            raise DamagedShard(f"{self.path}: ends inside its array '{name}'")
        mapped = np.memmap(self.path, dataset.dtype, "r", offset, dataset.shape)
        return mapped.view(np.ndarray)

    def read(self, row: int, names: Sequence[str] | None) -> dict[str, Array] | None:
        """The named arrays of one item as read-only views; None where a checksum disagrees.

        Each array of an item is verified on its first read in this process.
        """
        if self._rows is None:
            self._map()
        assert self._rows is not None
        arrays = {}
        for a, name in enumerate(self._names):
            if names is not None and name not in names:
                continue
            first, count = self._rows[row, a]
            array = self._maps[name][first : first + count]
            if not self._verified[row, a]:
                if checksum(array) != self._checksums[row, a]:
                    return None
                self._verified[row, a] = True
            arrays[name] = array
        return arrays
