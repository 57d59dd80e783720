"""How long writing results takes, and whether it is linear: a folder of many.

    python -m benchmarks.results [--most 20000]

Results of ten-second videos with three events each, in shuffled order, as `avel localize --out`
writes them: one JSON file each and one `events.csv`. Peak memory is that of the process.
"""

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path

from avel.pipeline.formats.folder import ResultFolder
from avel.pipeline.method.events import Event
from avel.pipeline.method.results import Result


def result(number: int) -> Result:
    events = tuple(Event(3.0 * n, 3.0 * n + 2, f"class {n}", 0.5) for n in range(3))
    return Result(
        f"folder/video{number:06d}.mp4",
        "ok",
        duration=10.0,
        segments=10,
        events=events,
        relevance=(0.25,) * 10,
        top_classes=(("class 0", 0.5),) * 10,
    )


def seconds_of(count: int) -> float:
    order = list(range(count))
    random.Random(0).shuffle(order)
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with ResultFolder(Path(folder), [f"folder/video{n:06d}.mp4" for n in range(count)]) as out:
            for number in order:
                out.add(result(number))
        return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--most", type=int, default=20_000)
    most = parser.parse_args().most
    print("| results | seconds | ms a result | peak memory (MB) |\n|---|---|---|---|")
    for count in (most // 16, most // 4, most):
        seconds = seconds_of(count)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
        print(f"| {count} | {seconds:.1f} | {1e3 * seconds / count:.2f} | {peak:.0f} |")


if __name__ == "__main__":
    main()
