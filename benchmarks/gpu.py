"""What a GPU does, in one run of at most eight minutes that needs nothing but this repository.

    python -m benchmarks.gpu [--only parity speed ...] [--budget 460]
    python -m benchmarks.gpu --device cpu --tiny        # a trial of the script where there is no GPU

Weights are random in the published shapes, or those that are shipped; films are drawn on the spot.
Each part is a process of its own and has a share of the time that is left: it ends when that is
over, and one that crashes, hangs or spoils the GPU for its process ends alone. Exit 1 where the GPU
does not say what the CPU says, or a part ends with an error; 2 without a GPU.
"""

import argparse
import os
import platform
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import torch

from benchmarks import gpu_encoders, gpu_films, gpu_models, gpu_training
from benchmarks.gpu_bench import Bench, OverTime, tell

PARTS: dict[str, tuple[float, Callable[[Bench], None]]] = {
    "parity": (70, gpu_encoders.parity),
    "models": (20, gpu_models.parity),
    "mamba": (10, gpu_models.mamba),
    "speed": (110, gpu_encoders.speed),
    "extraction": (90, gpu_films.extraction),
    "training": (40, gpu_training.step),
    "decode": (30, gpu_films.decode),
    "compiled": (90, gpu_encoders.compiled),
}
"""Share of the time, in seconds of 460, and what it does; in this order."""
GRACE = 15
"""Seconds beyond its share after which a part that does not even hear the alarm is killed."""
FAILED = "failed.txt"
"""In the scratch folder: a line for each comparison that did not hold, and each error."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, or cpu for a trial")
    parser.add_argument("--tiny", action="store_true", help="sizes of a trial")
    parser.add_argument("--budget", type=float, default=460, help="seconds of the whole run [460]")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        if code := apart(lambda: header(args.device), GRACE * 4):
            return code
        run(args, scratch)
        failed = scratch / FAILED
        lines = failed.read_text().splitlines() if failed.exists() else []
    if lines:
        tell("", f"{len(lines)} FAILED:", *(f"* {line}" for line in lines))
    return 1 if lines else 0


def header(device: str) -> int:
    """What is measured; 2 where it is not there."""
    name = "CPU, a trial of the script"
    if device.startswith("cuda"):
        if not torch.cuda.is_available():
            said = "no NVIDIA GPU here; try the script itself with --device cpu --tiny"
            print(said, file=sys.stderr)
            return 2
        shape = torch.cuda.get_device_properties(device)
        name = f"{shape.name}, {shape.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}"
    cores = len(os.sched_getaffinity(0))
    tell(f"{name}; {cores} cores; torch {torch.__version__}, Python {platform.python_version()}")
    return 0


def run(args: argparse.Namespace, scratch: Path) -> None:
    """Every part in a process of its own: one that crashes, hangs or spoils the GPU ends alone."""
    end = time.monotonic() + args.budget
    for place, name in enumerate(args.only):
        tell("", f"## {name}", "")
        left = max(1.0, end - time.monotonic())
        share = left * PARTS[name][0] / sum(PARTS[other][0] for other in args.only[place:])
        began = time.monotonic()
        bench = Bench(torch.device(args.device), args.tiny, scratch)
        code = apart(partial(part, bench, name, share), share + GRACE)
        if code not in (0, 1):
            note_failure(scratch, f"{name}: its process ended with {code}")
            tell(f"{name} FAILED: its process ended with {code}")
        tell("", f"{time.monotonic() - began:.0f} s")


def apart(work: Callable[[], int], seconds: float) -> int:
    """The exit code of work in a process of its own, killed with all its children when it is late.

    It is forked, so that libraries are loaded once; this process never touches the GPU.
    """
    pid = os.fork()
    if not pid:
        os.setsid()
        code = 1
        try:
            code = work()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)
    end = time.monotonic() + seconds
    status = None
    try:
        while status is None and time.monotonic() < end:
            done, found = os.waitpid(pid, os.WNOHANG)
            status = found if done else None
            time.sleep(0.02)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1] if status is None else status)


def part(bench: Bench, name: str, seconds: float) -> int:
    """One part, until its seconds are over; 1 where something of it failed."""
    if bench.on_gpu:
        bench.device = torch.device("cuda", bench.device.index or 0)
        torch.cuda.set_device(bench.device)
    try:
        with bench.case(name), at_most(seconds):
            PARTS[name][1](bench)
    except OverTime:
        tell(f"(its {seconds:.0f} s are over; the rest is not measured)")
    for line in bench.failed:
        note_failure(bench.scratch, line)
    return 1 if bench.failed else 0


def note_failure(scratch: Path, line: str) -> None:
    with (scratch / FAILED).open("a") as file:
        file.write(line + "\n")


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Raise `OverTime` in the block after so many seconds."""

    def ring(*_: object) -> None:
        raise OverTime

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.01))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main())
