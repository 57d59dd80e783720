"""The cache beside one raw memory-mapped file: an epoch of AVE, and a million items, in one run.

    python -m benchmarks.cache

Items are AVE-sized: visual 10x1024 float32, map 10x49x512 float16, audio 10x1024 float32. Reading is
a shuffled epoch that copies every array out, as a training batch does.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from avel.cache.store import Store

RECIPE = {"stage": "features", "benchmark": True}
SHAPES = {
    "visual": ((10, 1024), np.float32),
    "visual_map": ((10, 49, 512), np.float16),
    "audio": ((10, 1024), np.float32),
}
ITEM_BYTES = sum(int(np.prod(shape)) * np.dtype(kind).itemsize for shape, kind in SHAPES.values())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=4143)
    parser.add_argument("--million", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where to write [a temporary folder]")
    parser.add_argument("--read", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.read:
        return read_child(args.folder, args.items, args.read)
    folder = Path(tempfile.mkdtemp(dir=args.folder))
    try:
        epoch(folder, args.items)
        open_many(folder / "million", args.million)
    finally:
        shutil.rmtree(folder)
    return None


def key(number: int) -> str:
    return hashlib.sha256(number.to_bytes(8, "big")).hexdigest()


def item(number: int, base: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: array + array.dtype.type(number % 7) for name, array in base.items()}


def epoch(folder: Path, items: int) -> None:
    rng = np.random.default_rng(0)
    base = {name: rng.standard_normal(shape).astype(kind) for name, (shape, kind) in SHAPES.items()}
    made = [item(number, base) for number in range(7)]
    write_raw(folder, 50, made)  # warm up
    raw, ours = [], []
    for _ in range(2):
        raw.append(write_raw(folder, items, made))
        ours.append(write_store(folder, items, made))
    gigabytes = items * ITEM_BYTES / 1e9
    print(f"{items} items, {gigabytes:.2f} GB, both with fsync\n")
    print("| | raw memory map (GB/s) | avel cache (GB/s) | ratio |\n|---|---|---|---|")
    row("write", gigabytes, min(raw), min(ours))
    times = {kind: child(folder, items, kind) for kind in ("raw", "store")}
    row(
        "read, first pass of a process (every checksum verified)",
        gigabytes,
        times["raw"][0],
        times["store"][0],
    )
    row("read, later passes", gigabytes, min(times["raw"][1:]), min(times["store"][1:]))
    (whole,), (quarter,) = child(folder, items, "memory"), child(folder, items // 4, "memory")
    print(
        f"\npeak anonymous memory of a process that reads an epoch: {whole:.2f} GB for "
        f"{gigabytes:.2f} GB of items"
    )
    print(f"the same when a quarter of them is read: {quarter:.2f} GB")


def child(folder: Path, items: int, kind: str) -> list[float]:
    """What a fresh process prints that reads."""
    command = [sys.executable, "-m", "benchmarks.cache", "--read", kind]
    command += ["--folder", str(folder), "--items", str(items)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [float(word) for word in done.stdout.split()]


def row(what: str, gigabytes: float, raw: float, ours: float) -> None:
    print(
        f"| {what} | {gigabytes / raw:.2f} | {gigabytes / ours:.2f} | {raw / ours:.2f} |",
        flush=True,
    )


def write_raw(folder: Path, items: int, made: list[dict[str, np.ndarray]]) -> float:
    path = folder / "raw.bin"
    path.unlink(missing_ok=True)
    start = time.perf_counter()
    with path.open("wb") as file:
        file.truncate(items * ITEM_BYTES)
    mapped = np.memmap(path, np.uint8, "r+", shape=(items, ITEM_BYTES))
    for number in range(items):
        at = 0
        for array in made[number % 7].values():
            mapped[number, at : at + array.nbytes] = array.view(np.uint8).reshape(-1)
            at += array.nbytes
    mapped.flush()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return time.perf_counter() - start


def write_store(folder: Path, items: int, made: list[dict[str, np.ndarray]]) -> float:
    shutil.rmtree(folder / "cache", ignore_errors=True)
    start = time.perf_counter()
    with Store(folder / "cache", "features", RECIPE).writer() as writer:
        for number in range(items):
            writer.add(key(number), made[number % 7])
    return time.perf_counter() - start


def read_child(folder: Path, items: int, kind: str) -> None:
    """Seconds of three shuffled epochs of this fresh process, or its peak memory in one."""
    keys = [key(number) for number in range(items)]
    out = {name: np.empty(shape, dtype) for name, (shape, dtype) in SHAPES.items()}
    store = Store(folder / "cache", "features", RECIPE)
    mapped = np.memmap(folder / "raw.bin", np.uint8, "r").reshape(-1, ITEM_BYTES)

    def from_store(number: int) -> None:
        arrays = store.get(keys[number])
        assert arrays is not None
        for name, array in arrays.items():
            np.copyto(out[name], array)

    def from_raw(number: int) -> None:
        at = 0
        for array in out.values():
            np.copyto(array.view(np.uint8).reshape(-1), mapped[number, at : at + array.nbytes])
            at += array.nbytes

    orders = [np.random.default_rng(seed).permutation(items) for seed in range(3)]
    if kind == "memory":
        print(peak_anonymous(from_store, orders[0]))
        return
    times = []
    for order in orders:
        start = time.perf_counter()
        for number in order:
            (from_store if kind == "store" else from_raw)(number)
        times.append(time.perf_counter() - start)
    print(*times)


def peak_anonymous(read: Callable[[int], None], order: Iterable[int]) -> float:
    """Most anonymous memory in GB while items are read, looked at after every few of them."""
    peak = 0
    for at, number in enumerate(order):
        read(number)
        if at % 20 == 0:
            status = Path("/proc/self/status").read_text()
            peak = max(peak, int(status.split("RssAnon:")[1].split()[0]))
    return peak / 1e6


def open_many(folder: Path, items: int) -> None:
    """A store of a million small items in shards of the writer's usual number."""
    store = Store(folder, "features", RECIPE)
    row_of = np.zeros((1, 4), np.float32)
    writer = store.writer(max_seconds=1e9)
    with writer:
        for number in range(items):
            writer.add(key(number), {"x": row_of})
    start = time.perf_counter()
    opened = Store(folder, "features", RECIPE)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    found = opened.get(key(items // 2))
    first = time.perf_counter() - start
    assert found is not None
    shards = len(list(opened.folder.glob("*.h5")))
    print(
        f"\nopening a store of {items:,} items in {shards} shards: {seconds:.2f} s; its first "
        f"item {1000 * first:.1f} ms"
    )


if __name__ == "__main__":
    main()
