"""Small feature sets to export."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from avel.cache.store import Store
from avel.pipeline.exchange.entries import Entries
from avel.pipeline.exchange.shards import Form, export_shards
from avel.pipeline.method.extract import Features
from avel.pipeline.method.kept import Kept
from avel.pipeline.method.stores import open_store
from tests.cache.items import key

RECIPE = {"stage": "features", "version": 1, "config": {"extractor": "test"}}


def features(number: int) -> Features:
    """Values that a number alone decides; lengths differ from item to item."""
    rng, T = np.random.default_rng(number), 1 + number % 4
    return Features(
        visual=rng.standard_normal((T, 5)).astype(np.float32),
        visual_map=rng.standard_normal((T, 4, 3)).astype(np.float16),
        audio=rng.standard_normal((T, 2)).astype(np.float32),
        visual_mask=rng.random(T) < 0.5,
        audio_mask=np.ones(T, bool),
        duration=T - 0.25,
        flags=("NO_AUDIO",) if number % 2 else (),
    )


def fill(root: Path, numbers: Iterable[int], kept: Kept | None = None) -> Store:
    kept = kept or Kept()
    store = open_store(root, RECIPE | kept.recipe)
    with store.writer(max_items=3) as writer:
        for number in numbers:
            writer.add(key(number), kept.pack(features(number)))
    return store


def export(store: Store, root: Path, out: Path, form: Form, per_file: int = 3) -> list[int]:
    layout = "webdataset" if form.suffix == ".tar" else "parquet"
    return list(export_shards(Entries(store, root), out, form, layout, per_file))


def files(out: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(out.iterdir()) if p.name != "export.json"}
