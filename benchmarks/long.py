"""What a long video costs: time and peak memory of `avel extract`, then of `avel localize`.

    python -m benchmarks.long [--minutes 120]
    python -m benchmarks.long --film FILE [--weights FILE]

With `--film` a film of yours goes through `avel localize` with the everyday model alone, and how many times as fast
as it plays is printed too.

The film repeats five minutes of blocks and tones (640 x 360, ten frames a second, H.264 and AAC),
copied packet by packet. Peak memory is the largest resident size of the main process; the first row
is a process that only imports what the encoder needs.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from avel.pipeline.media.writer import Mp4, Mp4Writer

PIECE_SECONDS, FRAME_RATE, SAMPLE_RATE = 300, 10, 44_100
PIECE_APART = 300.2
"""Seconds from one copy to the next: AAC's last frame is longer than the rest."""
WIDTH, HEIGHT, BLOCK = 640, 360, 8

RUN = """
import sys, resource
{work}
for line in open("/proc/self/status"):
    if line.startswith("VmHWM"):
        print("peak", int(line.split()[1]) / 1e3, file=sys.stderr)
used = resource.getrusage(resource.RUSAGE_SELF)
print("cpu", used.ru_utime + used.ru_stime, file=sys.stderr)
"""
IMPORT = "import avel.extractors.audioclip.extractor"
COMMANDS = {"extract": ("extract",), "localize": ("localize", "--model", "synthetic")}
COMMAND = "from avel.pipeline.cli import main; main(sys.argv[1:])"


def piece(path: Path) -> None:
    """Five minutes; blocks change every half minute, the tone every second."""
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (10, HEIGHT // BLOCK, WIDTH // BLOCK, 3), np.uint8)
    pictures = small.repeat(BLOCK, 1).repeat(BLOCK, 2)
    t = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    options = {"preset": "ultrafast", "crf": "30", "x264-params": "bframes=0:keyint=50"}
    with Mp4Writer(path, Mp4(WIDTH, HEIGHT, FRAME_RATE, SAMPLE_RATE, options)) as writer:
        for second in range(PIECE_SECONDS):
            tone = 8_000 * np.sin(2 * np.pi * (200 + second) * t)
            writer.cell([pictures[second // 30]] * FRAME_RATE, tone.astype(np.int16))


def repeat(source: Path, target: Path, times: int) -> None:
    """The same packets again and again, each time later."""
    with av.open(str(target), "w") as out:
        streams: dict[int, object] = {}
        for number in range(times):
            with av.open(str(source)) as container:
                if not streams:
                    streams = {s.index: out.add_stream_from_template(s) for s in container.streams}
                for packet in container.demux():
                    if packet.dts is None:
                        continue
                    later = int(number * Fraction(PIECE_APART) / packet.time_base)
                    packet.pts, packet.dts = packet.pts + later, packet.dts + later
                    packet.stream = streams[packet.stream.index]
                    out.mux(packet)


def measured(work: str, *argv: str) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak memory in MB of a main process."""
    started = time.perf_counter()
    command = [sys.executable, "-c", RUN.format(work=work), *argv]
    ran = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)  # fmt: skip
    wall = time.perf_counter() - started
    said = dict(
        line.split() for line in ran.stderr.splitlines() if line.startswith(("peak", "cpu"))
    )
    return wall, float(said["cpu"]), float(said["peak"])


def everyday(film: Path, weights: Path | None) -> None:
    """The default model on a real film, with nothing cached."""
    with av.open(str(film)) as container:
        seconds = container.duration / av.time_base
    given = ("--weights", str(weights)) if weights else ()
    with tempfile.TemporaryDirectory() as cache:
        wall, cpu, peak = measured(COMMAND, "localize", str(film), "--cache-dir", cache, *given)
        kept = sum(file.stat().st_size for file in Path(cache).rglob("*") if file.is_file())
    print("| minutes | wall (s) | times as fast | its CPU (s) | peak memory (MB) | cache (MB) |")
    print("|---|---|---|---|---|---|")
    row = f"{wall:.0f} | {seconds / wall:.1f} | {cpu:.0f} | {peak:.0f} | {kept / 1e6:.0f}"
    print(f"| {seconds / 60:.1f} | {row} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=120)
    parser.add_argument("--film", type=Path, help="a real one, in the place of the made one")
    parser.add_argument("--weights", type=Path, help="of the everyday model, where not kept")
    args = parser.parse_args()
    if args.film is not None:
        everyday(args.film, args.weights)
        return
    minutes = args.minutes
    with tempfile.TemporaryDirectory() as folder:
        film, cache = Path(folder) / "long.mkv", str(Path(folder) / "cache")
        piece(Path(folder) / "piece.mp4")
        repeat(Path(folder) / "piece.mp4", film, max(1, minutes * 60 // PIECE_SECONDS))
        print("| process | wall (s) | its CPU (s) | peak memory (MB) |\n|---|---|---|---|")
        runs = {"importing the encoder's libraries": (IMPORT,)} | {
            f"avel {name}, {minutes} minutes": (COMMAND, *words, str(film), "--cache-dir", cache)
            for name, words in COMMANDS.items()
        }
        for name, run in runs.items():
            wall, cpu, peak = measured(*run)
            print(f"| {name} | {wall:.0f} | {cpu:.0f} | {peak:.0f} |", flush=True)


if __name__ == "__main__":
    main()
