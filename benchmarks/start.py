"""How long a user waits: help, a usage error, one video warm and cold, beside importing libraries.

    python -m benchmarks.start [--repeats 5]

Whole processes, medians, one command of each kind after another in every round, so that a busy
moment meets all of them. Bars are ratios to `import torch` of the same run, since absolute times
differ from machine to machine. "What it needs" are the libraries that a cold run has loaded at its
end, imported alone.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from avel.pipeline.synth.dataset import write_synth
from avel.pipeline.synth.script import SynthConfig

LIBRARIES = ("torch", "torchvision", "open_clip", "av", "h5py", "numpy", "safetensors", "xxhash", "rich", "joblib", "yaml", "scipy")  # fmt: skip
AVEL = (sys.executable, "-m", "avel.pipeline")
LOCALIZE = ("localize", "--model", "synthetic")
LOADED = "import sys; from avel.pipeline.cli import main; main(sys.argv[1:]); print(*sys.modules)"
TIMED = "import time; t = time.perf_counter(); import avel; print(time.perf_counter() - t)"
MOST_MODULES = 24
USAGE = ("avel localize --no-such", "avel localize, a threshold of 2", "avel train, a key misspelt")
"""Rows whose command is refused."""


@dataclass(frozen=True)
class Figure:
    """One row: seconds of a process, and the most that they may be in terms of the others."""

    name: str
    seconds: float
    bar: float | None = None
    words: str = ""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        list(write_synth(root / "data", SynthConfig(84, 0.0, seed=5), 1, only_test=1))
        video = str(next((root / "data" / "AVE").glob("*.mp4")))
        needed = loaded(*LOCALIZE, video, "--cache-dir", str(root / "warm"))
        warm = loaded(*LOCALIZE, video, "--cache-dir", str(root / "warm"))
        seconds = medians(commands(root, video, needed), repeats)
    print("| process | seconds, median | bar | held |\n|---|---|---|---|")
    for figure in figures(seconds):
        held = "" if figure.bar is None else "yes" if figure.seconds <= figure.bar else "NO"
        bar = "" if figure.bar is None else f"<= {figure.bar:.2f} ({figure.words})"
        print(f"| {figure.name} | {figure.seconds:.3f} | {bar} | {held} |")
    print()
    tell("warm localize", warm)
    tell("cold localize", needed)
    print(f"import avel loads torch: {'torch' in ran('-c', 'import avel, sys; print(*sys.modules)').split()}")  # fmt: skip


def commands(root: Path, video: str, needed: set[str]) -> dict[str, Callable[[int], list[str]]]:
    """What is run for each row, by the number of the round."""
    libraries = ", ".join(name for name in LIBRARIES if name in needed)
    localize = [*LOCALIZE, video, "--cache-dir"]
    data = str(root / "data")
    return {
        "nothing": lambda _: [sys.executable, "-c", "pass"],
        "import torch": lambda _: [sys.executable, "-c", "import torch"],
        f"import {libraries}": lambda _: [sys.executable, "-c", f"import {libraries}"],
        "import avel": lambda _: [sys.executable, "-c", TIMED],
        "avel --help": lambda _: [*AVEL, "--help"],
        "avel localize --no-such": lambda _: [*AVEL, "localize", video, "--no-such"],
        "avel localize, a threshold of 2": lambda _: [*AVEL, "localize", video, "--threshold", "2"],
        "avel train, a key misspelt": lambda _: [*AVEL, "train", "--data", data, "--set", "train.epochz=1"],
        "avel localize, warm": lambda _: [*AVEL, *localize, str(root / "warm")],
        "avel localize, cold": lambda n: [*AVEL, *localize, str(root / f"cold{n}")],
    }  # fmt: skip


def medians(rows: dict[str, Callable[[int], list[str]]], repeats: int) -> dict[str, float]:
    """Seconds of each row's process; what a process prints as one number is taken for its own."""
    times: dict[str, list[float]] = {name: [] for name in rows}
    for number in range(repeats):
        for name, command in rows.items():
            start = time.perf_counter()
            done = subprocess.run(command(number), check=False, capture_output=True, text=True)
            times[name].append(time.perf_counter() - start)
            if done.returncode != (2 if name in USAGE else 0):
                raise SystemExit(f"{name}: ended with {done.returncode}\n{done.stderr}")
            if command(number)[-1] == TIMED:
                times[name][-1] = float(done.stdout)
    return {name: statistics.median(values) for name, values in times.items()}


def figures(seconds: dict[str, float]) -> list[Figure]:
    """Rows with their bars, in seconds of this run."""
    torch = seconds["import torch"]
    needs = next(value for name, value in seconds.items() if name.startswith("import torch,"))
    bars = {
        "import avel": (0.05, "50 ms"),
        "avel --help": (0.1 * torch, "0.1 x torch"),
        "avel localize --no-such": (0.2 * torch, "0.2 x torch"),
        "avel localize, a threshold of 2": (0.2 * torch, "0.2 x torch"),
        "avel train, a key misspelt": (0.2 * torch, "0.2 x torch"),
        "avel localize, warm": (0.5 * torch, "0.5 x torch"),
        "avel localize, cold": (1.2 * needs + 1, "1.2 x what it needs + 1 s"),
    }
    return [Figure(name, value, *bars.get(name, ())) for name, value in seconds.items()]


def loaded(*argv: str) -> set[str]:
    """Modules that a command has loaded at its end."""
    return set(ran("-c", LOADED, *argv).splitlines()[-1].split())


def ran(*argv: str) -> str:
    """What a Python process printed."""
    done = subprocess.run([sys.executable, *argv], check=True, capture_output=True, text=True)
    return done.stdout


def tell(name: str, modules: set[str]) -> None:
    """Print how many files of the pipeline a command loads, and whether torch is among its modules."""
    packages = {module.rpartition(".")[0] for module in modules}
    own = [module for module in modules - packages if module.startswith("avel.pipeline.")]
    print(
        f"{name}: {len(own)} modules of avel.pipeline (at most {MOST_MODULES}), torch loaded: {'torch' in modules}"
    )


if __name__ == "__main__":
    main()
