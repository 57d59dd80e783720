"""The index of a store: which item lies in which shard. It never changes; another replaces it.

Readers take the store's present snapshot once and need no lock.
"""

import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from avel.cache.arrays import Array
from avel.cache.fingerprint import KEY_BYTES
from avel.cache.shard import Shard


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Sorted key prefixes with their places: 16 bytes an item beside its key.

    Args:
        shards: In the order in which they were taken up.
        prefixes: First 8 bytes of each key (N,), sorted.
        places: Position in `shards` and row in the shard of each (N, 2).
        bad: Shard names and keys of items known to be damaged.
    """

    shards: tuple[Shard, ...] = ()
    prefixes: NDArray[np.uint64] = field(default_factory=lambda: np.zeros(0, np.uint64))
    places: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 2), np.int32))
    bad: frozenset[tuple[str, bytes]] = frozenset()

    def with_shards(self, shards: Sequence[Shard]) -> "Snapshot":
        """The same with more shards; takes a copy of the index, not a new sort of it."""
        if not shards:
            return self
        prefixes = np.concatenate([_prefixes(shard.keys) for shard in shards])
        numbers = np.arange(len(shards), dtype=np.int32) + np.int32(len(self.shards))
        counts = [len(shard.keys) for shard in shards]
        rows = np.concatenate([np.arange(count, dtype=np.int32) for count in counts])
        places = np.stack([np.repeat(numbers, counts), rows], axis=1)
        order = np.argsort(prefixes, kind="stable")
        at = np.searchsorted(self.prefixes, prefixes[order])
        return replace(
            self,
            shards=(*self.shards, *shards),
            prefixes=np.insert(self.prefixes, at, prefixes[order]),
            places=np.insert(self.places, at, places[order], axis=0),
        )

    def without(self, gone: set[str]) -> "Snapshot":
        """The same without the shards of these names."""
        kept = [shard for shard in self.shards if shard.name not in gone]
        return Snapshot(bad=self.bad).with_shards(kept)

    def condemning(self, items: set[tuple[str, bytes]]) -> "Snapshot":
        """The same with more items, by shard name and key of 32 bytes, known to be damaged."""
        return self if items <= self.bad else replace(self, bad=self.bad | items)

    def find(self, key: bytes) -> list[tuple[Shard, int]]:
        """Places of a key (32 bytes) that are not known to be damaged, the newest shard first."""
        prefixes = self.prefixes.data  # numpy's own search lets other threads in between
        prefix = int.from_bytes(key[:8], sys.byteorder)
        position, found = bisect_left(prefixes, prefix), []
        while position < len(prefixes) and prefixes[position] == prefix:
            number, row = self.places[position].tolist()
            shard = self.shards[number]
            if shard.keys[row].tobytes() == key and (shard.name, key) not in self.bad:
                found.append((shard, row))
            position += 1
        return sorted(found, key=lambda place: place[0].name, reverse=True)

    def keys(self) -> Iterator[bytes]:
        """Keys, 32 bytes each, of all items that are not known to be damaged, each once."""
        seen = set()
        for shard in self.shards:
            raw = np.ascontiguousarray(shard.keys).tobytes()
            for at in range(0, len(raw), KEY_BYTES):
                key = raw[at : at + KEY_BYTES]
                if key not in seen and (shard.name, key) not in self.bad:
                    seen.add(key)
                    yield key


def _prefixes(keys: Array) -> NDArray[np.uint64]:
    return np.ascontiguousarray(keys[:, :8]).view(np.uint64).reshape(-1)
