"""The shards of a store that are mapped into memory: a bounded number, the least used given up.

A process has 65,530 maps (`vm.max_map_count`), of which every library and thread takes some.
"""

import threading
from collections import OrderedDict

from avel.cache.shard import MappedShard, Shard

MAX_MAPPED = 256


class MappedShards:
    """Maps by shard; threads may share them.

    A shard that is given up is unmapped when nobody uses an array of it any more.

    Args:
        limit: Shards that are mapped at once.
    """

    def __init__(self, limit: int = MAX_MAPPED) -> None:
        if limit < 1:
            raise ValueError(f"the number of mapped shards ({limit}) must be at least 1")
        self._limit = limit
        self._mapped: OrderedDict[str, MappedShard] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._mapped)

    def of(self, shard: Shard) -> MappedShard:
        """The shard's arrays (rows, ...), mapped now unless they are.

        Raises:
            DamagedShard: its index cannot be trusted.
            CacheUnavailable: it cannot be read or mapped now.
            FileNotFoundError: it is gone.
        """
        with self._lock:
            if (found := self._mapped.get(shard.name)) is not None:
                self._mapped.move_to_end(shard.name)
                return found
        found = MappedShard(shard)
        with self._lock:
            self._mapped[shard.name] = found
            while len(self._mapped) > self._limit:
                self._mapped.popitem(last=False)
        return found
