"""A night as it may come: loops killed, a disk that fills, ten bad files; is the morning's report true?

    python -m benchmarks.nights FOLDER [--films 300] [--kills 10] [--loops 2]

FOLDER holds films, such as `avel synth` writes. `avel extract` runs over them and ten bad files of
ten kinds (`tests/bad_files.py`), in lots of 4, and is looked at from outside by its report alone.
Kills are spread over the whole run; in its middle the cache's disk is filled until a loop says that it
waits, one is killed then and has to wait as well, and then there is room again. The disk is a tmpfs
where this user may mount one; else it stays empty, which is said. Ends with 1 where anything is not
as it should be.
"""

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from avel.cache.maintenance import stores
from avel.pipeline.batch.journal import VIDEOS, lines
from benchmarks.kills import LOT, MARK, equal, files_left, processes_left, run
from tests.bad_files import spoil
from tests.cache.items import fill_up, small_disk

DISK_KILOBYTES = 2 << 20
COMMAND = (sys.executable, "-m", "avel.pipeline", "extract")
LOOK_SECONDS = 0.05


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--films", type=int, default=300)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--loops", type=int, default=2)
    args = parser.parse_args()
    scratch = Path(tempfile.mkdtemp())
    try:
        if not judged(args, scratch):
            raise SystemExit(1)
    finally:
        shutil.rmtree(scratch)


def judged(args: argparse.Namespace, scratch: Path) -> bool:
    """Whether everything is as it should be; says each thing in a line."""
    films = sorted(args.folder.glob("*.mp4"))[: args.films]
    (scratch / "bad").mkdir()
    bad = spoil(scratch / "bad", films[0])
    listing = scratch / "quiet.txt"
    listing.write_text("".join(f"{film.absolute()}\n" for film in films))
    seconds, _ = run(scratch, listing, "quiet", args.loops, [])
    print(f"{len(films)} films, {args.loops} loops, left alone: {seconds:.1f} s", flush=True)
    with small_disk(scratch / "disk", DISK_KILOBYTES) as disk:
        night = Night(scratch, disk, mixed(films, [*bad]), args.loops)
        night.pass_by(args.kills)
        facts = night.facts({os.fspath(path): reason for path, reason in bad.items()}, len(films))
        facts["features are those of the quiet run, bit for bit"] = equal(
            scratch / "quiet", night.cache
        )
    for said, is_so in facts.items():
        print("yes" if is_so else "NO ", said)
    return all(facts.values())


def mixed(films: Sequence[Path], bad: Sequence[Path]) -> list[Path]:
    """All of them, the bad ones spread."""
    paths = [film.absolute() for film in films]
    step = len(paths) // len(bad)
    for number, path in enumerate(bad):
        paths.insert(number * (step + 1), path)
    return paths


@dataclass
class Night:
    """One run and all that happens to it.

    Attributes:
        scratch: Folder for all of it.
        disk: That can be filled; None for none.
        paths: Of the list.
        loops: Processes.
    """

    scratch: Path
    disk: Path | None
    paths: Sequence[Path]
    loops: int
    command: Sequence[str] = COMMAND
    words: Sequence[str] = ()
    code: int | None = None
    killed: int = 0
    filled: bool = False
    chance: random.Random = field(default_factory=lambda: random.Random(0))

    @property
    def cache(self) -> Path:
        return (self.disk or self.scratch) / "cache"

    @property
    def report(self) -> Path:
        return self.scratch / "night"

    @property
    def said(self) -> str:
        return (self.scratch / "night.err").read_text()

    def pass_by(self, kills: int) -> None:
        """The whole run."""
        listing = self.scratch / "night.txt"
        listing.write_text("".join(f"{path}\n" for path in self.paths))
        words = [str(listing), "--devices", str(self.loops), "--cache-dir", str(self.cache)]
        words += ["--report", str(self.report), "--no-segments", "--lot", str(LOT), *self.words]
        began = time.monotonic()
        with (self.scratch / "night.err").open("w") as errors:
            self._process = subprocess.Popen(
                [*self.command, *words],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, MARK: str(self.scratch)},
            )
        try:
            self._disturb(kills)
            self.code = self._process.wait()
        finally:
            self._process.kill()
            self._process.wait()
        print(f"the night: {time.monotonic() - began:.1f} s, {self.killed} kills", flush=True)

    def _disturb(self, kills: int) -> None:
        total = len(self.paths)
        after = [total * (n + 1) // (kills + 1) for n in range(kills)]
        for number, count in enumerate(after):
            if not self._reached(lambda count=count: self._told() >= count):  # type: ignore[misc]
                return
            if self.disk and number == kills // 2:
                self._fill()
            self._kill()

    def _fill(self) -> None:
        """Fill the disk until a loop waits, and one that is killed and started again, too."""
        assert self.disk is not None
        filler, before = fill_up(self.disk), self._waiting()
        self._reached(lambda: self._waiting() > before)  # others may have nothing to write
        waiting = self._waiting()
        self._kill()
        self._reached(lambda: self._waiting() > waiting)
        self.filled = self._process.poll() is None
        filler.unlink()

    def _waiting(self) -> int:
        return self.said.count("the disk is full; waiting up to")

    def _kill(self) -> None:
        if pids := loops_of(self._process.pid):
            os.kill(self.chance.choice(pids), signal.SIGKILL)
            self.killed += 1

    def _told(self) -> int:
        path = self.report / VIDEOS
        return path.read_bytes().count(b"\n") if path.exists() else 0

    def _reached(self, true: Callable[[], bool]) -> bool:
        """Wait until something is so; whether it came before the end of the run."""
        while not true():
            if self._process.poll() is not None:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def facts(self, bad: dict[str, str], good: int) -> dict[str, bool]:
        """What should be so after it, and whether it is."""
        left = files_left(self.cache)
        last = {said["path"]: said for said in lines(self.report)}
        report = json.loads((self.report / "report.json").read_text())
        failed = {path: said["reason"] for path, said in last.items() if said["reason"]}
        return {
            f"it ended by itself with exit code {self.code}, 3 is right": self.code == 3,
            f"{self.killed} loops were killed all through it": self.killed > 0,
            "its disk was full and it waited": self.filled or self.disk is None,
            "its list names every file": set(last) == {str(path) for path in self.paths},
            "its list names the bad ones with their reasons": failed == bad,
            f"its report counts {report['extracted']} made of {good}": report["extracted"] == good,
            f"its report counts {report['failed']} failed": counted(report)
            == Counter(bad.values()),
            "its page is there": (self.report / "index.html").exists(),
            "nothing is damaged": not damage(self.cache),
            "no process is left after 2 s": not processes_left(self.scratch),
            f"no file is left after gc {[str(path) for path in left[:3]]}": not left,
        }


def counted(report: dict[str, Any]) -> Counter[str]:
    return Counter({reason: said["count"] for reason, said in report["reasons"].items()})


def damage(cache: Path) -> list[str]:
    return [sentence for store in stores(cache) for sentence in store.damage]


def loops_of(parent: int) -> list[int]:
    """Loops that a run has started."""
    return [pid for pid, words, of in processes() if of == parent and "--loop" in words]


def processes() -> Iterator[tuple[int, list[str], int]]:
    """Number, words and parent of every process."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            words = (entry / "cmdline").read_text().split("\0")
            of = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            yield int(entry.name), words, of


if __name__ == "__main__":
    main()
