"""One item part by part: the same item as in one piece, in constant memory, whole or not at all."""

import errno
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.cache import stream
from avel.cache.arrays import Array
from avel.cache.errors import CacheError
from avel.cache.store import Store

RECIPE = {"stage": "features", "version": 1, "config": {}}
KEY = "ab" * 32


def arrays(rows: int, seed: int = 0) -> dict[str, Array]:
    rng = np.random.default_rng(seed)
    return {
        "visual": rng.standard_normal((rows, 3)).astype(np.float32),
        "map": rng.standard_normal((rows, 2, 5)).astype(np.float16),
        "mask": rng.random(rows) < 0.5,
    }


META = {"meta": np.frombuffer(b'{"duration": 1}', np.uint8)}


def store(root: Path) -> Store:
    return Store(root, "features", RECIPE)


@given(st.lists(st.integers(0, 4), min_size=1, max_size=6))
def test_the_same_item_as_in_one_piece(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[int]
) -> None:
    root = tmp_path_factory.mktemp("cache")
    whole, made, first = arrays(sum(lengths)), store(root), 0
    with made.writer() as writer:
        item = writer.stream(KEY)
        for count in lengths:
            item.append({name: array[first : first + count] for name, array in whole.items()})
            first += count
        assert KEY not in made
        item.finish(META)
        assert KEY in made  # at once, for this process
    for reader in (made, store(root)):
        found = reader.get(KEY)
        assert found is not None
        assert found.keys() == {**whole, **META}.keys()
        for name, expected in {**whole, **META}.items():
            np.testing.assert_array_equal(found[name], expected)
            assert found[name].dtype == expected.dtype
    assert not list(root.rglob(".*.part"))


def test_other_tools_read_it(tmp_path: Path) -> None:
    made = store(tmp_path)
    with made.writer() as writer:
        item = writer.stream(KEY)
        item.append(arrays(4))
        item.finish(META)
    with h5py.File(next(made.folder.glob("*.h5"))) as file:
        np.testing.assert_array_equal(file["arrays/visual"][:], arrays(4)["visual"])


def test_memory_does_not_grow_with_the_item(tmp_path: Path) -> None:
    made, part = store(tmp_path), {"map": np.ones((64, 1 << 14), np.float32)}  # 4 MB
    with made.writer() as writer:
        item = writer.stream(KEY)
        tracemalloc.start()
        for _ in range(24):
            item.append(part)
        item.finish({})
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < stream.COPY_BYTES * 2.5
    found = made.get(KEY)
    assert found is not None
    assert found["map"].shape == (24 * 64, 1 << 14)


def test_what_is_abandoned_leaves_nothing(tmp_path: Path) -> None:
    made = store(tmp_path)
    with made.writer() as writer:
        item = writer.stream(KEY)
        item.append(arrays(4))
        assert list(made.folder.glob(".*.part"))
        item.abandon()
    assert KEY not in made
    assert not list(made.folder.glob(".*.part"))


def test_rows_of_another_shape_are_refused(tmp_path: Path) -> None:
    with store(tmp_path).writer() as writer:
        item = writer.stream(KEY)
        item.append(arrays(2))
        wrong = {**arrays(2), "visual": np.zeros((2, 4), np.float32)}
        with pytest.raises(
            ValueError, match=r"array 'visual' is float32\[4\] per row, before it was"
        ):
            item.append(wrong)
        item.abandon()


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_full_disk_leaves_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    made = store(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with made.writer() as writer:
        item = writer.stream(KEY)
        item.append(arrays(3))
        monkeypatch.setattr(
            *((stream, "write_at") if call == "write" else (stream.os, "fsync")), full
        )
        with pytest.raises(CacheError, match="the disk is full"):
            item.finish(META)
        monkeypatch.undo()
    assert KEY not in store(tmp_path)
    assert not list(made.folder.glob(".*.part"))
    assert not list(made.folder.glob("*.h5"))
