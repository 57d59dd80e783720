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
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
    parser.add_argument("--scratch", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        print("no NVIDIA GPU here; try the script itself with --device cpu --tiny", file=sys.stderr)
        return 2
    if args.scratch:
        return alone(args)
    with tempfile.TemporaryDirectory() as folder:
        header(torch.device(args.device))
        run(args, Path(folder))
        failed = Path(folder) / FAILED
        lines = failed.read_text().splitlines() if failed.exists() else []
    if lines:
        tell("", f"{len(lines)} FAILED:", *(f"* {line}" for line in lines))
    return 1 if lines else 0


def header(device: torch.device) -> None:
    name = "CPU, a trial of the script"
    if device.type == "cuda":
        shape = torch.cuda.get_device_properties(device)
        name = f"{shape.name}, {shape.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}"
    cores = len(os.sched_getaffinity(0))
    tell(f"{name}; {cores} cores; torch {torch.__version__}, Python {platform.python_version()}")


def run(args: argparse.Namespace, scratch: Path) -> None:
    """Every part in a process of its own: one that crashes, hangs or spoils the GPU ends alone."""
    end = time.monotonic() + args.budget
    for place, name in enumerate(args.only):
        tell("", f"## {name}", "")
        left = max(1.0, end - time.monotonic())
        share = left * PARTS[name][0] / sum(PARTS[other][0] for other in args.only[place:])
        began = time.monotonic()
        words = ["--device", args.device, "--only", name, "--budget", f"{share:.1f}"]
        words += ["--scratch", str(scratch), *(["--tiny"] if args.tiny else [])]
        command = [sys.executable, "-m", "benchmarks.gpu", *words]
        process = subprocess.Popen(command, start_new_session=True)
        try:
            code = process.wait(share + GRACE)
        except subprocess.TimeoutExpired:
            code = -signal.SIGKILL
        finally:
            kill_all(process)
        if code not in (0, 1):
            note_failure(scratch, f"{name}: its process ended with {code}")
            tell(f"{name} FAILED: its process ended with {code}")
        tell("", f"{time.monotonic() - began:.0f} s")


def kill_all(process: "subprocess.Popen[bytes]") -> None:
    """The part's process and whatever it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def note_failure(scratch: Path, line: str) -> None:
    with (scratch / FAILED).open("a") as file:
        file.write(line + "\n")


def alone(args: argparse.Namespace) -> int:
    """One part, in this process, until its seconds are over."""
    began = time.monotonic() - 4  # Python and torch were loaded before this
    device = torch.device(args.device)
    if device.type == "cuda":
        device = torch.device("cuda", device.index or 0)
        torch.cuda.set_device(device)
    bench = Bench(device, args.tiny, args.scratch)
    (name,) = args.only
    try:
        with bench.case(name), at_most(args.budget - (time.monotonic() - began)):
            PARTS[name][1](bench)
    except OverTime:
        tell(f"(its {args.budget:.0f} s are over; the rest is not measured)")
    for line in bench.failed:
        note_failure(args.scratch, line)
    return 1 if bench.failed else 0


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
