"""Decoded cells are kept while there is room to spare, and a full disk ends only that."""

from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from avel.cache.errors import CacheFull
from avel.cache.store import Store
from avel.cache.writer import Writer
from avel.pipeline.method import spare
from avel.pipeline.method.spare import RESERVE_BYTES, Spare

RECIPE = {"version": 1, "config": {}}
Usage = namedtuple("Usage", "total used free")
CELLS = {"x": np.arange(6.0)}


def key(number: int) -> str:
    return f"{number:064x}"


def disk(monkeypatch: pytest.MonkeyPatch, total: int, free: int) -> None:
    monkeypatch.setattr(spare.shutil, "disk_usage", lambda path: Usage(total, total - free, free))


def kept(root: Path) -> list[str]:
    store = Store(root, "segments", RECIPE)
    return [key(n) for n in range(3) if store.get(key(n)) is not None]


@pytest.mark.parametrize(
    ("total", "free", "keeps"),
    [
        (1 << 40, RESERVE_BYTES, True),
        (1 << 40, RESERVE_BYTES - 1, False),
        (1 << 30, (1 << 30) // 20 + 1, True),
        (1 << 30, (1 << 30) // 20 - 1, False),
    ],
)
def test_room_is_left_to_features(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: int, free: int, keeps: bool
) -> None:
    disk(monkeypatch, total, free)
    said: list[str] = []
    with Spare(Store(tmp_path, "segments", RECIPE), said.append) as cells:
        cells.add(key(0), CELLS)
    assert kept(tmp_path) == [key(0)] * keeps
    assert len(said) == (not keeps)


def test_it_is_said_once_and_goes_on_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    with Spare(Store(tmp_path, "segments", RECIPE), said.append) as cells:
        for number, free in enumerate((0, 0, 1 << 40)):
            disk(monkeypatch, 1 << 41, free)
            cells.add(key(number), CELLS)
    assert kept(tmp_path) == [key(2)]
    (sentence,) = said
    assert "the disk has no room to spare; decoded pictures and sound are not cached" in sentence


def test_a_disk_that_is_full_while_writing_ends_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk(monkeypatch, 1 << 41, 1 << 40)

    def full(self: Writer, *given: object) -> None:
        raise CacheFull("the disk is full")

    said: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(Writer, "add", full)
        with Spare(Store(tmp_path, "segments", RECIPE), said.append) as cells:
            cells.add(key(0), CELLS)
            cells.add(key(1), CELLS)
    assert kept(tmp_path) == []
    assert len(said) == 1


def test_one_that_is_full_at_the_end_ends_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk(monkeypatch, 1 << 41, 1 << 40)

    def full(self: Writer) -> None:
        raise CacheFull("the disk is full")

    said: list[str] = []
    with (
        monkeypatch.context() as patched,
        Spare(Store(tmp_path, "segments", RECIPE), said.append) as cells,
    ):
        cells.add(key(0), CELLS)
        patched.setattr(Writer, "publish", full)
    assert len(said) == 1
