import errno
import json
import os
from pathlib import Path

import pytest

from avel.cache.damage import DAMAGED, read_damaged, remember_damaged
from avel.cache.errors import CacheUnavailable


def test_what_is_remembered_is_read(tmp_path: Path) -> None:
    remember_damaged(tmp_path, "a.h5", b"k" * 32, "why\u2028so")
    remember_damaged(tmp_path, "b.h5", b"l" * 32, "why")
    assert read_damaged(tmp_path) == {("a.h5", b"k" * 32), ("b.h5", b"l" * 32)}
    assert json.loads((tmp_path / DAMAGED).read_text().split("\n")[0])["why"] == "why\u2028so"


def test_torn_and_foreign_lines_are_skipped(tmp_path: Path) -> None:
    remember_damaged(tmp_path, "a.h5", b"k" * 32, "why")
    with (tmp_path / DAMAGED).open("ab") as file:
        file.write(b'\xff\n[]\n{"shard": "b.h5"}\n{"shard": "b", "key": "zz"}\n7\n{"sha')
    assert read_damaged(tmp_path) == {("a.h5", b"k" * 32)}


def test_no_list_is_no_damage(tmp_path: Path) -> None:
    assert read_damaged(tmp_path / "none") == set()


def test_a_list_that_cannot_be_read_is_not_an_empty_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(CacheUnavailable, match=r"damaged.jsonl: cannot be read now \(Input/output"):
        read_damaged(tmp_path)


def test_a_read_only_folder_is_no_reason_to_stop(tmp_path: Path) -> None:
    remember_damaged(tmp_path / "none", "a.h5", b"k" * 32, "why")
    assert not (tmp_path / "none").exists()
