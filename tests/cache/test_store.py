"""The cache under kill, full disk, damage and crowds: nothing finished is lost, nothing damaged served."""

import errno
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

from avel.cache import maintenance, shard
from avel.cache.fingerprint import ContentKeys, fingerprint
from avel.cache.store import CacheError, Store

RECIPE = {"stage": "features", "version": 1, "config": {"extractor": "test", "x": 0.5}}


def key(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def arrays(number: int) -> dict[str, np.ndarray]:
    """Values that a number alone decides; lengths differ from item to item."""
    rng = np.random.default_rng(number)
    rows = 1 + number % 7
    return {
        "visual": rng.standard_normal((rows, 16)).astype(np.float32),
        "map": rng.standard_normal((rows, 49, 8)).astype(np.float16),
        "mask": rng.random(rows) < 0.5,
        "meta": np.frombuffer(json.dumps({"n": number}).encode(), np.uint8),
    }


def store(root: Path) -> Store:
    return Store(root, "features", RECIPE)


def fill(root: Path, numbers: range, **limits: float) -> Store:
    made = store(root)
    with made.writer(**limits) as writer:
        for number in numbers:
            writer.add(key(number), arrays(number))
    return made


def assert_holds(found: Store, number: int) -> None:
    item = found.get(key(number))
    assert item is not None, number
    for name, expected in arrays(number).items():
        np.testing.assert_array_equal(item[name], expected)
        assert item[name].dtype == expected.dtype


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
    with h5py.File(next(made.folder.glob("*.h5"))) as file:
        assert file["arrays/visual"].shape[1:] == (16,)
        assert file["arrays/visual"].chunks is None
        first, rows = file["rows"][3, json.loads(file.attrs["names"]).index("visual")]
        np.testing.assert_array_equal(
            file["arrays/visual"][first : first + rows], arrays(3)["visual"]
        )


def test_stage_json_says_everything_hashed(tmp_path: Path) -> None:
    made = store(tmp_path)
    recipe = json.loads((made.folder / "stage.json").read_text())
    assert recipe == RECIPE
    assert fingerprint(recipe) == made.folder.name == made.fingerprint


def test_another_recipe_is_another_store(tmp_path: Path) -> None:
    fill(tmp_path, range(2))
    other = Store(tmp_path, "features", {**RECIPE, "config": {"extractor": "test", "x": 0.25}})
    assert key(0) not in other


WRITER = """
import sys; sys.path.insert(0, {repository!r})
from pathlib import Path
from tests.cache.test_store import arrays, key, store
made = store(Path(sys.argv[1]))
with made.writer(max_items=int(sys.argv[4])) as writer:
    for number in range(int(sys.argv[2]), int(sys.argv[3])):
        if key(number) not in made:
            writer.add(key(number), arrays(number))
            print(len(made), flush=True)
"""


def writer_process(root: Path, first: int, last: int, max_items: int) -> "subprocess.Popen[str]":
    code = WRITER.format(repository=str(Path(__file__).parents[2]))
    command = [sys.executable, "-c", code, str(root), str(first), str(last), str(max_items)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_sigkill_at_random_moments_loses_nothing_published(tmp_path: Path) -> None:
    """Twenty writers killed anywhere; a resumed run ends with the bits of an undisturbed one."""
    rng, total = random.Random(0), 2000
    published = 0
    for _ in range(20):
        process = writer_process(tmp_path, 0, total, 7)
        assert process.stdout is not None
        first = process.stdout.readline()
        time.sleep(rng.uniform(0, 0.06))
        process.send_signal(signal.SIGKILL)
        said = [int(line) for line in [first, *process.stdout.read().split("\n")] if line.strip()]
        process.wait()
        found = store(tmp_path)
        assert len(found) >= max([published, *said])
        assert not found.damage
        published = len(found)
    assert published > 0
    final = writer_process(tmp_path, 0, total, 500)
    final.communicate()
    resumed = store(tmp_path)
    assert len(resumed) == total
    for number in range(total):
        assert_holds(resumed, number)


def test_four_processes_on_one_cache(tmp_path: Path) -> None:
    processes = [writer_process(tmp_path, 50 * n, 50 * n + 100, 9) for n in range(4)]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    found = store(tmp_path)
    assert len(found) == 250
    for number in range(250):
        assert_holds(found, number)


def test_full_disk_keeps_what_is_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = fill(tmp_path, range(10))
    real = os.fsync

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shard.os, "fsync", full)
    with pytest.raises(CacheError, match=r"the disk is full.*--cache-dir"), made.writer() as writer:
        writer.add(key(10), arrays(10))
        writer.publish()
    monkeypatch.setattr(shard.os, "fsync", real)
    assert not list(made.folder.glob(".*.part"))
    again = store(tmp_path)
    assert len(again) == 10
    assert_holds(again, 9)


@pytest.mark.skipif(os.geteuid() != 0, reason="only the superuser can mount a small disk")
def test_really_full_disk(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=False)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        made = store(disk)
        with (
            pytest.raises(CacheError, match="the disk is full"),
            made.writer(max_items=50) as writer,
        ):
            for number in range(2000):
                writer.add(key(number), arrays(number))
        found = store(disk)
        assert 0 < len(found) < 2000
        assert not found.damage
        numbers = [number for number in range(2000) if key(number) in found]
        assert len(numbers) == len(found)
        for number in numbers:
            assert_holds(found, number)
    finally:
        subprocess.run(["umount", "-l", disk], check=True)  # maps are still open


def test_flipped_bytes_are_named_and_computed_again(tmp_path: Path) -> None:
    """Any flipped byte: the item reads right or is refused, never served wrong."""
    fill(tmp_path, range(8))
    path = next(store(tmp_path).folder.glob("*.h5"))
    whole, rng = path.read_bytes(), random.Random(1)
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(bytes(data))
        (path.parent / "damaged.jsonl").unlink(missing_ok=True)
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
    made = fill(tmp_path, range(4))
    path = next(made.folder.glob("*.h5"))
    data = bytearray(path.read_bytes())
    at = data.find(arrays(2)["visual"].tobytes())
    data[at] ^= 0xFF
    path.write_bytes(bytes(data))
    found = store(tmp_path)
    assert found.get(key(2)) is None
    assert "checksum" in found.damage[0]
    assert_holds(found, 1)
    later = store(tmp_path)
    assert key(2) not in later  # remembered, so that the next run computes it
    with later.writer() as writer:
        writer.add(key(2), arrays(2))
    assert_holds(store(tmp_path), 2)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_cut_shards_lose_themselves_only(tmp_path: Path, share: float) -> None:
    fill(tmp_path, range(6))
    first = set(store(tmp_path).folder.glob("*.h5"))
    fill(tmp_path, range(6, 12))
    second = (set(store(tmp_path).folder.glob("*.h5")) - first).pop()
    data = second.read_bytes()
    second.write_bytes(data[: int(len(data) * share)])
    found = store(tmp_path)
    for number in range(6):
        assert_holds(found, number)
    for number in range(6, 12):
        item = found.get(key(number))
        if item is not None:
            assert_holds(found, number)
    assert any(str(second) in sentence for sentence in found.damage)


def test_arrays_of_another_shape_are_refused(tmp_path: Path) -> None:
    made = store(tmp_path)
    with (
        pytest.raises(
            ValueError,
            match=r"array 'visual' is float32\[4\] per row, the shard's is float32\[16\]",
        ),
        made.writer() as writer,
    ):
        writer.add(key(0), arrays(0))
        writer.add(key(1), {**arrays(1), "visual": np.zeros((2, 4), np.float32)})


def test_read_only_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", deny)
    with pytest.raises(
        CacheError, match=r"cannot be written \(Permission denied\).*AVEL_CACHE_DIR"
    ):
        store(tmp_path / "new")


def test_content_keys_follow_content(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"one")
    keys = ContentKeys(tmp_path / "cache")
    first = keys.key(video)
    assert first == hashlib.sha256(b"one").hexdigest()
    renamed = video.rename(tmp_path / "b.mp4")
    assert ContentKeys(tmp_path / "cache").key(renamed) == first
    renamed.write_bytes(b"two")
    os.utime(renamed, ns=(1, 1))
    assert keys.key(renamed) == hashlib.sha256(b"two").hexdigest()


def test_content_keys_survive_a_torn_memory(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"one")
    first = ContentKeys(tmp_path).key(video)
    with (tmp_path / "sources.jsonl").open("a") as file:
        file.write('["torn')
    assert ContentKeys(tmp_path).key(video) == first


def test_memory_of_content_is_used(tmp_path: Path) -> None:
    video = tmp_path / "a.mp4"
    video.write_bytes(b"one")
    ContentKeys(tmp_path).key(video)
    text = (
        (tmp_path / "sources.jsonl")
        .read_text()
        .replace(hashlib.sha256(b"one").hexdigest(), "f" * 64)
    )
    (tmp_path / "sources.jsonl").write_text(text)
    assert ContentKeys(tmp_path).key(video) == "f" * 64


def test_explain_names_the_field_and_both_values(tmp_path: Path) -> None:
    fill(tmp_path, range(1))
    wanted = {**RECIPE, "config": {"extractor": "test", "x": 0.25}}
    text = "\n".join(maintenance.explain(tmp_path, wanted))
    assert "config.x: 0.5, wanted 0.25" in text
    assert "version" not in text
    assert "exists" in maintenance.explain(tmp_path, RECIPE)[0]


def test_verify_counts_the_sound(tmp_path: Path) -> None:
    made = fill(tmp_path, range(4))
    assert maintenance.verify(made) == (4, [])


def test_gc_removes_only_what_nobody_reads(tmp_path: Path) -> None:
    made = fill(tmp_path, range(4))
    dead, young = made.folder / ".dead.part", made.folder / ".young.part"
    for file in (dead, young):
        file.write_bytes(b"x" * 10)
    os.utime(dead, (0, 0))
    torn = made.folder / "0000-torn.h5"
    torn.write_bytes(b"no shard")
    listed = maintenance.collect(tmp_path, delete=False)
    assert dead.exists()
    assert {path for path, _ in listed} == {dead, torn}
    maintenance.collect(tmp_path, delete=True)
    assert not dead.exists()
    assert not torn.exists()
    assert young.exists()
    assert len(store(tmp_path)) == 4


def test_find_by_prefix(tmp_path: Path) -> None:
    made = fill(tmp_path, range(1))
    assert maintenance.find(tmp_path, made.fingerprint[:6]).fingerprint == made.fingerprint
    with pytest.raises(CacheError, match="0 stores match 'zz'"):
        maintenance.find(tmp_path, "zz")


def test_a_changed_stage_json_is_noticed(tmp_path: Path) -> None:
    made = fill(tmp_path, range(1))
    about = made.folder / "stage.json"
    about.write_text(about.read_text().replace("0.5", "0.6"))
    with pytest.raises(CacheError, match="was changed; it hashes to"):
        list(maintenance.stores(tmp_path))
    shutil.rmtree(made.folder)
