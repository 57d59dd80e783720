"""The index of a store: which item lies in which shard. It never changes; another replaces it.

Readers take the store's present snapshot once and need no lock.
"""

import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from avel.cache.arrays import Array
from avel.cache.fingerprint import KEY_BYTES
from avel.cache.shard import Shard


@dataclass(frozen=True, eq=False)
class Run:
    """Sorted key prefixes with their places.

    Args:
        prefixes: First 8 bytes of each key (N,), sorted.
        places: Position among the shards and row in the shard of each (N, 2).
    """

    prefixes: NDArray[np.uint64]
    places: NDArray[np.int32]

    def merged(self, other: "Run") -> "Run":
        """Both as one, the other's behind where they are equal."""
        prefixes = np.concatenate([self.prefixes, other.prefixes])
        order = np.argsort(prefixes, kind="stable")
        return Run(prefixes[order], np.concatenate([self.places, other.places])[order])

    def find(self, key: bytes) -> Iterator[tuple[int, int]]:
        """Shard and row of what has the first 8 of a key's 32 bytes."""
        prefixes = self.prefixes.data  # numpy's own search lets other threads in between
        prefix = int.from_bytes(key[:8], sys.byteorder)
        position = bisect_left(prefixes, prefix)
        while position < len(prefixes) and prefixes[position] == prefix:
            number, row = self.places[position].tolist()
            yield number, row
            position += 1


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Where each key is: 16 bytes an item beside the key.

    Args:
        shards: In the order in which they were taken up.
        runs: Of all their items, each less than half as long as the one before: what comes later
            is merged with few others, so that a million items in thousands of shards, one after
            another, are each moved a dozen times.
        bad: Shard names and keys of items known to be damaged.
    """

    shards: tuple[Shard, ...] = ()
    runs: tuple[Run, ...] = ()
    bad: frozenset[tuple[str, bytes]] = frozenset()

    def with_shards(self, shards: Sequence[Shard]) -> "Snapshot":
        """The same with more shards."""
        if not shards:
            return self
        runs = [*self.runs, _run(shards, len(self.shards))]
        while len(runs) > 1 and 2 * len(runs[-1].prefixes) > len(runs[-2].prefixes):
            runs[-2:] = [runs[-2].merged(runs[-1])]
        return replace(self, shards=(*self.shards, *shards), runs=tuple(runs))

    def without(self, gone: set[str]) -> "Snapshot":
        """The same without the shards of these names."""
        kept = [shard for shard in self.shards if shard.name not in gone]
        return Snapshot(bad=self.bad).with_shards(kept)

    def condemning(self, items: set[tuple[str, bytes]]) -> "Snapshot":
        """The same with more items, by shard name and key of 32 bytes, known to be damaged."""
        return self if items <= self.bad else replace(self, bad=self.bad | items)

    def find(self, key: bytes) -> list[tuple[Shard, int]]:
        """Places of a key (32 bytes) that are not known to be damaged, the newest shard first."""
        found = []
        for run in self.runs:
            for number, row in run.find(key):
                shard = self.shards[number]
                if shard.keys[row].tobytes() == key and (shard.name, key) not in self.bad:
                    found.append((shard, row))
        return sorted(found, key=lambda place: place[0].name, reverse=True)

    def __len__(self) -> int:
        """Number of keys that are not known to be damaged, each counted once."""
        if self.bad or self._shared():
            return sum(1 for _ in self.keys())
        return sum(len(shard.keys) for shard in self.shards)

    def keys(self) -> Iterator[bytes]:
        """Keys, 32 bytes each, of all items that are not known to be damaged, each once."""
        shared, seen = self._shared(), set[bytes]()
        for shard in self.shards:
            raw = np.ascontiguousarray(shard.keys).tobytes()
            for at in range(0, len(raw), KEY_BYTES):
                key = raw[at : at + KEY_BYTES]
                if self.bad and (shard.name, key) in self.bad:
                    continue
                if key[:8] in shared:
                    if key in seen:
                        continue
                    seen.add(key)
                yield key

    def _shared(self) -> set[bytes]:
        """First 8 bytes of keys that more than one item has; few, where each was made once."""
        if not self.runs:
            return set()
        prefixes = np.sort(np.concatenate([run.prefixes for run in self.runs]))
        return {prefix.tobytes() for prefix in prefixes[1:][prefixes[1:] == prefixes[:-1]]}


def _run(shards: Sequence[Shard], first: int) -> Run:
    """All items of some shards, of which the first has a number among all."""
    prefixes = np.concatenate([_prefixes(shard.keys) for shard in shards])
    numbers = np.arange(len(shards), dtype=np.int32) + np.int32(first)
    counts = [len(shard.keys) for shard in shards]
    order = np.argsort(prefixes, kind="stable")
    first_of = np.repeat(np.cumsum(counts) - counts, counts)
    rows = (np.arange(len(prefixes)) - first_of).astype(np.int32)
    places = np.stack([np.repeat(numbers, counts), rows], axis=1)
    return Run(prefixes[order], places[order])


def _prefixes(keys: Array) -> NDArray[np.uint64]:
    return np.ascontiguousarray(keys[:, :8]).view(np.uint64).reshape(-1)
