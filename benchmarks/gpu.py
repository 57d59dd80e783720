"""What a GPU does, in one run of at most eight minutes that needs nothing but this repository.

    python -m benchmarks.gpu [--only parity speed ...] [--budget 460]
    python -m benchmarks.gpu --device cpu --tiny        # a trial of the script where there is no GPU

Weights are random in the published shapes, or those that are shipped; films are drawn on the spot.
Each part has a share of the time that is left, ends when it is over, and fails by itself. Exit 1
where the GPU does not say what the CPU says, or a part ends with an error; 2 without a GPU.
"""

import argparse
import faulthandler
import os
import platform
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
GRACE = 20
"""Seconds after the budget at which a part that does not even hear the alarm is ended."""


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="cuda", help="cuda, cuda:1, or cpu for a trial")
    parser.add_argument("--tiny", action="store_true", help="sizes of a trial")
    parser.add_argument("--budget", type=float, default=460, help="seconds of the whole run [460]")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), metavar="PART")
    args = parser.parse_args()
    if args.device.startswith("cuda") and not torch.cuda.is_available():
        print("no NVIDIA GPU here; try the script itself with --device cpu --tiny", file=sys.stderr)
        return 2
    faulthandler.dump_traceback_later(args.budget + GRACE, exit=True)
    with tempfile.TemporaryDirectory() as folder:
        device = torch.device(args.device)
        if device.type == "cuda" and device.index is None:
            device = torch.device("cuda", 0)
        bench = Bench(device, args.tiny, Path(folder))
        header(bench)
        run(bench, args.only, args.budget)
    faulthandler.cancel_dump_traceback_later()
    if bench.failed:
        tell("", f"{len(bench.failed)} FAILED:", *(f"* {line}" for line in bench.failed))
    return 1 if bench.failed else 0


def header(bench: Bench) -> None:
    name = "CPU, a trial of the script"
    if bench.on_gpu:
        torch.cuda.set_device(bench.device)
        shape = torch.cuda.get_device_properties(bench.device)
        name = f"{shape.name}, {shape.total_memory / 2**30:.0f} GiB, CUDA {torch.version.cuda}"
    cores = len(os.sched_getaffinity(0))
    tell(f"{name}; {cores} cores; torch {torch.__version__}, Python {platform.python_version()}")


def run(bench: Bench, names: list[str], budget: float) -> None:
    end = time.monotonic() + budget
    for place, name in enumerate(names):
        tell("", f"## {name}", "")
        left = end - time.monotonic()
        share = PARTS[name][0] / sum(PARTS[other][0] for other in names[place:])
        began = time.monotonic()
        try:
            with bench.case(name), at_most(share * left):
                PARTS[name][1](bench)
        except OverTime:
            tell(f"(its {share * left:.0f} s are over; the rest is not measured)")
        tell("", f"{time.monotonic() - began:.0f} s")


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
