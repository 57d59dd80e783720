"""The cache at the ends of a machine: full disks, no descriptors, a million items."""

import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

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


def make_sparse(made: Store, shards: int) -> None:
    """Shards of the true size whose arrays are zeros that take no room: laid out once, keyed anew."""
    counts = [shape[0] for shape, _ in AUDIOCLIP.values()]
    rows = np.array([[[n * c, c] for c in counts] for n in range(PER_SHARD)], np.int64)
    sums = [checksum(np.zeros(shape, kind)) for shape, kind in AUDIOCLIP.values()]
    tables = {
        "keys": keys_of(0),
        "rows": rows,
        "checksums": np.array([sums] * PER_SHARD, np.uint64),
    }
    extents = {
        name: Extent(0, (PER_SHARD * shape[0], *shape[1:]), np.dtype(kind))
        for name, (shape, kind) in AUDIOCLIP.items()
    }
    paper, header = lay_out(tables, extents, made.fingerprint)
    at, pieces = header.tables["keys"].offset, paper.pieces[:-1]
    for shard in range(shards):
        keys = keys_of(shard)
        own = dataclasses.replace(header, checks={**header.checks, "keys": checksum(keys)})
        paper.pieces = [*pieces, (at, keys.tobytes()), (0, encode(own))]
        with (made.folder / f"{shard:020d}-sparse.h5").open("xb") as file:
            paper.paint(file.fileno())


@pytest.mark.parametrize(
    ("shards", "reads", "seconds"),
    [(1500, 40, 5), pytest.param(15_625, 1000, 30, marks=pytest.mark.slow)],
)
def test_a_store_of_full_items(tmp_path: Path, shards: int, reads: int, seconds: float) -> None:
    """15,625 shards are a million items, 2 TB: opened, and read at random, within the limits."""
    with small_disk(tmp_path / "disk", 1 << 20) as disk:  # where files are deleted fast
        read_at_random(disk or tmp_path, shards, reads, seconds)


def read_at_random(root: Path, shards: int, reads: int, seconds: float) -> None:
    make_sparse(store(root), shards)
    start = time.perf_counter()
    found = store(root)
    took = time.perf_counter() - start
    rng = np.random.default_rng(0)
    held = []
    for shard in rng.choice(shards, reads, replace=False):
        one = found.get(keys_of(int(shard))[rng.integers(PER_SHARD)].tobytes().hex())
        assert one is not None
        held.append(one)
        assert {n: (a.shape, a.dtype) for n, a in one.items()} == AUDIOCLIP
    read = time.perf_counter() - start - took
    print(f"{shards} shards opened in {took:.2f} s, {reads} items read in {read:.2f} s")
    assert took < seconds  # with HDF5: 1.2 ms a shard
    assert len(found._mapped) <= 256
    del held
    maps = Path("/proc/self/maps").read_text().count(str(found.folder))
    assert maps <= 256
    assert len(found) == shards * PER_SHARD
