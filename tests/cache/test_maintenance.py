import errno
import os
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from avel.cache import maintenance
from avel.cache.errors import CacheUnavailable
from avel.cache.maintenance import STALE_SECONDS
from avel.cache.store import CacheError, Store
from tests.cache.items import RECIPE, arrays, fill, item, key, refusing, shards, store
from tests.cache.old import write_old_shard

OTHER = {"stage": "scores", "version": 2, "config": {}}


def test_all_stores_in_stage_order(tmp_path: Path) -> None:
    assert list(maintenance.stores(tmp_path / "none")) == []
    Store(tmp_path, "scores", OTHER)
    fill(tmp_path, range(2))
    (tmp_path / "features" / "no store").mkdir()
    (tmp_path / "features" / "file").touch()
    assert [(s.stage, len(s)) for s in maintenance.stores(tmp_path)] == [
        ("features", 2),
        ("scores", 0),
    ]


def test_a_summary_counts(tmp_path: Path) -> None:
    made = fill(tmp_path, range(4), max_items=2)
    files = shards(made)
    data = bytearray(files[0].read_bytes())
    data[data.find(arrays(0)["visual"].tobytes())] ^= 1
    files[0].write_bytes(bytes(data))
    made = store(tmp_path)
    made.get(key(0))
    summary = maintenance.summarize(made)
    assert (summary.stage, summary.fingerprint) == ("features", made.fingerprint)
    assert (summary.items, summary.shards) == (3, 2)
    assert summary.num_bytes == sum(file.stat().st_size for file in files)
    assert summary.recipe == RECIPE
    assert len(summary.damage) == 1


def test_explain_names_the_field_and_both_values(tmp_path: Path) -> None:
    wanted = {**RECIPE, "config": {"extractor": "test", "x": 0.25}}
    assert "no store of this stage in" in maintenance.explain(tmp_path, wanted)[0]
    made = fill(tmp_path, range(1))
    lines = maintenance.explain(tmp_path, wanted)
    assert f"not made yet; nearest is {made.fingerprint[:12]}, with" in lines[0]
    assert lines[1:] == ["  config.x: 0.5, wanted 0.25"]
    assert "exists; items are missing only if" in maintenance.explain(tmp_path, RECIPE)[0]


def test_verify_counts_the_sound(tmp_path: Path) -> None:
    made = fill(tmp_path, range(4))
    assert maintenance.verify(made) == (4, [])
    path = shards(made)[0]
    data = bytearray(path.read_bytes())
    data[data.find(arrays(3)["map"].tobytes())] ^= 1
    path.write_bytes(bytes(data))
    sound, damage = maintenance.verify(store(tmp_path))
    assert sound == 3
    assert len(damage) == 1


def test_verify_of_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    fill(tmp_path, range(4))
    again = store(tmp_path)
    with (
        refusing(errno.EIO, shards(again)[0]),
        pytest.raises(CacheUnavailable, match="Input/output"),
    ):
        maintenance.verify(again)


def test_gc_removes_only_what_nobody_reads(tmp_path: Path) -> None:
    made = fill(tmp_path, range(4))
    write_old_shard(made.folder / "0-old.h5", [item(9)], made.fingerprint)
    dead, young = made.folder / ".dead.part", made.folder / ".young.part"
    for file in (dead, young):
        file.write_bytes(b"x" * 10)
    os.utime(dead, (0, 0))
    torn, cut = made.folder / "0000-torn.h5", made.folder / "0001-cut.h5"
    torn.write_bytes(b"no shard")
    cut.write_bytes(shards(made)[-1].read_bytes()[:-1])
    headless = tmp_path / "scores" / "headless"
    headless.mkdir(parents=True)
    (headless / "a.h5").write_bytes(b"x" * 7)
    listed = maintenance.collect(tmp_path, delete=False)
    assert dead.exists()
    assert dict(listed) == {dead: 10, torn: 8, cut: cut.stat().st_size, headless: 7}
    assert maintenance.collect(tmp_path, delete=True) == listed
    assert not any(path.exists() for path, _ in listed)
    assert young.exists()
    assert len(store(tmp_path)) == 5


def test_gc_keeps_sound_shards_whose_recipe_is_lost(tmp_path: Path) -> None:
    """They are the work of hours, and whoever made them finds them again."""
    made = fill(tmp_path, range(4), max_items=2)
    torn = made.folder / "0000-torn.h5"
    torn.write_bytes(b"no shard")
    (made.folder / "stage.json").unlink()
    assert maintenance.collect(tmp_path, delete=True) == [(torn, 8)]
    assert maintenance.nameless(tmp_path) == [(made.folder, 2)]
    assert len(shards(made)) == 2
    assert len(store(tmp_path)) == 4  # opening it wrote the recipe
    assert maintenance.nameless(tmp_path) == []


def test_gc_keeps_sound_shards_in_a_folder_of_another_name(tmp_path: Path) -> None:
    made = fill(tmp_path, range(4))
    moved = made.folder.rename(made.folder.with_name("copy"))
    (moved / "stage.json").unlink()
    assert maintenance.collect(tmp_path, delete=True) == []
    assert maintenance.nameless(tmp_path) == [(moved, 1)]


def test_gc_leaves_a_folder_that_is_being_made(tmp_path: Path) -> None:
    folder = tmp_path / "scores" / "new"
    folder.mkdir(parents=True)
    part = folder / ".a.part"
    part.touch()
    os.utime(part, (1000, 1000))
    assert maintenance.collect(tmp_path, delete=True, now=1000 + STALE_SECONDS) == []
    assert maintenance.nameless(tmp_path) == []
    assert maintenance.collect(tmp_path, delete=True, now=1001 + STALE_SECONDS) == [(folder, 0)]


def test_shards_without_a_recipe_that_cannot_be_read_are_left(tmp_path: Path) -> None:
    made = fill(tmp_path, range(4))
    (made.folder / "stage.json").unlink()
    for look in (lambda: maintenance.collect(tmp_path, delete=True),
                 lambda: maintenance.nameless(tmp_path)):  # fmt: skip
        with refusing(errno.EIO, shards(made)[0]), pytest.raises(CacheUnavailable):
            look()
    assert len(store(tmp_path)) == 4


def test_gc_goes_by_the_age_of_temporaries(tmp_path: Path) -> None:
    made = fill(tmp_path, range(1))
    part = made.folder / ".a.part"
    part.touch()
    os.utime(part, (1000, 1000))
    assert maintenance.collect(tmp_path, delete=False, now=1000 + STALE_SECONDS) == []
    assert maintenance.collect(tmp_path, delete=False, now=1001 + STALE_SECONDS) == [(part, 0)]


@pytest.mark.parametrize(
    "number", [errno.EACCES, errno.EMFILE, errno.EIO, errno.ESTALE, errno.ENOMEM]
)
@pytest.mark.parametrize("what", ["open", "preadv"])
def test_gc_deletes_nothing_that_it_cannot_read(tmp_path: Path, number: int, what: str) -> None:
    made = fill(tmp_path, range(4))
    torn = made.folder / "0000-torn.h5"
    torn.write_bytes(b"no shard")
    with (
        refusing(number, shards(made)[-1], what),
        pytest.raises(CacheUnavailable, match=os.strerror(number)),
    ):
        maintenance.collect(tmp_path, delete=True)
    assert torn.exists()
    assert len(store(tmp_path)) == 4


def test_gc_of_a_folder_that_cannot_be_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, range(1))

    def refuse(_: object) -> list[str]:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(CacheUnavailable, match="Permission denied"):
        maintenance.collect(tmp_path, delete=True)
    with pytest.raises(CacheUnavailable, match="Permission denied"):
        list(maintenance.stores(tmp_path))


def test_find_by_prefix(tmp_path: Path) -> None:
    with pytest.raises(CacheError, match=r"0 stores match 'zz' \(there are: none\)"):
        maintenance.find(tmp_path, "zz")
    made = fill(tmp_path, range(1))
    other = Store(tmp_path, "scores", OTHER)
    assert maintenance.find(tmp_path, made.fingerprint[:6]).fingerprint == made.fingerprint
    with pytest.raises(
        CacheError, match=rf"0 stores match 'zz' \(there are: {made.fingerprint[:12]}, "
    ):
        maintenance.find(tmp_path, "zz")
    with pytest.raises(CacheError, match=rf"2 stores match '' .*{other.fingerprint[:12]}"):
        maintenance.find(tmp_path, "")


def test_remove(tmp_path: Path) -> None:
    made = fill(tmp_path, range(3))
    size = sum(file.stat().st_size for file in made.folder.iterdir())
    assert maintenance.remove(made) == size
    assert not made.folder.exists()


def test_a_changed_stage_json_is_noticed(tmp_path: Path) -> None:
    made = fill(tmp_path, range(1))
    about = made.folder / "stage.json"
    about.write_text(about.read_text().replace("0.5", "0.6"))
    with pytest.raises(CacheError, match=r"was changed; it hashes to \w{64}\. Run what made the"):
        list(maintenance.stores(tmp_path))
    about.write_text("{")
    with pytest.raises(CacheError, match=r"stage.json is damaged \(.*\); run what made the store"):
        list(maintenance.stores(tmp_path))
    shutil.rmtree(made.folder)


def test_a_stage_json_that_cannot_be_read_is_not_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, range(1))

    def refuse(_: Path) -> bytes:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(
        CacheUnavailable, match=r"stage.json: cannot be read now \(Permission denied"
    ):
        list(maintenance.stores(tmp_path))
    with pytest.raises(CacheUnavailable, match="Permission denied"):
        store(tmp_path)


def test_many_items_are_read_one_after_another(tmp_path: Path) -> None:
    """A list of their keys would take 120 bytes each."""

    def peak(count: int) -> int:
        store = Store(tmp_path / str(count), "features", RECIPE)
        with store.writer() as writer:
            for n in range(count):
                writer.add(key(n), {"x": np.zeros((1, 4), np.float32)})
        opened = Store(tmp_path / str(count), "features", RECIPE)
        tracemalloc.start()
        assert maintenance.verify(opened) == (count, [])
        assert maintenance.summarize(opened).items == count
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert (peak(2_400) - peak(400)) / 2_000 < 90
