"""Items of a feature set as other programs take them: plain arrays, and the rest as JSON."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.exchange.feature_sets import item, row_keys
from avel.pipeline.method.kept import widened
from avel.pipeline.method.stores import META

MASKS = ("visual_mask", "audio_mask")


@dataclass(frozen=True)
class Entry:
    """One video's features.

    Attributes:
        key: Of its content, 64 hex digits.
        arrays: (T, ...) each, the map in float16.
        info: What else there is: source, duration in seconds, flags, masks, labels.
    """

    key: str
    arrays: Mapping[str, NDArray[Any]]
    info: Mapping[str, Any]


class Entries:
    """Items of one feature set, all or those of a dataset; each is read when it is asked for.

    Args:
        store: The features.
        root: The cache folder, which knows the files' names.
        data: Dataset whose rows are meant and say labels; None for all items.
        missing_ok: Whether rows may have no features.

    Raises:
        InputError: rows have no features and that is not fine.
    """

    def __init__(
        self, store: Store, root: Path, data: AveFolder | None = None, *, missing_ok: bool = False
    ) -> None:
        self.store, contents = store, ContentKeys(root)
        self._names, self._labelled = contents.names(), data is not None
        self._labels: Mapping[str, list[dict[str, Any]]] = {}
        if data is None:
            self.keys: Sequence[str] = sorted(store.keys())
        else:
            keys, _ = row_keys(data, store, contents, missing_ok=missing_ok)
            self._labels = _labels(data, keys)
            self.keys = sorted(self._labels)

    def read(self, key: str) -> Entry:
        """One item.

        Raises:
            CacheError: it was damaged since.
        """
        found = widened(item(self.store, key))
        rest = json.loads(found.pop(META).tobytes()) if META in found else {}
        info = {"key": key, "source": self._names.get(key, ""), **rest}
        info |= {name: found.pop(name).tolist() for name in MASKS if name in found}
        info["features"] = self.store.fingerprint
        if self._labelled:
            info["labels"] = self._labels[key]
        return Entry(key, {name: np.ascontiguousarray(found[name]) for name in sorted(found)}, info)


def _labels(data: AveFolder, keys: Sequence[str | None]) -> dict[str, list[dict[str, Any]]]:
    """What a dataset says of each item: its rows' labels, seconds and splits."""
    splits = defaultdict(list)
    for split, rows in data.splits.items():
        for number in rows:
            splits[int(number)].append(split)
    found = defaultdict(list)
    for number, (row, key) in enumerate(zip(data.rows, keys, strict=True)):
        if key:
            said = {"row": number, "video_id": row.video_id, "label": data.classes[row.label]}
            said |= {"start": row.start, "end": row.end, "splits": splits[number]}
            found[key].append(said)
    return dict(found)
