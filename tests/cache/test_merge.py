"""Joining caches: everything sound, nothing twice, nothing over what is there."""

import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from avel.cache import merge as module
from avel.cache.errors import CacheError
from avel.cache.fingerprint import ContentKeys
from avel.cache.merge import Merged, merge
from avel.cache.store import Store
from tests.cache.items import assert_holds, fill, key, shards, store


def spoil(path: Path) -> None:
    """Change the last byte of a shard's arrays."""
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_END)
        file.write(bytes([byte ^ 1]))


def only(done: list[Merged]) -> tuple[int, int, int, tuple[str, ...]]:
    assert len(done) == 1
    return done[0].shards, done[0].items, done[0].there, done[0].damage


def test_all_items_of_several_caches(tmp_path: Path) -> None:
    for name, numbers in (("a", range(4)), ("b", range(4, 7))):
        fill(tmp_path / name, numbers, max_items=2)
    target = tmp_path / "all"
    assert only(list(merge(tmp_path / "a", target))) == (2, 4, 0, ())
    assert only(list(merge(tmp_path / "b", target))) == (2, 3, 0, ())
    joined = store(target)
    assert sorted(joined.keys()) == sorted(key(n) for n in range(7))
    for number in range(7):
        assert_holds(joined, number)
    assert {path.name[-3:] for path in joined.folder.iterdir()} == {".h5", "son"}


def test_every_stage_keeps_its_recipe(tmp_path: Path) -> None:
    recipes = [{"stage": "scores", "n": 1}, {"stage": "features", "n": 2}]
    made = [Store(tmp_path / "a", r["stage"], r) for r in recipes]  # type: ignore[arg-type]
    for one in made:
        with one.writer() as writer:
            writer.add(key(1), {"x": np.ones(3)})
    done = list(merge(tmp_path / "a", tmp_path / "b"))
    assert [(d.stage, d.fingerprint, d.items) for d in done] == [
        ("features", made[1].fingerprint, 1),
        ("scores", made[0].fingerprint, 1),
    ]
    for one in made:
        about = tmp_path / "b" / one.stage / one.fingerprint / "stage.json"
        assert about.read_text() == (one.folder / "stage.json").read_text()


def test_on_one_file_system_shards_are_linked(tmp_path: Path) -> None:
    made = fill(tmp_path / "a", range(2))
    list(merge(tmp_path / "a", tmp_path / "b"))
    (one,), (other,) = shards(made), shards(store(tmp_path / "b"))
    assert one.samefile(other)


def test_where_there_are_no_links_they_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fill(tmp_path / "a", range(3))

    def link(*args: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", link)
    assert only(list(merge(tmp_path / "a", tmp_path / "b"))) == (1, 3, 0, ())
    (one,), (other,) = shards(made), shards(store(tmp_path / "b"))
    assert not one.samefile(other)
    assert one.read_bytes() == other.read_bytes()
    assert_holds(store(tmp_path / "b"), 2)


def test_again_takes_nothing(tmp_path: Path) -> None:
    fill(tmp_path / "a", range(4), max_items=2)
    list(merge(tmp_path / "a", tmp_path / "b"))
    before = {path: path.stat().st_mtime_ns for path in shards(store(tmp_path / "b"))}
    assert only(list(merge(tmp_path / "a", tmp_path / "b"))) == (0, 0, 2, ())
    assert {path: path.stat().st_mtime_ns for path in shards(store(tmp_path / "b"))} == before


def test_items_that_are_there_from_elsewhere_are_not_taken_twice(tmp_path: Path) -> None:
    fill(tmp_path / "a", range(3))
    fill(tmp_path / "b", range(3))
    assert only(list(merge(tmp_path / "a", tmp_path / "b"))) == (0, 0, 1, ())
    assert len(shards(store(tmp_path / "b"))) == 1


def test_what_was_stopped_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "a", range(6), max_items=2)
    real, taken = module._take, []

    def take(shard: module.Shard, target: Store) -> object:
        if taken:
            raise KeyboardInterrupt
        taken.append(shard.name)
        return real(shard, target)

    monkeypatch.setattr(module, "_take", take)
    with pytest.raises(KeyboardInterrupt):
        list(merge(tmp_path / "a", tmp_path / "b"))
    monkeypatch.undo()
    assert len(store(tmp_path / "b")) == 2
    assert only(list(merge(tmp_path / "a", tmp_path / "b"))) == (2, 4, 1, ())
    assert len(store(tmp_path / "b")) == 6


def test_damaged_items_are_left_behind_and_named(tmp_path: Path) -> None:
    made = fill(tmp_path / "a", range(3))
    spoil(shards(made)[0])
    shard, items, _, damage = only(list(merge(tmp_path / "a", tmp_path / "b")))
    assert (shard, items) == (1, 2)
    assert damage == (f"{shards(made)[0]}: the checksums of 1 items do not agree ({key(2)[:12]})",)
    joined = store(tmp_path / "b")
    assert key(2) not in joined
    assert_holds(joined, 0)
    assert_holds(joined, 1)
    assert only(list(merge(tmp_path / "a", tmp_path / "b")))[:3] == (0, 0, 1)


def test_a_shard_of_which_nothing_is_sound(tmp_path: Path) -> None:
    made = fill(tmp_path / "a", range(1))
    path = shards(made)[0]
    spoil(path)
    assert only(list(merge(tmp_path / "a", tmp_path / "b")))[:2] == (0, 0)
    path.write_bytes(path.read_bytes()[:5000])
    damage = only(list(merge(tmp_path / "a", tmp_path / "c")))[3]
    assert len(damage) == 1
    assert str(path) in damage[0]
    assert "ends after 5000 of" in damage[0]
    assert not shards(store(tmp_path / "c"))


def test_a_copy_that_came_out_wrong_gets_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fill(tmp_path / "a", range(1))

    def copy(source: Path, part: Path) -> None:
        shutil.copyfile(source, part)
        spoil(part)

    monkeypatch.setattr(module, "_link_or_copy", copy)
    assert only(list(merge(tmp_path / "a", tmp_path / "b")))[0] == 0
    assert [path.name for path in store(tmp_path / "b").folder.iterdir()] == ["stage.json"]
    assert_holds(made, 0)


def test_the_memory_of_sources_is_joined(tmp_path: Path) -> None:
    films = []
    for name in "ab":
        fill(tmp_path / name, range(1))
        films.append(tmp_path / f"{name}.mp4")
        films[-1].write_text(name)
    for name in "ab":
        for film in films if name == "a" else films[1:]:
            ContentKeys(tmp_path / name).key(film)
    list(merge(tmp_path / "a", tmp_path / "b"))
    lines = (tmp_path / "b" / "sources.jsonl").read_text().splitlines()
    assert len(lines) == len({*lines}) == 2
    assert sorted(ContentKeys(tmp_path / "b").names().values()) == sorted(map(str, films))


def test_what_is_no_cache(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match=r"nothing: holds no features, segments or scores; name"):
        list(merge(tmp_path / "nothing", tmp_path / "b"))
    fill(tmp_path / "a", range(1))
    with pytest.raises(CacheError, match=r"a: is the cache to join into; name others, or another"):
        list(merge(tmp_path / "a", tmp_path / "x" / ".." / "a"))


def test_a_full_disk_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "a", range(1))

    def full(source: Path, part: Path) -> None:
        part.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(module, "_link_or_copy", full)
    with pytest.raises(CacheError, match="the disk is full"):
        list(merge(tmp_path / "a", tmp_path / "b"))
    assert [path.name for path in store(tmp_path / "b").folder.iterdir()] == ["stage.json"]
