"""What a shard says of itself: where each table and array lies, in bytes.

It is written as one line of JSON into the HDF5 user block, the bytes before the HDF5 part, which
every HDF5 tool skips: reading it takes 0.05 ms where HDF5 takes 1.2 ms. A file without it, or with
a damaged one, says the same through HDF5.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import prod
from typing import Any

import numpy as np
import xxhash

SCHEMA = 1
"""Version of a shard's layout."""
USER_BLOCK = 4096
"""Bytes before the HDF5 part; HDF5 asks for a power of two from 512 on."""
MAGIC = b"avel shard, header 1: "
PROLOGUE = len(MAGIC) + 16 + 1 + 8 + 1
"""Bytes of the first line: magic, xxh3-64 of the JSON in hex, its length in decimals."""


@dataclass(frozen=True)
class Extent:
    """Where an array lies in a file: byte offset, shape, dtype."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def num_bytes(self) -> int:
        """Its size in bytes."""
        return prod(self.shape) * self.dtype.itemsize

    @property
    def end(self) -> int:
        """The byte after its last, 0 where it is empty."""
        size = prod(self.shape) * self.dtype.itemsize
        return self.offset + size if size else 0


@dataclass(frozen=True)
class Header:
    """Everything that is needed to read a shard.

    Args:
        schema: Version of the layout.
        fingerprint: Sha256, in hex, of the recipe that made the items.
        tables: `keys` (N, 32), `rows` (N, A, 2), `checksums` (N, A).
        checks: xxh3-64 of each table.
        arrays: The A arrays in the order of the tables' columns.
    """

    schema: int
    fingerprint: str
    tables: Mapping[str, Extent]
    checks: Mapping[str, int]
    arrays: Mapping[str, Extent]

    @property
    def end(self) -> int:
        """Bytes that the file must have."""
        return max([extent.end for extent in (*self.tables.values(), *self.arrays.values())])


def encode(header: Header) -> bytes:
    """The user block (4096 bytes), or nothing where it does not fit: HDF5 then says it alone."""
    text = json.dumps(
        {
            "schema": header.schema,
            "fingerprint": header.fingerprint,
            "tables": {
                name: [*_plain(e), header.checks[name]] for name, e in header.tables.items()
            },
            "arrays": {name: _plain(e) for name, e in header.arrays.items()},
        }
    ).encode()
    first = b"%s%016x %08d\n" % (MAGIC, xxhash.xxh3_64_intdigest(text), len(text))
    block = first + text + b"\n"
    return block.ljust(USER_BLOCK, b"\0") if len(block) <= USER_BLOCK else b""


def decode(block: bytes) -> Header | None:
    """The header in a file's first 4096 bytes; None where there is none or it is damaged."""
    if not block.startswith(MAGIC):
        return None
    try:
        check, length = block[len(MAGIC) : PROLOGUE].split()
        text = block[PROLOGUE : PROLOGUE + int(length)]
        if xxhash.xxh3_64_intdigest(text) != int(check, 16):
            return None
    except ValueError:
        return None
    said = json.loads(text)
    return Header(
        said["schema"],
        said["fingerprint"],
        {name: _extent(*row[:3]) for name, row in said["tables"].items()},
        {name: row[3] for name, row in said["tables"].items()},
        {name: _extent(*row) for name, row in said["arrays"].items()},
    )


def _plain(extent: Extent) -> list[Any]:
    return [extent.offset, extent.shape, extent.dtype.str]


def _extent(offset: int, shape: list[int], dtype: str) -> Extent:
    return Extent(offset, tuple(shape), _dtype(dtype))


@cache
def _dtype(name: str) -> np.dtype[Any]:
    return np.dtype(name)
