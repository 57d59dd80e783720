"""The cache at the ends of a machine: full disks, no descriptors, a million items."""

import dataclasses
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from avel.cache import shard as shard_module
from avel.cache.arrays import Array, checksum
from avel.cache.ave_h5 import read_order, write_features, write_labels, write_order
from avel.cache.errors import CacheError
from avel.cache.header import Extent, encode
from avel.cache.layout import lay_out
from avel.cache.store import Store
from tests.cache.items import REPOSITORY, arrays, assert_holds, fill, item, key, small_disk, store
from tests.cache.old import write_old_shard


def fill_disk(disk: Path) -> None:
    """Fill a disk with shards, then with the bench's files, and read between."""
    write_order(disk / "order.h5", [3, 1, 2])
    made = store(disk)
    with (
        pytest.raises(CacheError, match="the disk is full"),
        made.writer(max_items=8) as writer,
    ):
        for number in range(10_000):
            writer.add(key(number), arrays(number % 50))
    found = store(disk)
    assert 0 < len(found) < 10_000
    assert not found.damage
    assert not list(found.folder.glob(".*.part"))
    for number in range(0, len(found), 7):
        if key(number) in found:
            np.testing.assert_array_equal(
                found.get(key(number))["visual"],  # type: ignore[index]
                arrays(number % 50)["visual"],
            )
    with h5py.File(next(found.folder.glob("*.h5"))) as file:
        assert len(file["keys"][()])
    features = disk / "features.h5"
    rows = ({features: np.ones((10, 512))} for _ in range(1000))
    with pytest.raises(CacheError, match=r"features.h5: the disk is full"):
        list(write_features({features: (1000, 10, 512)}, rows, "float64"))
    with pytest.raises(CacheError, match=r"labels.h5: the disk is full"):
        write_labels(disk / "labels.h5", np.zeros((1000, 1000)))
    assert read_order(disk / "order.h5", 4).tolist() == [3, 1, 2]
    assert not list(disk.glob(".*.part"))
    assert not features.exists()


@pytest.mark.parametrize("disks", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_full_disks_in_one_process(tmp_path: Path, disks: int) -> None:
    """HDF5 that met ENOSPC killed the process when it next read: one of two runs."""
    for number in range(disks):
        with small_disk(tmp_path / str(number), 300) as disk:
            if disk is None:
                pytest.skip("this machine lets nobody mount")
            fill_disk(disk)


NO_DESCRIPTORS = """
import os, resource, sys
sys.path.insert(0, {repository!r})
from pathlib import Path
from avel.cache.errors import CacheUnavailable
from avel.cache.maintenance import collect
from tests.cache.items import key, store, assert_holds

root = Path(sys.argv[1])
made = store(root)
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
taken = []
try:
    while True:
        taken.append(os.open("/dev/null", os.O_RDONLY))
except OSError:
    pass
for action in (lambda: made.get(key(1)), lambda: made.get(key(11)), lambda: store(root),
               made.refresh, lambda: collect(root, delete=True)):
    try:
        action()
    except CacheUnavailable as err:
        assert "Too many open files" in str(err) and "ulimit -n" in str(err), err
    else:
        raise AssertionError("nothing was refused")
for handle in taken:
    os.close(handle)
assert not made.damage
assert not (made.folder / "damaged.jsonl").exists()
for number in range(20):
    assert_holds(made, number)
assert collect(root, delete=True) == []
held = [made.get(key(number)) for number in range(20)]
assert len(os.listdir("/proc/self/fd")) < 12, "maps keep descriptors"
"""


def test_no_descriptors_are_left(tmp_path: Path) -> None:
    made = fill(tmp_path, range(10), max_items=1)
    for number in range(10, 20):
        path = made.folder / f"0-old-{number}.h5"
        write_old_shard(path, [item(number)], made.fingerprint)
    code = NO_DESCRIPTORS.format(repository=str(REPOSITORY))
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert_holds(store(tmp_path), 19)


AUDIOCLIP = {
    "audio": ((10, 1024), np.float32),
    "meta": ((200,), np.uint8),
    "visual": ((10, 1024), np.float32),
    "visual_map": ((10, 49, 2048), np.float16),
    "visual_mask": ((10,), np.bool_),
}
PER_SHARD = 64
"""Items of 2.1 MB that make 128 MB."""


def keys_of(shard: int) -> Array:
    """Keys (64, 32) of a shard, from its number alone."""
    return np.random.default_rng(shard).integers(0, 256, (PER_SHARD, 32), np.uint8)


def small_of(shard: int) -> dict[str, Array]:
    """The two small arrays of a shard's items, (64, ...), from its number alone."""
    rng = np.random.default_rng([shard, 1])
    meta = rng.integers(0, 256, (PER_SHARD, 200), np.uint8)
    return {"meta": meta, "visual_mask": rng.random((PER_SHARD, 10)) < 0.5}


def make_sparse(made: Store, shards: int) -> None:
    """Shards of the true size, laid out once and keyed anew.

    Their small arrays are each item's own, the large ones zeros that take no room.
    """
    counts = [shape[0] for shape, _ in AUDIOCLIP.values()]
    rows = np.array([[[n * c, c] for c in counts] for n in range(PER_SHARD)], np.int64)
    sums = np.array(
        [[checksum(np.zeros(shape, kind)) for shape, kind in AUDIOCLIP.values()]] * PER_SHARD,
        np.uint64,
    )
    tables = {"keys": keys_of(0), "rows": rows, "checksums": sums}
    extents = {
        name: Extent(0, (PER_SHARD * shape[0], *shape[1:]), np.dtype(kind))
        for name, (shape, kind) in AUDIOCLIP.items()
    }
    paper, header = lay_out(tables, extents, made.fingerprint)
    pieces = paper.pieces[:-1]
    for shard in range(shards):
        small = small_of(shard)
        for column, name in enumerate(AUDIOCLIP):
            if name in small:
                sums[:, column] = [checksum(array) for array in small[name]]
        own_tables = {"keys": keys_of(shard), "checksums": sums}
        checks = {name: checksum(table) for name, table in own_tables.items()}
        own = dataclasses.replace(header, checks={**header.checks, **checks})
        paper.pieces = [
            *pieces,
            *((header.tables[name].offset, table.tobytes()) for name, table in own_tables.items()),
            *((header.arrays[name].offset, array.tobytes()) for name, array in small.items()),
            (0, encode(own)),
        ]
        with (made.folder / f"{shard:020d}-sparse.h5").open("xb") as file:
            paper.paint(file.fileno())


@pytest.mark.parametrize(
    ("shards", "reads"),
    [(1500, 40), pytest.param(15_625, 1000, marks=pytest.mark.slow)],
)
def test_a_store_of_full_items(
    tmp_path: Path, shards: int, reads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """15,625 shards are a million items, 2 TB: opened, and read at random, within the limits."""
    with small_disk(tmp_path / "disk", 1 << 20) as disk:  # where files are deleted fast
        root = disk or tmp_path
        make_sparse(store(root), shards)
        found = opened_by_plain_reads(root, shards, monkeypatch)
        read_at_random(found, shards, reads)


def opened_by_plain_reads(root: Path, shards: int, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store that opens each shard once, for its header and keys: by HDF5 that took 1.2 ms each."""
    calls: Counter[str] = Counter()

    def counted(name: str) -> None:
        real = getattr(os, name)

        def call(*args: Any, **options: Any) -> Any:
            calls[name] += 1
            return real(*args, **options)

        monkeypatch.setattr(os, name, call)

    for name in ("open", "preadv"):
        counted(name)
    monkeypatch.setattr(shard_module, "open_hdf5", lambda _: pytest.fail("opened by HDF5"))
    found = store(root)
    monkeypatch.undo()
    assert calls["open"] == shards
    assert calls["preadv"] <= 2 * shards  # the header's block, and the table of keys
    assert len(found._mapped) == 0
    return found


def read_at_random(found: Store, shards: int, reads: int) -> None:
    """Items are their own, whoever else is held; maps are bounded."""
    rng = np.random.default_rng(0)
    held = []
    for shard in map(int, rng.choice(shards, reads, replace=False)):
        number = int(rng.integers(PER_SHARD))
        one = found.get(keys_of(shard)[number].tobytes().hex())
        assert one is not None
        held.append(one)
        assert {n: (a.shape, a.dtype) for n, a in one.items()} == AUDIOCLIP
        for name, array in small_of(shard).items():
            np.testing.assert_array_equal(one[name], array[number])
    assert len(found._mapped) <= 256
    del held
    maps = Path("/proc/self/maps").read_text().count(str(found.folder))
    assert maps <= 256
    assert len(found) == shards * PER_SHARD
