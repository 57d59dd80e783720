"""A run whose loops are killed again and again, beside one that is left alone: the same features?

    python -m benchmarks.kills FOLDER [--films 300] [--kills 20] [--loops 2]

FOLDER holds films, such as `avel synth` writes. Loops claim lots of 4. Kills are spread over the
whole of the run: one after each twentieth of the films. What is encoded again is counted by what
loops say twice. Ends with 1 where features differ, more than a lot a kill is encoded again, or
anything is left.
"""

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from avel.cache.maintenance import stores
from avel.pipeline.batch.launch import Loops

LOT = 4
MARK = "AVEL_BENCHMARK"
"""Of the environment: what runs for which scratch folder."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=300)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--loops", type=int, default=2)
    args = parser.parse_args()
    scratch = Path(tempfile.mkdtemp())
    try:
        if not compare(args, scratch):
            raise SystemExit(1)
    finally:
        shutil.rmtree(scratch)


def compare(args: argparse.Namespace, scratch: Path) -> bool:
    """Whether all is as it should be; says each figure in a line."""
    films = sorted(args.folder.glob("*.mp4"))[: args.films]
    listing = scratch / "films.txt"
    listing.write_text("".join(f"{film.absolute()}\n" for film in films))
    quiet, again = run(scratch, listing, "quiet", args.loops, [])
    print(f"{len(films)} films, {args.loops} loops, left alone: {quiet:.1f} s, {again} again")
    after = [len(films) * (n + 1) // (args.kills + 1) for n in range(args.kills)]
    loud, again = run(scratch, listing, "loud", args.loops, after)
    print(f"{args.kills} kills: {loud:.1f} s, {again} films again ({args.kills * LOT} allowed)")
    same = equal(scratch / "quiet", scratch / "loud")
    print("features:", "equal, bit for bit" if same else "DIFFERENT")
    running, files = processes_left(scratch), files_left(scratch / "loud")
    print(f"left after 2 s: {len(running)} processes {running[:3]}")
    print(f"left after gc: {len(files)} files {[str(path) for path in files[:3]]}")
    return same and again <= args.kills * LOT and not running and not files


def run(
    scratch: Path, listing: Path, name: str, loops: int, kills: Sequence[int]
) -> tuple[float, int]:
    """Seconds of a run with kills after so many films, and films that were encoded again."""
    words = [str(listing), "--cache-dir", str(scratch / name), "--no-segments", "--lot", str(LOT)]
    words += ["--workers", "1"]
    chance, todo, seen, again = random.Random(0), list(kills), set[Path](), 0
    began = time.monotonic()
    with Loops(words, [{"OMP_NUM_THREADS": "1", MARK: str(scratch)}] * loops) as running:
        for outcome in running.outcomes():
            assert outcome.reason is None, outcome
            again += outcome.path in seen and not outcome.cached
            seen.add(outcome.path)
            if todo and len(seen) >= todo[0]:
                del todo[0]
                os.kill(chance.choice(running.pids), signal.SIGKILL)
    assert not todo, f"the run ended with {len(todo)} kills not made"
    return time.monotonic() - began, again


def equal(one: Path, two: Path) -> bool:
    """Whether two caches hold the same features, bit for bit."""
    [a] = [store for store in stores(one) if store.stage == "features"]
    [b] = [store for store in stores(two) if store.stage == "features"]
    if set(a.keys()) != set(b.keys()):
        return False
    for key in a.keys():
        first, second = a.get(key), b.get(key)
        if first is None or second is None or first.keys() != second.keys():
            return False
        if any(not np.array_equal(first[n], second[n], equal_nan=True) for n in first):
            return False
    return True


def processes_left(scratch: Path) -> list[int]:
    """Processes of a run, decoders too, that are there after 2 seconds."""
    end = time.monotonic() + 2.0
    while (found := _running(f"{MARK}={scratch}\0".encode())) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def _running(mark: bytes) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            if mark in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def files_left(cache: Path) -> list[Path]:
    """Files beside features and what is known of files, after `avel cache gc --delete`."""
    command = [sys.executable, "-m", "avel.pipeline", "cache", "gc", "--delete", "--cache-dir"]
    subprocess.run([*command, str(cache)], check=True, stdout=subprocess.DEVNULL)
    known = ("stage.json", "sources.jsonl", "failures.jsonl")
    files = (path for path in cache.rglob("*") if path.is_file())
    return [path for path in files if path.name not in known and path.suffix != ".h5"]


if __name__ == "__main__":
    main()
