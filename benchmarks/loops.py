"""Two loops on one cache, each pinned with its children to one core, beside one that is pinned so.

    python -m benchmarks.loops [--films 120] [--films-folder FOLDER] [--extractor audioclip-tiny]
        [--weights FILE] [--repeats 1]

The films are synthetic and drawn first, or taken from where `--films-folder` keeps them. One loop on
core 0 does all of them into an empty cache, then two loops do, one on core 0 and one on core 1, by
the same words. A loop is `avel extract` as a process under `taskset`, from its start to its end,
imports and all; "going" is from the first outcome on, which a long list is nearly all of. Outcomes
are counted as loops print them: a film that was encoded twice is told. A loop is idle where its core
was, while its own processes had time left: of each, wall seconds less the CPU seconds of its tree.
"""

import argparse
import contextlib
import ctypes
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from avel.pipeline.batch.launch import outcome_of
from benchmarks.files_way import ADOPT, drawn
from benchmarks.watch import below

PER_CORE = {"OMP_NUM_THREADS": "1"}


@dataclass
class Loop:
    """One pinned process and what it said."""

    core: int
    ended: float = 0.0
    cpu: float = 0.0
    made: list[tuple[float, str]] = field(default_factory=list)
    """When a film was encoded, and which."""


@dataclass(frozen=True)
class Run:
    """Films by one or two loops, in seconds from the start of the first."""

    loops: list[Loop]
    wall: float

    @property
    def going(self) -> float:
        """Films a second between the first outcome and the last."""
        times = sorted(when for loop in self.loops for when, _ in loop.made)
        return (len(times) - 1) / max(1e-9, times[-1] - times[0])

    @property
    def twice(self) -> list[str]:
        """Films that were encoded more than once."""
        counts = Counter(film for loop in self.loops for _, film in loop.made)
        return [film for film, count in counts.items() if count > 1]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--films", type=int, default=120)
    parser.add_argument("--films-folder", type=Path, help="where films are kept [drawn anew]")
    parser.add_argument("--extractor", default="audioclip-tiny")
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--repeats", type=int, default=1, help="of both, taking turns")
    args = parser.parse_args()
    ctypes.CDLL(None).prctl(ADOPT, 1, 0, 0, 0)
    cores = sorted(os.sched_getaffinity(0))[:2]
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        films = drawn(args.films_folder or scratch / "data", args.films, len(cores))
        listing = scratch / "films.txt"
        listing.write_text("".join(f"{film.absolute()}\n" for film in films))
        words = [str(listing), "--extractor", args.extractor, "--no-segments", "--device", "cpu"]
        words += ["--workers", "1", *(["--weights", str(args.weights)] if args.weights else [])]
        print(f"{len(films)} films, load {os.getloadavg()[0]:.1f} before the run\n")
        print("| loops | films/s | going | CPU (s) | idle (s) by loop | films by loop | twice |")
        print("|---" * 7 + "|", flush=True)
        for _ in range(args.repeats):
            one, two = (row(scratch, words, cores[:count], len(films)) for count in (1, 2))
            print(
                f"\ntwo loops: {one.wall / two.wall:.2f} times one, going {two.going / one.going:.2f} "
                f"times; CPU {cpu(two) / cpu(one):.2f} times\n",
                flush=True,
            )


def row(scratch: Path, words: list[str], cores: list[int], films: int) -> Run:
    done = run(scratch / "cache", words, cores)
    made = [len(loop.made) for loop in done.loops]
    assert sum(made) - len(done.twice) == films, f"{sum(made)} of {films} films were made"
    idle = ", ".join(f"{loop.ended - loop.cpu:.1f}" for loop in done.loops)
    print(
        f"| {len(cores)} | {films / done.wall:.2f} | {done.going:.2f} | {cpu(done):.1f} | {idle} "
        f"| {', '.join(map(str, made))} | {len(done.twice)} |",
        flush=True,
    )
    return done


def cpu(done: Run) -> float:
    """Seconds of all loops."""
    return sum(loop.cpu for loop in done.loops)


def run(cache: Path, words: list[str], cores: list[int]) -> Run:
    """Loops on one empty cache, one a core."""
    began = time.monotonic()
    others = set(below(os.getpid()))
    before = spent()
    loops = [Loop(core) for core in cores]
    threads = [
        threading.Thread(target=one_loop, args=(loop, [*words, "--cache-dir", str(cache)], began))
        for loop in loops
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for pid in set(below(os.getpid())) - others:  # decoders, which nobody else waited for
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    rest = spent() - before - sum(loop.cpu for loop in loops)  # of those decoders, shared out
    for loop in loops:
        loop.cpu += rest / len(loops)
    shutil.rmtree(cache)
    return Run(loops, max(loop.ended for loop in loops))


def one_loop(loop: Loop, words: list[str], began: float) -> None:
    command = ["taskset", "-c", str(loop.core), sys.executable, "-m", "avel.pipeline", "extract"]
    env = {**os.environ, **PER_CORE}
    with subprocess.Popen([*command, "--loop", *words], stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if not line.strip():  # it is ready
                continue
            outcome = outcome_of(line)
            assert outcome.reason is None, outcome
            if not outcome.cached:
                loop.made.append((time.monotonic() - began, str(outcome.path)))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    loop.ended, loop.cpu = time.monotonic() - began, usage.ru_utime + usage.ru_stime
    assert process.returncode == 0, f"a loop ended with {process.returncode}"


def spent() -> float:
    """CPU seconds of the processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
