"""Cached features as one `.npy` file per video and kind, for whoever reads numpy."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store
from avel.cache.whole import replacing
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.exchange.entries import Entries
from avel.pipeline.exchange.feature_sets import item, row_keys
from avel.pipeline.exchange.shards import claim, to_folder
from avel.pipeline.method.kept import widened

KINDS = ("audio", "visual", "visual_map")
SCORES = ("visual_scores", "audio_scores", "faces")
"""Kinds that only some encoders give."""
COLUMNS = ("row", "video_id", "label", "start", "end", "features")


LISTED = ("key", "source", "duration", "flags")
"""Columns where no dataset names the videos."""


def export_npy(
    data: AveFolder, store: Store, out: Path, root: Path, *, missing_ok: bool = False
) -> Iterator[int]:
    """Write `audio/<id>.npy` and the like, one row in memory at a time, then `index.csv`.

    Files that a stopped export of the same features left are not written again.

    Args:
        data: The dataset; the index has its annotation rows in their order.
        store: Features of its videos.
        out: Folder to write into.
        root: The cache folder.
        missing_ok: Whether some videos may have no features; the index says which.

    Yields:
        Number of rows done.

    Raises:
        InputError: videos have no features and that is not fine, or the folder holds others.
    """
    keys, _ = row_keys(data, store, ContentKeys(root), missing_ok=missing_ok)
    resumed = claim(out, store, "npy")
    with _index(out, COLUMNS) as index:
        for number, (row, key) in enumerate(zip(data.rows, keys, strict=True)):
            if key:
                _save(widened(item(store, key)), out, row.video_id, resumed=resumed)
            there = "yes" if key else "missing"
            label = data.classes[row.label]
            index.writerow([number, row.video_id, label, row.start, row.end, there])
            yield number + 1


def export_all_npy(entries: Entries, out: Path) -> Iterator[int]:
    """Write every item as `audio/<key>.npy` and the like, then `index.csv`, which names files.

    Args:
        entries: The items.
        out: Folder to write into.

    Yields:
        Number of items done.

    Raises:
        InputError: the folder holds other features.
    """
    resumed = claim(out, entries.store, "npy")
    with _index(out, LISTED) as index:
        for number, key in enumerate(entries.keys):
            entry = entries.read(key)
            _save(entry.arrays, out, key, resumed=resumed)
            flags = " ".join(entry.info.get("flags", ()))
            index.writerow([key, entry.info["source"], entry.info.get("duration", ""), flags])
            yield number + 1


@contextmanager
def _index(out: Path, columns: Sequence[str]) -> Iterator[Any]:
    """`index.csv`, which is there when all of it is."""
    escaped = {"encoding": "utf-8", "errors": "backslashreplace"}
    with replacing(out / "index.csv") as part, part.open("w", newline="", **escaped) as file:  # type: ignore[call-overload]
        index = csv.writer(file)
        index.writerow(columns)
        yield index


def _save(arrays: Mapping[str, NDArray[Any]], out: Path, name: str, *, resumed: bool) -> None:
    for kind in (kind for kind in (*KINDS, *SCORES) if kind in arrays):
        path = out / kind / f"{name}.npy"
        if resumed and path.exists():
            continue
        with to_folder(path), replacing(path, durable=False) as part:
            np.save(part, arrays[kind])
