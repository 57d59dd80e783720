import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from avel.cache import shard as shard_module
from avel.cache.errors import CacheUnavailable, DamagedShard
from avel.cache.header import USER_BLOCK, decode
from avel.cache.layout import Item, write_shard
from avel.cache.plain import FileMap
from avel.cache.shard import MappedShard, open_shard
from tests.cache.items import arrays, assert_same, item, refusing
from tests.cache.old import write_old_shard

MARK = "f" * 64
WRITERS = [write_shard, write_old_shard]
REFUSALS = [
    *(errno.EACCES, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE),
    *(errno.ETIMEDOUT, errno.ENETDOWN),
]


@pytest.fixture(params=WRITERS, ids=["new", "old"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    request.param(tmp_path / "a.h5", [item(n) for n in range(12)], MARK)
    return tmp_path / "a.h5"


def test_both_layouts_hold_the_same(path: Path) -> None:
    opened = open_shard(path, MARK)
    mapped = MappedShard(opened)
    assert opened.keys.shape == (12, 32)
    for number in range(12):
        assert opened.keys[number].tobytes() == item(number).key
        assert_same(mapped.read(number, None), arrays(number))
    assert list(mapped.read(3, ["mask", "none"]) or {}) == ["mask"]


def test_views_are_of_the_map_and_read_only(path: Path) -> None:
    found = MappedShard(open_shard(path, MARK)).read(2, ["visual"])
    assert found is not None
    assert not found["visual"].flags.owndata
    assert not found["visual"].flags.writeable


def test_one_map_a_shard_and_no_descriptor(path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))
    mapped = MappedShard(open_shard(path, MARK))
    assert Path("/proc/self/maps").read_text().count(str(path)) == 1
    assert len(os.listdir("/proc/self/fd")) == before
    assert mapped.read(0, None)


def test_empty_arrays(tmp_path: Path) -> None:
    made = Item(b"k" * 32, {"a": np.zeros((0, 4), np.float32), "b": np.ones((1, 2), np.int64)})
    for number, write in enumerate(WRITERS):
        write(tmp_path / f"{number}.h5", [made], MARK)
        opened = open_shard(tmp_path / f"{number}.h5", MARK)
        assert_same(MappedShard(opened).read(0, None), dict(made.arrays))


def test_a_damaged_header_is_made_up_for_by_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write_shard(path, [item(n) for n in range(4)], MARK)
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(bytes(data))
    assert decode(bytes(data[:USER_BLOCK])) is None
    assert_same(MappedShard(open_shard(path, MARK)).read(3, None), arrays(3))


def test_another_recipe(path: Path) -> None:
    with pytest.raises(DamagedShard, match=r"a.h5: was made by another recipe \(ffff"):
        open_shard(path, "e" * 64)


def test_another_schema_says_how_to_renew(tmp_path: Path) -> None:
    write_old_shard(tmp_path / "a.h5", [item(0)], MARK, schema=7)
    with pytest.raises(
        DamagedShard, match=r"has schema 7, this avel reads 1; `avel cache gc --delete` removes it"
    ):
        open_shard(tmp_path / "a.h5", MARK)


def test_a_short_file_is_found_before_it_is_mapped(path: Path) -> None:
    opened = open_shard(path, MARK)
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(DamagedShard, match=r"ends after \d+ of \d+ bytes|index cannot be read"):
        open_shard(path, MARK)
    with pytest.raises(DamagedShard, match=r"ends after \d+ of \d+ bytes|index cannot be read"):
        MappedShard(opened)


def test_no_hdf5(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_bytes(b"no shard")
    with pytest.raises(DamagedShard, match=r"a.h5: index cannot be read \(.*signature not found"):
        open_shard(tmp_path / "a.h5", MARK)


def test_a_file_cut_below_a_map_is_damage_and_no_death(path: Path) -> None:
    mapped = MappedShard(open_shard(path, MARK))
    assert_same(mapped.read(0, ["map"]), {"map": arrays(0)["map"]})
    os.truncate(path, 4096)
    assert mapped.read(11, ["visual"]) is None


@pytest.mark.parametrize("table", ["keys", "rows", "checksums"])
def test_a_flipped_table(path: Path, table: str) -> None:
    opened = open_shard(path, MARK)
    extent = shard_module._header_by_hdf5(path).tables[table]
    data = bytearray(path.read_bytes())
    data[extent.offset + 5] ^= 4
    path.write_bytes(bytes(data))
    with pytest.raises(DamagedShard, match=f"a.h5: the checksum of its table '{table}' does not"):
        open_shard(path, MARK) if table == "keys" else MappedShard(opened)


def test_a_flipped_array_is_refused_alone(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.find(arrays(5)["visual"].tobytes())] ^= 1
    path.write_bytes(bytes(data))
    mapped = MappedShard(open_shard(path, MARK))
    assert mapped.read(5, None) is None
    assert_same(mapped.read(5, ["mask"]), {"mask": arrays(5)["mask"]})
    assert_same(mapped.read(6, None), arrays(6))


def test_an_item_is_verified_once_in_a_process_also_after_another_map(path: Path) -> None:
    opened = open_shard(path, MARK)
    assert MappedShard(opened).read(1, ["visual"])
    assert opened.verified[0].sum() == 1
    again = MappedShard(opened)
    calls: list[str] = []
    again._checksum = lambda name, *_: calls.append(name) or 0  # type: ignore[method-assign, func-returns-value]
    assert again.read(1, ["visual"])
    assert calls == []
    assert again.read(1, ["visual", "mask"]) is None
    assert calls == ["mask"]


def test_pages_that_cannot_be_populated_are_read_plainly(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileMap, "populate", lambda *_: False)  # before Linux 5.14, or a sick disk
    mapped = MappedShard(open_shard(path, MARK))
    for number in range(12):
        assert_same(mapped.read(number, None), arrays(number))
    other = MappedShard(open_shard(path, MARK))
    with refusing(errno.EIO, path, "preadv"), pytest.raises(CacheUnavailable, match="Input/output"):
        other.read(0, None)
    assert_same(other.read(0, None), arrays(0))


@pytest.mark.parametrize("number", REFUSALS)
@pytest.mark.parametrize("what", ["open", "preadv"])
def test_what_the_system_refuses_is_not_damaged(path: Path, number: int, what: str) -> None:
    opened = open_shard(path, MARK)
    actions: list[Callable[[], object]] = [
        lambda: open_shard(path, MARK),
        lambda: MappedShard(opened),
    ]
    for action in actions:
        with (
            refusing(number, path, what),
            pytest.raises(
                CacheUnavailable, match=rf"a.h5: cannot be read now \({os.strerror(number)}"
            ),
        ):
            action()
    assert_same(MappedShard(opened).read(1, None), arrays(1))


def test_a_map_that_the_system_refuses(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class NoMap:
        def __init__(self, *_: object) -> None:
            raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(shard_module, "FileMap", NoMap)
    with pytest.raises(CacheUnavailable, match="Cannot allocate memory"):
        MappedShard(open_shard(path, MARK))


def test_a_file_that_is_gone(path: Path) -> None:
    opened = open_shard(path, MARK)
    path.unlink()
    with pytest.raises(FileNotFoundError):
        MappedShard(opened)
    with pytest.raises(FileNotFoundError):
        open_shard(path, MARK)
