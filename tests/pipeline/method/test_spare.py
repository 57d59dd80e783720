"""Decoded cells are kept while the disk has room to spare, and a full one ends no run."""

import errno
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from avel.cache.errors import CacheError
from avel.cache.store import Store
from avel.pipeline.method.spare import RESERVE_BYTES, Spare
from tests.cache.items import arrays, assert_holds, key, shards, store

Usage = namedtuple("Usage", "total used free")
TERABYTE = 10**12


class Disk:
    """As large and as free as it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.total, self.free = TERABYTE, TERABYTE
        monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(self.total, 0, self.free))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


def kept(root: Path, told: list[str], *numbers: int) -> Store:
    made = store(root)
    with Spare(made, told.append) as spare:
        for number in numbers:
            spare.add(key(number), arrays(number))
    return store(root)


def test_with_room_all_is_kept(tmp_path: Path, disk: Disk) -> None:
    told = list[str]()
    found = kept(tmp_path, told, 1, 2, 3)
    for number in (1, 2, 3):
        assert_holds(found, number)
    assert told == []


@pytest.mark.parametrize(
    ("total", "free", "is_kept"),
    [
        (TERABYTE, RESERVE_BYTES, True),
        (TERABYTE, RESERVE_BYTES - 1, False),
        (1_000_000, 50_000, True),
        (1_000_000, 49_999, False),
    ],
)
def test_some_of_a_disk_is_left_to_features(
    tmp_path: Path, disk: Disk, total: int, free: int, is_kept: bool
) -> None:
    disk.total, disk.free = total, free
    told = list[str]()
    assert len(kept(tmp_path, told, 1, 2)) == (2 if is_kept else 0)
    assert len(told) == (0 if is_kept else 1), "said once"
    assert all("decoded pictures and sound are not cached while that is so" in t for t in told)


def test_once_there_is_room_cells_are_kept_again(tmp_path: Path, disk: Disk) -> None:
    made, told = store(tmp_path), list[str]()
    with Spare(made, told.append) as spare:
        for number, free in enumerate((TERABYTE, 0, TERABYTE)):
            disk.free = free
            spare.add(key(number), arrays(number))
    assert sorted(store(tmp_path).keys()) == sorted([key(0), key(2)])


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_fills_all_the_same_loses_cells_alone(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And holds none of them in memory."""
    made, told = store(tmp_path), list[str]()
    with monkeypatch.context() as patch, Spare(made, told.append) as spare:
        patch.setattr(os, "fsync", full)
        spare.add(key(1), arrays(1))
    assert len(told) == 1
    assert key(1) not in made
    assert shards(made) == []
    assert not list(made.folder.glob(".*.part"))


def test_another_trouble_of_the_cache_is_not_hidden(
    tmp_path: Path, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    made = store(tmp_path)
    with (
        pytest.raises(CacheError, match=r"cannot be written \(Read-only file system\)"),
        monkeypatch.context() as patch,
        Spare(made) as spare,
    ):
        patch.setattr(os, "fsync", refuse)
        spare.add(key(1), arrays(1))
