"""Cached features as one `.npy` file per video and kind, for whoever reads numpy."""

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store
from avel.cache.whole import replacing
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.exchange.feature_sets import item, row_keys

KINDS = ("audio", "visual", "visual_map")
SCORES = ("visual_scores", "audio_scores", "faces")
"""Kinds that only some encoders give."""
COLUMNS = ("row", "video_id", "label", "start", "end", "features")


def export_npy(
    data: AveFolder, store: Store, out: Path, root: Path, *, missing_ok: bool = False
) -> Iterator[int]:
    """Write `audio/<id>.npy` and the like, one row in memory at a time, then `index.csv`.

    Args:
        data: The dataset; the index has its annotation rows in their order.
        store: Features of its videos.
        out: Folder to write into.
        root: The cache folder.
        missing_ok: Whether some videos may have no features; the index says which.

    Yields:
        Number of rows done.

    Raises:
        InputError: videos have no features and that is not fine.
    """
    keys, _ = row_keys(data, store, ContentKeys(root), missing_ok=missing_ok)
    for kind in KINDS:
        (out / kind).mkdir(parents=True, exist_ok=True)
    with replacing(out / "index.csv") as part, part.open("w", newline="", encoding="utf-8") as file:
        index = csv.writer(file)
        index.writerow(COLUMNS)
        for number, (row, key) in enumerate(zip(data.rows, keys, strict=True)):
            if key:
                _save(store, key, out, row.video_id)
            there = "yes" if key else "missing"
            label = data.classes[row.label]
            index.writerow([number, row.video_id, label, row.start, row.end, there])
            yield number + 1


def _save(store: Store, key: str, out: Path, video_id: str) -> None:
    arrays = item(store, key)
    for kind in (*KINDS, *(kind for kind in SCORES if kind in arrays)):
        (out / kind).mkdir(exist_ok=True)
        np.save(out / kind / f"{video_id}.npy", arrays[kind])
