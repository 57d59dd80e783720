"""Decoded cells into the cache while the disk has room to spare: features come first.

Cells can be decoded again, and take ten times the room of features. So they leave some of a disk to
these, and a disk that is full of something else ends their keeping and not the run.
"""

import shutil
from collections.abc import Callable, Mapping
from typing import Self

from avel.cache.arrays import Array
from avel.cache.errors import CacheFull, writing
from avel.cache.store import Store
from avel.cache.writer import Writer
from avel.pipeline.work.say import warn

RESERVE_BYTES = 1 << 30
"""Of the disk that are left to features and to others."""
RESERVE_SHARE = 0.05
"""Of a small disk, where that is less."""


class Spare:
    """Takes cells as a store's writer does; use it in a `with` block.

    Args:
        store: Of the cells.
        tell: Told once that no more are kept.
    """

    def __init__(self, store: Store, tell: Callable[[str], object] = warn) -> None:
        self._store, self._tell = store, tell
        self._writer: Writer | None = None
        self._told = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            writer.__exit__(*raised)  # type: ignore[arg-type]
        except CacheFull:
            self._refuse()

    def add(self, key: str, arrays: Mapping[str, Array]) -> None:
        """Keep one video's cells, arrays (rows, ...), if there is room.

        Raises:
            CacheError: the cache cannot be written, for another reason.
        """
        if not self._has_room():
            self._refuse()
            return
        if self._writer is None:
            self._writer = self._store.writer()
        try:
            self._writer.add(key, arrays)
        except CacheFull as err:
            self.__exit__(type(err), err, None)
            self._refuse()

    def _has_room(self) -> bool:
        with writing(self._store.folder):
            disk = shutil.disk_usage(self._store.folder)
        return disk.free >= min(RESERVE_BYTES, disk.total * RESERVE_SHARE)

    def _refuse(self) -> None:
        if not self._told:
            self._told = True
            self._tell(
                f"{self._store.folder}: the disk has no room to spare; decoded pictures and sound "
                "are not cached while that is so, features are"
            )
