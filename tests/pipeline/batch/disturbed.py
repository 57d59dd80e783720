"""Runs of `stub_extract` that tests disturb from outside: started, watched, and looked through."""

import contextlib
import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from avel.cache.maintenance import stores
from avel.cache.store import Store
from avel.pipeline.batch.journal import VIDEOS, lines
from tests.films import clicks, regular, write_film
from tests.pipeline.batch.stub_extract import COMMAND

MOST_SECONDS = 60.0
"""For what should come at once, on a machine that has other work."""


def write_films(folder: Path, count: int, seconds: int = 2) -> list[Path]:
    """Small films of which each has its own click."""
    folder.mkdir()
    return [
        write_film(
            folder / f"{n:03d}.mkv",
            frame_times=regular(4 * seconds, 4),
            samples=clicks(4_000 * seconds, [n + 1]),
            sample_rate=4_000,
        )
        for n in range(count)
    ]


class Run:
    """One run as a process, with its report and its cache."""

    def __init__(
        self,
        words: Sequence[object],
        folder: Path,
        *,
        seconds: float = 0.0,
        name: str = "run",
        report: Path | None = None,
    ) -> None:
        """Start it; a batch takes so many seconds."""
        self.cache, self.report = folder / "cache", report or folder / "report"
        self._begun, self._mark = folder / f"begun-{name}", uuid.uuid4().hex
        self._begun.mkdir(exist_ok=True)
        self._stderr = folder / f"{name}.err"
        given = ["--cache-dir", self.cache, "--report", self.report, "--workers", 1, "--batch", 2]
        own = {"STUB_SECONDS": str(seconds), "STUB_BEGUN": str(self._begun), "MARK": self._mark}
        with self._stderr.open("w") as errors:
            self.process = subprocess.Popen(
                # a shell's background job ignores Ctrl-C, and so would what it starts
                [sys.executable, "-c", HEARING, *COMMAND, *map(str, [*words, *given])],
                stdout=subprocess.DEVNULL,
                stderr=errors,
                env={**os.environ, **own},
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """On stderr so far."""
        return self._stderr.read_text()

    @property
    def loops(self) -> list[int]:
        """Processes that have encoded."""
        return [int(path.name) for path in self._begun.iterdir()]

    @property
    def begun(self) -> int:
        """Windows that were begun to be encoded; a small film has one."""
        return sum(path.stat().st_size for path in self._begun.iterdir())

    @property
    def told(self) -> Counter[str]:
        """Outcomes in the report so far, of each video its last."""
        if not (self.report / VIDEOS).exists():
            return Counter()
        last = {said["path"]: said["reason"] or said["outcome"] for said in lines(self.report)}
        return Counter(last.values())

    @property
    def features(self) -> Store:
        [store] = [found for found in stores(self.cache) if found.stage == "features"]
        return store

    @property
    def children(self) -> list[int]:
        """Every process of the run that is left."""
        found = []
        for entry in Path("/proc").iterdir():
            with contextlib.suppress(OSError, ValueError):
                if f"MARK={self._mark}".encode() in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
        return found

    def wait_for(self, true: Callable[[], object]) -> None:
        """Until something is so."""
        end = time.monotonic() + MOST_SECONDS
        while not true():
            assert self.process.poll() is None, f"it ended: {self.said}"
            assert time.monotonic() < end, f"it did not happen: {self.said}"
            time.sleep(0.02)

    def end(self) -> int:
        """The exit code, when it has ended and nothing of it is left."""
        code = self.process.wait(MOST_SECONDS)
        end = time.monotonic() + 2.0
        while self.children and time.monotonic() < end:
            time.sleep(0.02)
        assert not self.children, "processes are left"
        assert "Traceback" not in self.said, self.said
        return code

    def left(self) -> list[Path]:
        """Files of the cache that are neither features, cells, nor what is known of files."""
        known = {"stage.json", "sources.jsonl", "failures.jsonl"}
        files = (path for path in self.cache.rglob("*") if path.is_file())
        return [path for path in files if path.suffix != ".h5" and path.name not in known]


@contextlib.contextmanager
def running(run: Run) -> Iterator[Run]:
    """Whatever a test does, its run ends with it."""
    try:
        yield run
    finally:
        run.process.kill()
        run.process.wait()


HEARING = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""
