"""A million listed items through claims, store and report: memory, the first outcome, items a second.

    python -m benchmarks.million [--items 1000000] [--loops 1] [--again] [--folder DIR]

`avel extract LIST --report DIR` as it is, but for what decodes and what encodes: both are stubs that
give one cell of a few numbers at once, so that all that is left is ours: the list, hashing, claims,
the store's shards, the folder of the report and its page. Every item is a file of its own on the
disk (4 kB each: 4 GB for a million), kept in `--folder` for the next time.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from avel.pipeline.commands.extract import add_arguments, extract
from avel.pipeline.commands.parser import Parser
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.messages import Ended, Event, Window
from avel.pipeline.method.encode import Encoded
from avel.pipeline.method.extract import Features
from avel.pipeline.method.makers import Makers
from avel.pipeline.method.plan import plan_features

A_FOLDER = 1_000
"""Items in one folder."""
RUN = (sys.executable, "-m", "benchmarks.million", "--stub")
WIDTH = 16
"""Of the stub's features."""
LOOK_SECONDS = 0.2
MEGABYTE = 1 << 20


class StubDecoders:
    """Gives every file one cell, the same for all."""

    def __init__(self, cut: SegmentConfig) -> None:
        cell = np.zeros((1, 1, *cut.picture_shape), np.uint8), np.zeros((1, 4_000), np.int16)
        there = np.ones(1, bool)
        self._cell = Segments(*cell, there, there, 1.0)
        self._jobs: deque[int] = deque()

    @property
    def busy(self) -> bool:
        return bool(self._jobs)

    @property
    def free(self) -> bool:
        return len(self._jobs) < 2

    def start(self, number: int, path: Path) -> None:
        self._jobs.append(number)

    def events(self) -> Iterator[Event]:
        while self._jobs:
            job = self._jobs.popleft()
            yield Window(job, self._cell, 1.0)
            yield Ended(job)


class StubBatches:
    """Gives every window zeros for features."""

    def __init__(self) -> None:
        self._row = np.zeros((1, WIDTH), np.float32)

    def add(self, name: tuple[int, int], segments: Segments) -> Iterator[Encoded]:
        row, there = self._row, segments.visual_mask
        empty = np.zeros((1, 0, 0), np.float16)
        yield name, Features(row, empty, row, there, there, segments.duration, ())

    def finish(self) -> Iterator[Encoded]:
        return iter(())


class StubMakers(Makers):
    """Makes the stubs."""

    def decoders(self, cut: SegmentConfig, runtime: Any) -> Any:
        return nullcontext(StubDecoders(cut))

    def batches(self, encoder: Any, cut: SegmentConfig, runtime: Any) -> StubBatches:
        return StubBatches()


class StubEncoder:
    """Says what a stub makes; there is nothing to load."""

    recipe = {"extractor": "stub", "options": {}}  # noqa: RUF012
    cells = {"image_size": 16, "sample_rate": 4_000}  # noqa: RUF012


def main() -> None:
    if "--stub" in sys.argv:
        sys.exit(stub(sys.argv[sys.argv.index("--stub") + 1 :]))
    parser = argparse.ArgumentParser()
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--loops", type=int, default=1)
    parser.add_argument("--again", action="store_true", help="run once more, when all is cached")
    parser.add_argument("--as-folder", action="store_true", help="name the folder, not a list")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "avel-million")
    args = parser.parse_args()
    listing = make_items(args.folder, args.items)
    scratch = Path(tempfile.mkdtemp(dir=args.folder))
    try:
        print(f"{args.items:,} items, {args.loops} loops")
        for _ in range(1 + args.again):
            shutil.rmtree(scratch / "report", ignore_errors=True)
            measure(args, listing, scratch)
    finally:
        shutil.rmtree(scratch)


def stub(words: Sequence[str]) -> int:
    """`avel extract` with stubs for what decodes and what encodes."""
    parser = Parser(prog="million")
    add_arguments(parser)
    args = parser.parse_args(words)
    args.words = ["extract", *words]
    plan = plan_features(StubEncoder())  # type: ignore[arg-type]
    return extract(args, replace(plan, makers=StubMakers()), (*RUN, "--loop"))


def make_items(folder: Path, count: int) -> Path:
    """Files of eight bytes, each with its number, and a list of them; those that are there stay."""
    listing, items = folder / f"{count}.txt", folder / f"{count}"
    if listing.exists():
        return listing
    with (folder_made(folder) / f"{count}.part").open("w") as lines:
        for number in range(count):
            name = f"{number // A_FOLDER:05d}/film {number:07d}.mp4"
            path = items / name
            if number % A_FOLDER == 0:
                path.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT)
            os.write(handle, number.to_bytes(8, "big"))
            os.close(handle)
            lines.write(f"{count}/{name}\n")
    os.replace(folder / f"{count}.part", listing)
    return listing


def folder_made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def measure(args: argparse.Namespace, listing: Path, scratch: Path) -> None:
    """One run, watched from outside."""
    report = scratch / "report"
    given = listing.with_suffix("") if args.as_folder else listing
    words = [str(given), "--cache-dir", str(scratch / "cache"), "--report", str(report)]
    words += ["--device", "cpu", "--no-segments", "--devices", str(args.loops)]
    began = time.monotonic()
    with subprocess.Popen([*RUN, *words], stdout=subprocess.PIPE) as process:
        watch = Watch(process.pid)
        first = 0.0
        while process.poll() is None:
            time.sleep(LOOK_SECONDS / 10 if not first else LOOK_SECONDS)
            watch.look()
            if not first and has_line(report / "videos.jsonl"):
                first = time.monotonic() - began
    seconds = time.monotonic() - began
    assert process.returncode == 0, process.returncode
    tell(json.loads((report / "report.json").read_text()), args.items, seconds, first, watch)
    for path in sorted(report.iterdir()):
        print(f"  {path.name}: {path.stat().st_size / 1e6:.1f} MB")


def tell(said: dict[str, Any], items: int, seconds: float, first: float, watch: "Watch") -> None:
    """Print what came, which must be all of it."""
    told = {name: said[name] for name in ("videos", "extracted", "cached", "failed", "untold")}
    assert told["extracted"] + told["cached"] == items, told
    assert not told["untold"], told
    print(
        f"{told}\n{seconds:.1f} s: {items / seconds:,.0f} items/s; first outcome after {first:.1f} s"
    )
    for name, size in watch.peaks.items():
        print(f"  peak memory of {name}: {size / MEGABYTE:.0f} MB")
    print(f"  the most at one moment of all together: {watch.together / MEGABYTE:.0f} MB")
    slope = watch.slope()
    print(
        f"  growth in the second half: {slope / MEGABYTE:+.0f} MB; CPU {watch.cpu:.0f} s",
        flush=True,
    )


def has_line(path: Path) -> bool:
    return path.exists() and path.stat().st_size > 0


@dataclass
class Seen:
    """What was seen of a process: bytes at most, seconds of processors, and how often."""

    peak: int = 0
    cpu: float = 0.0
    looks: int = 0


class Watch:
    """Memory and time of a process and its children, looked at again and again."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._seen: dict[int, Seen] = {}
        self.together = 0
        """Most resident bytes of all at one moment; what they share is counted for each."""
        self._over: list[int] = []

    def look(self) -> None:
        now = 0
        for pid in [self._pid, *children(self._pid)]:
            try:
                status = Path(f"/proc/{pid}/status").read_text()
                times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                peak, held = (kilobytes(status, name) for name in ("VmHWM", "VmRSS"))
            except (OSError, IndexError):  # it has just ended
                continue
            seen = self._seen.setdefault(pid, Seen())
            seen.peak, seen.looks = max(seen.peak, peak), seen.looks + 1
            seen.cpu = (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK")
            now += held
        self.together = max(self.together, now)
        self._over.append(now)

    @property
    def peaks(self) -> dict[str, int]:
        """Most resident bytes of each process that lived for more than a moment, by the kernel."""
        names = {pid: f"loop {number}" for number, pid in enumerate(self._lasting)}
        return {
            names[pid] if pid != self._pid else "the run": self._seen[pid].peak for pid in names
        }

    @property
    def _lasting(self) -> list[int]:
        return [pid for pid, seen in self._seen.items() if seen.looks > 2]

    @property
    def cpu(self) -> float:
        """Seconds of processors that all of them took."""
        return sum(seen.cpu for seen in self._seen.values())

    def slope(self) -> int:
        """Bytes by which the last looks but a few differ from the one in the middle."""
        looks = [each for each in self._over if each]
        return looks[-min(len(looks), 5)] - looks[len(looks) // 2] if looks else 0


def children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in task.read_text().split()]
        except OSError:
            continue
    return [each for child in found for each in (child, *children(child))]


def kilobytes(status: str, name: str) -> int:
    return int(status.split(f"{name}:")[1].split()[0]) << 10


if __name__ == "__main__":
    main()
