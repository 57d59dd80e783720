"""Items as other programs take them: names, labels, floats."""

from pathlib import Path

import numpy as np

from avel.cache.fingerprint import ContentKeys
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.exchange.entries import Entries
from avel.pipeline.exchange.feature_sets import features_store
from avel.pipeline.method.kept import Kept
from avel.pipeline.method.stores import open_store
from tests.pipeline.exchange.sets import RECIPE, features


def test_names_of_sources_and_maps_in_int8(tmp_path: Path) -> None:
    root, film = tmp_path / "c", tmp_path / "film.mp4"
    film.write_text("film")
    name = ContentKeys(root).key(film)
    store = open_store(root, RECIPE | Kept((), "int8").recipe)
    with store.writer() as writer:
        writer.add(name, Kept((), "int8").pack(features(3)))
    entry = Entries(store, root).read(name)
    assert entry.info["source"] == str(film)
    assert set(entry.arrays) == {"visual", "visual_map", "audio"}
    assert entry.arrays["visual_map"].dtype == np.float16
    np.testing.assert_allclose(entry.arrays["visual_map"], features(3).visual_map, atol=0.02)


def test_labels_of_a_dataset(bench: tuple[Path, Path], tmp_path: Path) -> None:
    data = open_ave(bench[0])
    store = features_store(bench[1], "", data)
    entries = Entries(store, bench[1], data)
    assert len(entries.keys) == 72
    rows = [said for k in entries.keys for said in entries.read(k).info["labels"]]
    assert sorted(said["row"] for said in rows) == list(range(72))
    for said in rows:
        row = data.rows[said["row"]]
        assert (said["video_id"], said["label"]) == (row.video_id, data.classes[row.label])
        assert (said["start"], said["end"]) == (row.start, row.end)
        assert all(said["row"] in data.splits[split] for split in said["splits"])
    assert sum(said["splits"] == ["train"] for said in rows) == 48
