"""Tar files as WebDataset reads them."""

from pathlib import Path

import numpy as np
import webdataset

from avel.pipeline.exchange.webdataset import TarForm
from tests.cache.items import key
from tests.pipeline.exchange.sets import export, features, files, fill


def test_webdataset_reads_every_item_back(tmp_path: Path) -> None:
    store = fill(tmp_path / "c", range(7))
    assert export(store, tmp_path / "c", tmp_path / "o", TarForm()) == list(range(1, 8))
    assert list(files(tmp_path / "o")) == [f"features-00000{n}.tar" for n in range(3)]
    shards = str(tmp_path / "o" / "features-{000000..000002}.tar")
    found = {
        sample["__key__"]: sample
        for sample in webdataset.WebDataset(shards, shardshuffle=False).decode()
    }
    assert len(found) == 7
    for number in range(7):
        sample, expected = found[key(number)], features(number)
        for name in ("visual", "visual_map", "audio"):
            array = sample[f"{name}.npy"]
            assert array.dtype == getattr(expected, name).dtype
            np.testing.assert_array_equal(array, getattr(expected, name))
        info = sample["json"]
        assert info["duration"] == expected.duration
        assert tuple(info["flags"]) == expected.flags
        assert info["visual_mask"] == expected.visual_mask.tolist()
        assert info["audio_mask"] == expected.audio_mask.tolist()
        assert (info["key"], info["features"]) == (key(number), store.fingerprint)
