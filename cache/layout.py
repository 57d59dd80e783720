"""How a shard is laid out and written.

```
user block  4096 bytes        the header: where everything lies (header.py)
keys        (N, 32) uint8     sha256 of the source's content
rows        (N, A, 2) int64   first row and number of rows in each of the A arrays
checksums   (N, A) uint64     xxh3-64 of the item's bytes in each array
arrays/<a>  (R, ...)          contiguous; the items' rows one after another
```

All but the user block is plain HDF5, drawn in memory without the arrays; their bytes are then
written at their offsets, so no copy of them is made and HDF5 never meets a full disk.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from avel.cache.arrays import Array, checksum
from avel.cache.hdf5 import Drawing, drawing, reserve
from avel.cache.header import SCHEMA, USER_BLOCK, Extent, Header, encode
from avel.cache.plain import write_all_at

ALIGNMENT = 64
"""Bytes, to which arrays are aligned: a cache line."""


@dataclass(frozen=True)
class Item:
    """One video's arrays (rows, ...) under its 32-byte key."""

    key: bytes
    arrays: Mapping[str, Array]

    @property
    def num_bytes(self) -> int:
        """Size of all arrays in bytes."""
        return sum(array.nbytes for array in self.arrays.values())


def check_alike(item: Item, first: Item) -> None:
    """Refuse an item of arrays (rows, ...) that cannot lie in one shard with another.

    Raises:
        ValueError: its arrays have other names, dtypes or shapes per row, or hold no numbers.
    """
    name = item.key.hex()[:12]
    if item.arrays.keys() != first.arrays.keys():
        raise ValueError(
            f"item {name}: has the arrays {', '.join(sorted(item.arrays))}; the shard's are "
            f"{', '.join(sorted(first.arrays))}"
        )
    for a, array in item.arrays.items():
        if not array.ndim or array.dtype.kind not in "biufc":
            raise ValueError(
                f"item {name}: array '{a}' is {array.dtype}{list(array.shape)}; the cache keeps "
                "rows of numbers or booleans"
            )
        other = first.arrays[a]
        if array.dtype != other.dtype or array.shape[1:] != other.shape[1:]:
            raise ValueError(
                f"item {name}: array '{a}' is {array.dtype}{list(array.shape[1:])} per row, the "
                f"shard's is {other.dtype}{list(other.shape[1:])}"
            )


def write_shard(path: Path, items: Sequence[Item], fingerprint: str) -> Array:
    """Write items to a new file at `path` and make it durable; their keys (N, 32).

    The caller renames it.

    Raises:
        OSError: the disk is full or not writable; the file is incomplete.
        ValueError: items do not have the same arrays.
    """
    for item in items:
        check_alike(item, items[0])
    columns = {
        name: [np.ascontiguousarray(item.arrays[name]) for item in items]
        for name in sorted(items[0].arrays)
    }
    tables = _tables(items, columns)
    shapes = {
        name: Extent(0, (sum(map(len, arrays)), *arrays[0].shape[1:]), arrays[0].dtype)
        for name, arrays in columns.items()
    }
    paper, header = lay_out(tables, shapes, fingerprint)
    with path.open("xb", buffering=0) as file:
        handle = file.fileno()
        paper.paint(handle)
        for name, arrays in columns.items():
            write_all_at(handle, header.arrays[name].offset, arrays)
        os.fsync(handle)
    return tables["keys"]


def _tables(items: Sequence[Item], columns: Mapping[str, list[Array]]) -> dict[str, Array]:
    rows = np.zeros((len(items), len(columns), 2), np.int64)
    checksums = np.zeros((len(items), len(columns)), np.uint64)
    for a, arrays in enumerate(columns.values()):
        counts = np.array([len(array) for array in arrays])
        rows[:, a] = np.stack([np.cumsum(counts) - counts, counts], axis=1)
        checksums[:, a] = [checksum(array) for array in arrays]
    keys = np.frombuffer(b"".join(item.key for item in items), np.uint8).reshape(-1, 32)
    return {"keys": keys, "rows": rows, "checksums": checksums}


def lay_out(
    tables: Mapping[str, Array], arrays: Mapping[str, Extent], fingerprint: str
) -> tuple[Drawing, Header]:
    """A shard without its arrays' bytes, and where these belong.

    Args:
        tables: `keys`, `rows` and `checksums`.
        arrays: Shape and dtype of each array; offsets are not read.
        fingerprint: Sha256, in hex, of the recipe.
    """
    checks = {name: checksum(table) for name, table in tables.items()}
    with drawing(
        libver="latest",
        userblock_size=USER_BLOCK,
        alignment_threshold=ALIGNMENT,
        alignment_interval=ALIGNMENT,
    ) as (file, paper):
        file.attrs.update(schema=SCHEMA, fingerprint=fingerprint, names=json.dumps(list(arrays)))
        extents = {}
        for name, table in tables.items():
            dataset = file.create_dataset(name, data=table)
            extents[name] = Extent(dataset.id.get_offset(), table.shape, table.dtype)
            file.attrs[f"{name}_checksum"] = np.uint64(checks[name])
        group = file.create_group("arrays")
        placed = {
            name: Extent(reserve(group, name, e.shape, e.dtype), e.shape, e.dtype)
            for name, e in arrays.items()
        }
    header = Header(SCHEMA, fingerprint, extents, checks, placed)
    paper.pieces.append((0, encode(header)))
    return paper, header
