"""How long a user waits: `avel --help`, one video cold, the same warm, and without avel.

    python -m benchmarks.start

"Importing the libraries" is the floor of any command that embeds: python with torch, torchvision,
open_clip and PyAV imported, nothing done.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from avel.pipeline.synth.dataset import write_synth
from avel.pipeline.synth.script import SynthConfig

REPEATS = 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        list(write_synth(root / "data", SynthConfig(84, 0.0, seed=5), 1, only_test=1))
        video = str(next((root / "data" / "AVE").glob("*.mp4")))
        avel = [sys.executable, "-m", "avel.pipeline"]
        cold = [
            [*avel, "localize", video, "--cache-dir", str(root / f"cold{n}")]
            for n in range(REPEATS)
        ]
        warm = [[*avel, "localize", video, "--cache-dir", str(root / "cold0")]] * REPEATS
        libraries = "import torch, torchvision, open_clip, av, h5py"
        print("| command | wall seconds, median of three | bar |\n|---|---|---|")
        report("avel --help", [[*avel, "--help"]] * REPEATS, "0.5")
        report("avel localize, one 10 s video, cold cache", cold, "8")
        report("avel localize, the same, warm cache", warm, "")
        report("importing the libraries", [[sys.executable, "-c", libraries]] * REPEATS, "")


def report(name: str, commands: list[list[str]], bar: str) -> None:
    times = []
    for command in commands:
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    print(f"| {name} | {statistics.median(times):.2f} | {bar and '<= ' + bar} |", flush=True)


if __name__ == "__main__":
    main()
