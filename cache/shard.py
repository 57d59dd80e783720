"""A published shard: opened with its keys alone, read by mapping its arrays.

Everything is read by plain I/O at offsets that the file's header gives; a file without one (written
before there were headers) gives the same through HDF5.
"""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xxhash
from numpy.typing import NDArray

from avel.cache.arrays import Array, checksum
from avel.cache.errors import DamagedShard
from avel.cache.hdf5 import open_hdf5, reading_hdf5
from avel.cache.header import SCHEMA, USER_BLOCK, Extent, Header, decode
from avel.cache.plain import FileMap, chunks, opened, read_at

TABLES = ("keys", "rows", "checksums")
LARGE = 32 << 20
"""Bytes from which an array is verified by plain reads: its pages would all stay in memory."""


@dataclass(frozen=True, eq=False)
class Shard:
    """A file of items, by their keys (N, 32) uint8; `verified` is (N, A) once one is read."""

    path: Path
    keys: Array
    verified: list[NDArray[np.bool_]] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Its file's name; the later in order, the newer."""
        return self.path.name


def open_shard(path: Path, fingerprint: str | None) -> Shard:
    """A shard by its path, of a recipe's fingerprint (64 hex digits) or, with None, of any.

    Raises:
        DamagedShard: its index cannot be trusted, or another recipe or avel made it.
        CacheUnavailable: it cannot be read now.
        FileNotFoundError: there is none.
    """
    with opened(path) as handle:
        header = _header(path, handle)
        if header.schema != SCHEMA:
            raise DamagedShard(
                f"{path}: has schema {header.schema}, this avel reads {SCHEMA}; `avel cache gc "
                "--delete` removes it, and the next run makes its items again"
            )
        if fingerprint is not None and header.fingerprint != fingerprint:
            raise DamagedShard(f"{path}: was made by another recipe ({header.fingerprint})")
        return Shard(path, _table(path, handle, header, "keys"))


class MappedShard:
    """The arrays of a shard in memory: one map of the file, however many arrays it has.

    Raises:
        DamagedShard: its index cannot be trusted.
        CacheUnavailable: it cannot be read or mapped now.
        FileNotFoundError: it is gone.
    """

    def __init__(self, shard: Shard) -> None:
        self._shard, path = shard, shard.path
        with opened(path) as handle:
            header = _header(path, handle)
            self._rows = _table(path, handle, header, "rows")
            self._checksums = _table(path, handle, header, "checksums")
            self._map = FileMap(handle, header.end)
        whole = np.asarray(self._map)
        self._extents = header.arrays
        self._columns = {name: a for a, name in enumerate(header.arrays)}
        self._arrays = {name: _view(whole, extent) for name, extent in header.arrays.items()}
        if not shard.verified:
            shard.verified.append(np.zeros(self._checksums.shape, bool))

    def read(self, row: int, names: Sequence[str] | None) -> dict[str, Array] | None:
        """Named arrays (rows, ...) of one item, read-only views; None where a checksum disagrees.

        Each array of an item is verified on its first read in this process.

        Raises:
            CacheUnavailable: it cannot be read now.
            FileNotFoundError: it was deleted before the item was verified.
        """
        found = {}
        for name, a in self._columns.items():
            if names is None or name in names:
                first, count = self._rows[row, a].tolist()
                found[name] = self._arrays[name][first : first + count]
        verified = self._shard.verified[0][row]
        doubted = [name for name in found if not verified[self._columns[name]]]
        return found if self._sound(row, doubted, found) else None

    def _sound(self, row: int, names: Sequence[str], found: Mapping[str, Array]) -> bool:
        for name in names:
            a = self._columns[name]
            if self._checksum(name, row, found[name]) != self._checksums[row, a]:
                return False
            self._shard.verified[0][row, a] = True
        return True

    def _checksum(self, name: str, row: int, array: Array) -> int:
        """By the map where its pages could be read; by plain reads, which tell why, elsewhere."""
        extent = self._extents[name]
        step = extent.num_bytes // max(1, extent.shape[0])
        offset = extent.offset + int(self._rows[row, self._columns[name], 0]) * step
        if array.nbytes <= LARGE and self._map.populate(offset, array.nbytes):
            return checksum(array)
        digest = xxhash.xxh3_64()
        with opened(self._shard.path) as handle:
            for chunk in chunks(handle, offset, array.nbytes):
                digest.update(chunk.data)
        return digest.intdigest()


def _header(path: Path, handle: int) -> Header:
    """Where everything lies, in a file that is long enough for it."""
    size = os.fstat(handle).st_size
    block = read_at(handle, 0, min(size, USER_BLOCK)).tobytes()
    header = decode(block) or _header_by_hdf5(path)
    if header.end > size:
        raise DamagedShard(f"{path}: ends after {size} of {header.end} bytes")
    return header


def _header_by_hdf5(path: Path) -> Header:
    try:
        with open_hdf5(path) as file, reading_hdf5(path):
            names = json.loads(file.attrs["names"])
            return Header(
                int(file.attrs["schema"]),
                str(file.attrs["fingerprint"]),
                {name: _extent(file[name]) for name in TABLES},
                {name: int(file.attrs[f"{name}_checksum"]) for name in TABLES},
                {name: _extent(file["arrays"][name]) for name in names},
            )
    except FileNotFoundError:
        raise
    except (OSError, LookupError, RuntimeError, ValueError, TypeError, AttributeError) as err:
        raise DamagedShard(f"{path}: index cannot be read ({err})") from err


def _extent(dataset: Any) -> Extent:
    return Extent(dataset.id.get_offset() or 0, dataset.shape, dataset.dtype)


def _table(path: Path, handle: int, header: Header, name: str) -> Array:
    extent = header.tables[name]
    raw = read_at(handle, extent.offset, extent.num_bytes)
    if len(raw) == extent.num_bytes and checksum(raw) == header.checks[name]:
        return raw.view(extent.dtype).reshape(extent.shape)
    raise DamagedShard(f"{path}: the checksum of its table '{name}' does not agree")


def _view(whole: NDArray[np.uint8], extent: Extent) -> Array:
    raw = whole[extent.offset : extent.offset + extent.num_bytes]
    return raw.view(extent.dtype).reshape(extent.shape)
