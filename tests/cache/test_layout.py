import errno
import os
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from avel.cache.arrays import checksum
from avel.cache.header import USER_BLOCK, decode
from avel.cache.layout import ALIGNMENT, Item, check_alike, write_shard
from avel.cache.shard import MappedShard, _header_by_hdf5, open_shard
from tests.cache.items import arrays, assert_same, item

MARK = "f" * 64
KINDS = st.sampled_from(["<f2", "<f4", "<f8", ">f4", "?", "u1", "<i8", "<c8"])


@st.composite
def item_lists(draw: st.DrawFn) -> list[Item]:
    """Items alike in names, dtypes and shapes per row; numbers of rows differ, 0 among them."""
    kinds = draw(
        st.dictionaries(
            st.text("abé/_"[:3], min_size=1, max_size=5),
            st.tuples(KINDS, st.lists(st.integers(0, 4), max_size=2).map(tuple)),
            min_size=1,
            max_size=4,
        )
    )
    made = []
    for number in range(draw(st.integers(1, 4))):
        found = {
            name: draw(hnp.arrays(kind, (draw(st.integers(0, 3)), *rest)))
            for name, (kind, rest) in kinds.items()
        }
        made.append(Item(bytes([number] * 32), found))
    return made


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(item_lists())
def test_any_items_are_read_as_written_by_us_and_by_hdf5(tmp_path: Path, items: list[Item]) -> None:
    path = tmp_path / "a.h5"
    path.unlink(missing_ok=True)
    keys = write_shard(path, items, MARK)
    opened = open_shard(path, MARK)
    np.testing.assert_array_equal(opened.keys, keys)
    mapped = MappedShard(opened)
    with h5py.File(path) as file:
        names = sorted(items[0].arrays)
        for row, one in enumerate(items):
            assert opened.keys[row].tobytes() == one.key
            assert_same(mapped.read(row, None), dict(one.arrays))
            for a, name in enumerate(names):
                first, count = file["rows"][row, a]
                np.testing.assert_array_equal(
                    file["arrays"][name][first : first + count], one.arrays[name]
                )
                assert file["checksums"][row, a] == checksum(one.arrays[name])


def test_the_header_says_what_hdf5_says(tmp_path: Path) -> None:
    write_shard(tmp_path / "a.h5", [item(n) for n in range(9)], MARK)
    header = decode((tmp_path / "a.h5").read_bytes()[:USER_BLOCK])
    assert header == _header_by_hdf5(tmp_path / "a.h5")
    assert header is not None
    assert header.end <= (tmp_path / "a.h5").stat().st_size
    assert all(
        e.offset % ALIGNMENT == 0 for e in header.arrays.values() if e.num_bytes >= ALIGNMENT
    )


def test_many_arrays_are_read_without_a_header(tmp_path: Path) -> None:
    many = Item(b"k" * 32, {f"array{n:03}": np.full((2, 3), n, np.int64) for n in range(150)})
    write_shard(tmp_path / "a.h5", [many], MARK)
    assert decode((tmp_path / "a.h5").read_bytes()[:USER_BLOCK]) is None
    assert_same(MappedShard(open_shard(tmp_path / "a.h5", MARK)).read(0, None), dict(many.arrays))


def test_arrays_are_not_copied_to_be_written(tmp_path: Path) -> None:
    big = [Item(bytes([n] * 32), {"a": np.zeros((1000, 1000), np.float32)}) for n in range(4)]
    tracemalloc.start()
    write_shard(tmp_path / "a.h5", big, MARK)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20  # of 16 MB


def test_arrays_in_any_order_of_memory(tmp_path: Path) -> None:
    turned = np.asfortranarray(np.arange(12, dtype=np.float32).reshape(3, 4))
    strided = np.arange(40, dtype=np.int64)[::4]
    made = Item(b"k" * 32, {"a": turned, "b": strided})
    write_shard(tmp_path / "a.h5", [made], MARK)
    assert_same(MappedShard(open_shard(tmp_path / "a.h5", MARK)).read(0, None), dict(made.arrays))


def test_a_file_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(b"x")
    with pytest.raises(FileExistsError):
        write_shard(tmp_path / "a.h5", [item(0)], MARK)


def test_a_full_disk_is_the_systems_own_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left") as caught:
        write_shard(tmp_path / "a.h5", [item(0)], MARK)
    assert caught.value.errno == errno.ENOSPC


def test_items_must_be_alike() -> None:
    first = item(0)
    with pytest.raises(
        ValueError, match=r"array 'visual' is float32\[4\] per row, the shard's is float32\[16\]"
    ):
        check_alike(Item(b"k" * 32, {**arrays(1), "visual": np.zeros((2, 4), np.float32)}), first)
    with pytest.raises(
        ValueError,
        match=r"has the arrays map, mask, visual; the shard's are map, mask, meta, visual",
    ):
        check_alike(Item(b"k" * 32, {n: a for n, a in arrays(1).items() if n != "meta"}), first)
    with pytest.raises(
        ValueError, match=r"item 6b6b.*'a' is <U1\[1\]; the cache keeps rows of numbers"
    ):
        check_alike(words := Item(b"k" * 32, {"a": np.array(["x"])}), words)
    with pytest.raises(ValueError, match=r"'a' is float64\[\]; the cache keeps rows of numbers"):
        check_alike(scalar := Item(b"k" * 32, {"a": np.array(1.0)}), scalar)


def test_the_checksum_is_xxh3_of_the_bytes() -> None:
    assert checksum(np.frombuffer(b"abc", np.uint8)) == 0x78AF5F94892F3950
    assert checksum(np.zeros((0, 4))) == 0x2D06800538D394C2
    assert checksum(np.arange(4)[::2]) == checksum(np.array([0, 2]))
