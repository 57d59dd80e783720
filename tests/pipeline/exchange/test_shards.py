"""Exports in files of many: read back by the libraries that are to read them, and resumed."""

import errno
import json
import os
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pyarrow.parquet
import pytest
import webdataset

from avel.cache.errors import CacheError
from avel.cache.fingerprint import ContentKeys
from avel.cache.store import Store
from avel.pipeline.cli import main
from avel.pipeline.datasets.ave import open_ave
from avel.pipeline.exchange import parquet
from avel.pipeline.exchange.entries import Entries, Entry
from avel.pipeline.exchange.feature_sets import features_store
from avel.pipeline.exchange.npy import export_all_npy
from avel.pipeline.exchange.parquet import ParquetForm
from avel.pipeline.exchange.shards import Form, claim, export_shards
from avel.pipeline.exchange.webdataset import TarForm
from avel.pipeline.method.extract import Features
from avel.pipeline.method.kept import Kept
from avel.pipeline.method.stores import open_store
from avel.pipeline.reasons import EnvironmentProblem, InputError
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


FORMS = [TarForm(), ParquetForm()]


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


@pytest.mark.parametrize("read", [pandas.read_parquet, None], ids=["pandas", "pyarrow"])
def test_parquet_reads_every_item_back(tmp_path: Path, read: Any) -> None:
    store = fill(tmp_path / "c", range(7))
    export(store, tmp_path / "c", tmp_path / "o", ParquetForm())
    found = {}
    for path in sorted((tmp_path / "o").glob("*.parquet")):
        table = read(path) if read else pyarrow.parquet.read_table(path).to_pandas()
        found |= {row["key"]: row for _, row in table.iterrows()}
    assert len(found) == 7
    for number in range(7):
        row, expected = found[key(number)], features(number)
        for name in ("visual", "visual_map", "audio"):
            array = row[name].reshape(row[f"{name}_shape"])
            assert array.dtype == getattr(expected, name).dtype
            np.testing.assert_array_equal(array, getattr(expected, name))
        assert row["duration"] == expected.duration
        assert tuple(row["flags"]) == expected.flags
        np.testing.assert_array_equal(row["visual_mask"], expected.visual_mask)
        assert json.loads(row["info"])["audio_mask"] == expected.audio_mask.tolist()


def test_parquet_in_several_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_BYTES", 1)
    store = fill(tmp_path / "c", range(4))
    export(store, tmp_path / "c", tmp_path / "o", ParquetForm(), 4)
    file = pyarrow.parquet.ParquetFile(tmp_path / "o" / "features-000000.parquet")
    assert file.num_row_groups == 4
    assert file.read()["key"].to_pylist() == sorted(key(n) for n in range(4))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.suffix)
def test_a_stopped_export_goes_on_where_it_was(tmp_path: Path, form: Form) -> None:
    store, root = fill(tmp_path / "c", range(7)), tmp_path / "c"
    layout = "webdataset" if form.suffix == ".tar" else "parquet"
    steps = export_shards(Entries(store, root), tmp_path / "o", form, layout, 3)
    assert [next(steps) for _ in range(4)] == [1, 2, 3, 4]
    steps.close()
    before = files(tmp_path / "o")
    assert len(before) == 2
    read: list[str] = []

    class Watched(Entries):
        def read(self, key: str) -> Entry:
            read.append(key)
            return super().read(key)

    done = list(export_shards(Watched(store, root), tmp_path / "o", form, layout, 3))
    assert done == list(range(1, 8))
    assert read == sorted(key(n) for n in range(7))[6:]
    export(store, root, tmp_path / "at once", form)
    after = files(tmp_path / "o")
    assert {name: after[name] for name in before} == before
    assert after == files(tmp_path / "at once")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.suffix)
def test_what_came_since_goes_into_further_files(tmp_path: Path, form: Form) -> None:
    root, out = tmp_path / "c", tmp_path / "o"
    export(fill(root, range(4)), root, out, form)
    before = files(out)
    assert export(fill(root, range(4, 6)), root, out, form) == list(range(1, 7))
    after = files(out)
    assert len(after) == len(before) + 1
    assert {name: after[name] for name in before} == before
    keys = [key for path in sorted(out.glob("*-*")) for key in form.keys(path)]
    assert sorted(keys) == sorted(map(key, range(6)))
    assert export(fill(root, ()), root, out, form) == list(range(1, 7))
    assert files(out) == after


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.suffix)
def test_a_file_that_could_not_be_finished_is_not_there(
    tmp_path: Path, form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, root = fill(tmp_path / "c", range(7)), tmp_path / "c"
    real = Entries.read

    def full(self: Entries, wanted: str) -> Entry:
        if wanted == sorted(key(n) for n in range(7))[5]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, wanted)

    monkeypatch.setattr(Entries, "read", full)
    with pytest.raises(CacheError, match=r"the disk is full; .* or give another --out"):
        export(store, root, tmp_path / "o", form)
    assert list(files(tmp_path / "o")) == [f"features-000000{form.suffix}"]
    monkeypatch.undo()
    assert export(store, root, tmp_path / "o", form)[-1] == 7


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


def test_features_without_a_map(tmp_path: Path) -> None:
    root = tmp_path / "c"
    store = fill(root, range(2), Kept(("visual",)))
    export(store, root, tmp_path / "o", TarForm())
    with tarfile.open(tmp_path / "o" / "features-000000.tar") as tar:
        assert {name.split(".", 1)[1] for name in tar.getnames()} == {"visual.npy", "json"}
    assert list(export_all_npy(Entries(store, root), tmp_path / "n")) == [1, 2]
    assert sorted(p.name for p in (tmp_path / "n").iterdir()) == [
        "export.json",
        "index.csv",
        "visual",
    ]


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


def test_npy_of_all_items_is_resumed(tmp_path: Path) -> None:
    root, out = tmp_path / "c", tmp_path / "o"
    store = fill(root, range(3))
    steps = export_all_npy(Entries(store, root), out)
    assert next(steps) == 1
    steps.close()
    assert not (out / "index.csv").exists()
    (first,) = (out / "visual").iterdir()
    np.save(first, np.zeros(9))  # seen to stay as it is
    assert list(export_all_npy(Entries(store, root), out)) == [1, 2, 3]
    assert np.load(first).shape == (9,)
    other = out / "audio" / f"{sorted(map(key, range(3)))[2]}.npy"
    numbers = {key(n): n for n in range(3)}
    np.testing.assert_array_equal(np.load(other), features(numbers[other.stem]).audio)
    lines = (out / "index.csv").read_text().splitlines()
    assert lines[0] == "key,source,duration,flags"
    assert len(lines) == 4


def test_folders_that_hold_something_else(tmp_path: Path) -> None:
    root, out = tmp_path / "c", tmp_path / "o"
    store, other = fill(root, range(2)), fill(root, range(2), Kept(("visual",)))
    export(store, root, out, TarForm())
    with pytest.raises(InputError, match=rf"holds the export of features {store.fingerprint[:12]}"):
        export(other, root, out, TarForm())
    with pytest.raises(
        InputError, match="holds the export of layout webdataset, not parquet; name"
    ):
        export(store, root, out, ParquetForm())
    (out / "export.json").write_text("{")
    with pytest.raises(InputError, match=r"its export.json cannot be read .*; name another folder"):
        claim(out, store, "webdataset")
    (out / "export.json").write_text("[]")
    with pytest.raises(InputError, match="holds the export of features"):
        claim(out, store, "webdataset")
    (out / "export.json").unlink()
    with pytest.raises(InputError, match=r"holds features-000000.tar and no export.json; name a"):
        export(store, root, out, TarForm())


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.suffix)
def test_a_file_that_is_damaged(tmp_path: Path, form: Form) -> None:
    root, out = tmp_path / "c", tmp_path / "o"
    store = fill(root, range(2))
    export(store, root, out, form)
    path = out / f"features-000000{form.suffix}"
    path.write_bytes(b"damaged" * 99)
    with pytest.raises(InputError, match=r"cannot be read back .*; delete it, and it is written"):
        export(store, root, out, form)
    path.unlink()
    assert export(store, root, out, form) == [1, 2]


def test_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(
        EnvironmentProblem, match=r"needs pyarrow, .* pip install 'avel\[parquet\]'"
    ):
        ParquetForm()


@pytest.mark.parametrize("layout", ["webdataset", "parquet", "npy"])
def test_the_command(tmp_path: Path, layout: str, capsys: pytest.CaptureFixture[str]) -> None:
    store, out = fill(tmp_path / "c", range(5)), tmp_path / "o"
    argv = ["cache", "export", "--layout", layout, "--out", str(out)]
    per_file = [] if layout == "npy" else ["--per-file", "2"]
    for _ in range(2):
        assert main([*argv, *per_file, "--cache-dir", str(tmp_path / "c")]) == 0
        mark = store.fingerprint[:12]
        assert capsys.readouterr().out == f"{out}: features {mark} of 5 videos, {layout}\n"
    assert len(list(out.iterdir())) == {"npy": 5}.get(layout, 4)


@pytest.mark.parametrize(
    ("given", "code", "message"),
    [
        ([], 2, "--layout ave-h5 has the rows of a dataset; give --data FOLDER, or another"),
        (["--layout", "npy", "--per-file", "3"], 2, "--per-file 3: goes with webdataset and parq"),
        (["--layout", "parquet", "--float32"], 2, "--float32 goes with --layout ave-h5 alone"),
        (["--layout", "npy", "--allow-missing"], 2, "--allow-missing says what becomes of a"),
        (["--layout", "npy"], 4, "2 feature sets are there; name one with --store"),
        (["--layout", "npy", "--store", "zz"], 4, "0 feature sets begin with 'zz'"),
    ],
)
def test_what_is_refused(
    tmp_path: Path, given: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(tmp_path / "c", range(1))
    fill(tmp_path / "c", range(1), Kept(("visual",)))
    argv = ["cache", "export", *given, "--out", str(tmp_path / "o")]
    assert main([*argv, "--cache-dir", str(tmp_path / "c")]) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "o").exists()
