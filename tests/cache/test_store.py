"""The cache under kill, damage, faults and crowds: nothing finished is lost, nothing damaged served."""

import errno
import json
import os
import pickle
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from avel.cache.damage import DAMAGED
from avel.cache.fingerprint import fingerprint
from avel.cache.layout import Item
from avel.cache.store import CacheError, CacheUnavailable, Store
from tests.cache.items import (
    RECIPE,
    Nursery,
    arrays,
    assert_holds,
    fill,
    item,
    key,
    refusing,
    shards,
    small_disk,
    store,
)
from tests.cache.old import write_old_shard


@pytest.fixture
def nursery() -> Iterator[Nursery]:
    made = Nursery()
    yield made
    made.close()


def test_what_is_written_is_read(tmp_path: Path) -> None:
    fill(tmp_path, range(20), max_items=6)
    again = store(tmp_path)
    assert len(again) == 20
    assert sorted(again.keys()) == sorted(key(n) for n in range(20))
    for number in range(20):
        assert_holds(again, number)
    assert key(99) not in again
    assert again.get(key(99)) is None


def test_a_part_of_an_item_can_be_read_alone(tmp_path: Path) -> None:
    item = fill(tmp_path, range(3)).get(key(1), ["mask"])
    assert item is not None
    assert list(item) == ["mask"]


def test_views_cannot_be_written(tmp_path: Path) -> None:
    item = fill(tmp_path, range(1)).get(key(0))
    assert item is not None
    with pytest.raises(ValueError, match="read-only"):
        item["visual"][0, 0] = 1


def test_a_shard_is_plain_hdf5(tmp_path: Path) -> None:
    made = fill(tmp_path, range(5))
    with h5py.File(shards(made)[0]) as file:
        assert file["arrays/visual"].shape[1:] == (16,)
        assert file["arrays/visual"].chunks is None
        first, rows = file["rows"][3, json.loads(file.attrs["names"]).index("visual")]
        np.testing.assert_array_equal(
            file["arrays/visual"][first : first + rows], arrays(3)["visual"]
        )


def test_shards_written_before_go_on_beside_new_ones(tmp_path: Path) -> None:
    made = store(tmp_path)
    write_old_shard(made.folder / "0-old.h5", [item(n) for n in range(8)], made.fingerprint)
    with made.writer() as writer:
        writer.add(key(8), arrays(8))
    again = store(tmp_path)
    assert len(again) == 9
    for number in range(9):
        assert_holds(again, number)


def test_stage_json_says_everything_hashed(tmp_path: Path) -> None:
    made = store(tmp_path)
    recipe = json.loads((made.folder / "stage.json").read_text())
    assert recipe == RECIPE
    assert fingerprint(recipe) == made.folder.name == made.fingerprint
    assert os.listdir(made.folder) == ["stage.json"]


@pytest.mark.parametrize("text", ["", "{", '{"stage": "other"}', "[1]"])
def test_a_damaged_stage_json_is_written_anew(tmp_path: Path, text: str) -> None:
    about = store(tmp_path).folder / "stage.json"
    about.write_text(text)
    store(tmp_path)
    assert json.loads(about.read_text()) == RECIPE


def test_a_reader_makes_no_folder(tmp_path: Path) -> None:
    assert len(Store(tmp_path, "features", RECIPE, make=False)) == 0
    assert os.listdir(tmp_path) == []


def test_another_recipe_is_another_store(tmp_path: Path) -> None:
    fill(tmp_path, range(2))
    other = Store(tmp_path, "features", {**RECIPE, "config": {"extractor": "test", "x": 0.25}})
    assert key(0) not in other


def test_another_process_opens_it_by_itself(tmp_path: Path) -> None:
    made = fill(tmp_path, range(3))
    made.hold(item(9))
    again = pickle.loads(pickle.dumps(made))
    assert_holds(again, 2)
    assert key(9) not in again


def test_what_others_publish_is_taken_up(tmp_path: Path) -> None:
    first, second = store(tmp_path), store(tmp_path)
    fill(tmp_path, range(1))
    assert key(0) not in first
    first.refresh()
    assert_holds(first, 0)
    with second.writer() as writer:  # each publishing takes up what is there
        writer.add(key(1), arrays(1))
    assert_holds(second, 0)


def test_sigkill_at_random_moments_loses_nothing_published(
    tmp_path: Path, nursery: Nursery
) -> None:
    """Twenty writers killed anywhere; a resumed run ends with the bits of an undisturbed one."""
    with small_disk(tmp_path / "disk", 100_000) as disk:  # a killed process loses nothing there
        kill_at_random(disk or tmp_path, nursery)


def kill_at_random(root: Path, nursery: Nursery) -> None:
    rng, total = random.Random(0), 1000
    published = 0
    for _ in range(20):
        process = nursery.start((root, 0, total, 7))
        for _ in range(rng.randrange(1, 30)):  # it says a line with each item
            nursery.line()
        os.kill(process, signal.SIGKILL)
        said, codes = nursery.end()
        assert codes == {-signal.SIGKILL}, "it was faster than the signal"
        found = store(root)
        assert len(found) >= max([published, *said])
        assert not found.damage
        published = len(found)
    assert published > 50
    nursery.start((root, 0, total, 500))
    assert nursery.end()[1] == {0}
    resumed = store(root)
    assert len(resumed) == total
    for number in range(total):
        assert_holds(resumed, number)


def test_four_processes_on_one_cache(tmp_path: Path, nursery: Nursery) -> None:
    nursery.start(*((tmp_path, 50 * n, 50 * n + 100, 9) for n in range(4)))
    assert nursery.end()[1] == {0}
    found = store(tmp_path)
    assert len(found) == 250
    for number in range(250):
        assert_holds(found, number)


def test_threads_read_beside_a_writer(tmp_path: Path) -> None:
    """An item is there from `add` on, also while its shard takes the place of the buffer."""
    made, total = store(tmp_path, max_mapped=3), 100
    added, wrong = [0], []

    def read(seed: int) -> None:
        rng = random.Random(seed)
        while added[0] < total and not wrong:
            if not added[0]:
                continue
            number = rng.randrange(added[0])
            try:
                assert key(number) in made, f"{number} of {added[0]} is missing"
                assert_holds(made, number)
                assert key(number + total) not in made
            except BaseException as err:
                wrong.append(err)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    with made.writer(max_items=2, max_seconds=0.001) as writer:
        for number in range(total):
            writer.add(key(number), arrays(number))
            added[0] = number + 1
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(shards(made)) >= total // 2
    assert not made.damage


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 5), st.integers(0, 9)),
        st.tuples(st.sampled_from(["publish", "reopen", "refresh"]), st.just(0), st.just(0)),
        st.tuples(st.just("get"), st.integers(0, 5), st.just(0)),
    ),
    max_size=25,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30
)
@given(STEPS, st.integers(0, 10**9))
def test_any_order_of_adding_publishing_and_reading_is_a_dictionary(
    tmp_path: Path, steps: list[tuple[str, int, int]], case: int
) -> None:
    root, model = tmp_path / f"{case}-{time.monotonic_ns()}", {}
    made = store(root, max_mapped=1)
    writer = made.writer(max_items=3, max_seconds=1e6)
    for what, number, value in steps:
        if what == "add":
            model[key(number)] = value
            writer.add(key(number), {"a": np.full((value, 2), value)})
        elif what == "publish":
            writer.publish()
            assert set(made.keys()) == model.keys()
        elif what == "refresh":
            made.refresh()
        elif what == "reopen":
            writer.__exit__(None, None, None)
            made = store(root)
            writer = made.writer(max_items=3, max_seconds=1e6)
        for each in (key(n) for n in range(6)):
            assert (each in made) == (each in model)
        found = made.get(key(number))
        assert (found is None) == (key(number) not in model)
        if found is not None:
            value = model[key(number)]
            np.testing.assert_array_equal(found["a"], np.full((value, 2), value))
    writer.__exit__(None, None, None)


def test_full_disk_keeps_what_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = fill(tmp_path, range(10))

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CacheError, match=r"the disk is full.*--cache-dir"), made.writer() as writer:
        writer.add(key(10), arrays(10))
        writer.publish()
    monkeypatch.undo()
    assert not list(made.folder.glob(".*.part"))
    again = store(tmp_path)
    assert len(again) == 10
    assert_holds(again, 9)


def test_flipped_bytes_are_named_and_computed_again(tmp_path: Path) -> None:
    """Any flipped byte: the item reads right or is refused, never served wrong."""
    fill(tmp_path, range(8))
    path = shards(store(tmp_path))[0]
    whole, rng = path.read_bytes(), random.Random(1)
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(data))
        (path.parent / DAMAGED).unlink(missing_ok=True)
        found = store(tmp_path)
        for number in range(8):
            item = found.get(key(number))
            if item is None:
                refused += 1
                assert found.damage
                assert str(path) in found.damage[0]
            else:
                assert_holds(found, number)
    assert refused > 10


def test_a_damaged_item_counts_as_missing_and_is_replaced(tmp_path: Path) -> None:
    path = shards(fill(tmp_path, range(4)))[0]
    data = bytearray(path.read_bytes())
    data[data.find(arrays(2)["visual"].tobytes())] ^= 0xFF
    path.write_bytes(bytes(data))
    found = store(tmp_path)
    assert found.get(key(2)) is None
    assert f"{path}: the checksum of item {key(2)[:12]} does not agree" in found.damage
    assert_holds(found, 1)
    later = store(tmp_path)
    assert key(2) not in later  # remembered, so that the next run computes it
    with later.writer() as writer:
        writer.add(key(2), arrays(2))
    assert_holds(store(tmp_path), 2)


def test_a_shard_whose_tables_are_damaged_is_condemned_item_by_item(tmp_path: Path) -> None:
    made = fill(tmp_path, range(3))
    path = shards(made)[0]
    data = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        data[file["checksums"].id.get_offset()] ^= 1
    path.write_bytes(bytes(data))
    found = store(tmp_path)
    assert found.get(key(1)) is None
    assert "its table 'checksums' does not agree" in found.damage[0]
    assert len(store(tmp_path)) == 2


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_cut_shards_lose_themselves_only(tmp_path: Path, share: float) -> None:
    fill(tmp_path, range(6))
    first = shards(store(tmp_path))
    fill(tmp_path, range(6, 12))
    second = shards(store(tmp_path))[-1]
    assert second not in first
    data = second.read_bytes()
    second.write_bytes(data[: int(len(data) * share)])
    found = store(tmp_path)
    for number in range(6):
        assert_holds(found, number)
    for number in range(6, 12):
        assert found.get(key(number)) is None
    assert any(str(second) in sentence for sentence in found.damage)


def nothing_condemned(made: Store) -> bool:
    return not made.damage and not (made.folder / DAMAGED).exists()


@pytest.mark.parametrize(
    "number",
    [errno.EACCES, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO, errno.ESTALE],
)
def test_an_unavailable_shard_is_neither_missing_nor_damaged(tmp_path: Path, number: int) -> None:
    made = fill(tmp_path, range(3))
    path, again = shards(made)[0], store(tmp_path)
    with refusing(number, path):
        with pytest.raises(
            CacheUnavailable, match=rf"{path}: cannot be read now .*, and run again"
        ):
            again.get(key(1))
        with pytest.raises(CacheUnavailable, match=os.strerror(number)):
            store(tmp_path)
        assert key(1) in again
    assert nothing_condemned(again)
    assert_holds(again, 1)
    assert len(store(tmp_path)) == 3


def test_an_unavailable_folder_is_not_an_empty_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fill(tmp_path, range(3))
    fill(tmp_path, range(3, 4))

    def refuse(_: object) -> list[str]:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(os, "listdir", refuse)
    with pytest.raises(
        CacheUnavailable, match=r"features/\w+: cannot be read now \(Permission den"
    ):
        store(tmp_path)
    with pytest.raises(CacheUnavailable, match="Permission denied"):
        made.refresh()
    monkeypatch.undo()
    assert_holds(made, 3)  # asked again, as the refresh did not take place


def test_an_unavailable_list_of_damage_is_not_an_empty_one(tmp_path: Path) -> None:
    made = fill(tmp_path, range(1))
    (made.folder / DAMAGED).mkdir()
    with pytest.raises(
        CacheUnavailable, match=r"damaged.jsonl: cannot be read now \(Is a directory"
    ):
        store(tmp_path)


def test_a_folder_that_vanished_is_unavailable(tmp_path: Path) -> None:
    made = fill(tmp_path, range(3))
    made.folder.rename(tmp_path / "elsewhere")
    for action in (made.refresh, lambda: made.get(key(0))):
        with pytest.raises(CacheUnavailable, match="is gone since it was opened; mount or restore"):
            action()
    (tmp_path / "elsewhere").rename(made.folder)
    assert nothing_condemned(made)
    assert_holds(made, 0)


def test_a_deleted_shard_is_missing_and_said(tmp_path: Path) -> None:
    made = fill(tmp_path, range(2), max_items=1)
    shards(made)[0].unlink()
    found = [number for number in range(2) if made.get(key(number))]
    assert len(found) == 1
    assert "was deleted while it was in use; its items count as missing" in made.damage[0]
    assert made.keys() == [key(found[0])]
    assert not (made.folder / DAMAGED).exists()


def test_a_shard_that_vanishes_while_the_store_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = fill(tmp_path, range(2), max_items=1)
    real = os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: [*real(folder), "9-gone.h5"])
    again = store(tmp_path)
    assert len(again) == 2
    assert nothing_condemned(made)


def test_read_only_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", deny)
    with pytest.raises(
        CacheError, match=r"cannot be written \(Permission denied\).*AVEL_CACHE_DIR"
    ):
        store(tmp_path / "new")


def test_a_file_in_the_place_of_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert len(Store(tmp_path / "file", "features", RECIPE, make=False)) == 0
    with pytest.raises(CacheError, match=r"cannot be written \(Not a directory\)"):
        store(tmp_path / "file")


def test_keys_that_are_none(tmp_path: Path) -> None:
    made = store(tmp_path)
    for wrong in ("", "12", "g" * 64):
        with pytest.raises(ValueError, match=f"key '{wrong}' must be a sha256"):
            made.get(wrong)
        with pytest.raises(ValueError, match=f"key '{wrong}' must be a sha256"):
            wrong in made  # noqa: B015


def test_keys_of_one_prefix_are_told_apart(tmp_path: Path) -> None:
    made = store(tmp_path)
    items = [Item(bytes(8) + bytes([n] * 24), {"a": np.array([n])}) for n in range(3)]
    with made.writer() as writer:
        for each in items:
            writer.add(each.key.hex(), each.arrays)
    for opened in (made, store(tmp_path)):
        for number, each in enumerate(items):
            found = opened.get(each.key.hex())
            assert found is not None
            assert found["a"].tolist() == [number]
