"""Exports in files of many: read back by the libraries that are to read them, and resumed."""

import errno
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from avel.cache.errors import CacheError
from avel.pipeline.cli import main
from avel.pipeline.exchange.entries import Entries, Entry
from avel.pipeline.exchange.npy import export_all_npy
from avel.pipeline.exchange.parquet import ParquetForm
from avel.pipeline.exchange.shards import Form, claim, export_shards
from avel.pipeline.exchange.webdataset import TarForm
from avel.pipeline.method.kept import Kept
from avel.pipeline.reasons import InputError
from tests.cache.items import key
from tests.pipeline.exchange.sets import export, features, files, fill

FORMS = [TarForm(), ParquetForm()]


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
