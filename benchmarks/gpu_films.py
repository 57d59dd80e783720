"""Films on a machine with a GPU: whole extractions with the GPU's busy share, and decoding."""

import contextlib
import io
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
import torch

from avel.extractors.extractor import FrozenExtractor
from avel.pipeline.cli import main as avel
from avel.pipeline.media.cells import SegmentConfig, Segments, join
from avel.pipeline.media.gpu import why_not
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.segment import segment_video
from avel.pipeline.synth.dataset import write_synth
from avel.pipeline.synth.script import SynthConfig
from avel.pipeline.work.runtime import default_workers
from benchmarks.gpu_bench import Bench, tell
from benchmarks.gpu_weights import chosen

SECONDS = 10
"""Of one film, and so its cells."""
LEVELS = 4.0
"""Mean difference of any picture, of 255, that docs/decoders.md states."""


def films(bench: Bench) -> list[Path]:
    """Synthetic films, drawn once."""
    count = 4 if bench.tiny else 192
    config = SynthConfig(num_videos=max(84, 11 * count), noisy_share=0)
    root = bench.scratch / "films"
    if (root / "AVE").is_dir():  # by the part before
        return sorted((root / "AVE").glob("*.mp4"))
    drawn = bench.scratch / f"drawn-{os.getpid()}"  # a part that is ended leaves no half of them
    list(write_synth(drawn, config, default_workers(), only_test=count))
    drawn.rename(root)
    return sorted((root / "AVE").glob("*.mp4"))


@dataclass
class Busy:
    """How much of a block the device was at work; use it in a `with` block.

    By nvidia-ml where it is there, ten looks a second; and by events around what the encoder does,
    which counts waits for the host between its kernels too.
    """

    bench: Bench
    looks: list[float] = field(default_factory=list)
    encoding: float = 0.0
    """Seconds inside the encoder."""
    calls: list[tuple[Any, Any]] = field(default_factory=list)
    """Of the encoder: events before and after."""
    wall: float = 0.0

    def __enter__(self) -> "Busy":
        self._over, self._looker = threading.Event(), None
        with contextlib.suppress(Exception):  # without nvidia-ml the events tell
            if self.bench.on_gpu:
                torch.cuda.utilization(self.bench.device)
                self._looker = threading.Thread(target=self._look, daemon=True)
                self._looker.start()
        self._patched = _timed_embedding(self)
        self._patched.__enter__()
        self._began = time.monotonic()
        return self

    def _look(self) -> None:
        while not self._over.wait(0.1):
            self.looks.append(torch.cuda.utilization(self.bench.device) / 100)

    def __exit__(self, *error: Any) -> None:
        self.wall = time.monotonic() - self._began
        self.bench.wait()
        self.encoding += sum(first.elapsed_time(last) / 1e3 for first, last in self.calls)
        self._patched.__exit__(*error)
        self._over.set()
        if self._looker is not None:
            self._looker.join()

    def __str__(self) -> str:
        nvml = f"{np.mean(self.looks):.0%}" if self.looks else "no nvidia-ml"
        return f"{nvml} | {self.encoding / self.wall:.0%}"


@contextmanager
def _timed_embedding(busy: Busy) -> Iterator[None]:
    """Every encoder's two calls, with the device's own clock around them."""
    names = ("embed_sight", "embed_sound")
    before = {name: getattr(FrozenExtractor, name) for name in names}
    for name, call in before.items():
        setattr(FrozenExtractor, name, _timed(busy, call))
    try:
        yield
    finally:
        for name, call in before.items():
            setattr(FrozenExtractor, name, call)


def _timed(busy: Busy, call: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(call)
    def embed(*args: Any) -> Any:
        if not busy.bench.on_gpu:
            began = time.perf_counter()
            found = call(*args)
            busy.encoding += time.perf_counter() - began
            return found
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        first.record()
        found = call(*args)
        last.record()
        busy.calls.append((first, last))  # asked at the end: nothing may wait here for the GPU
        return found

    return embed


def extraction(bench: Bench) -> None:
    """`avel extract` of the same films with several encoders, each into a cache of its own."""
    made = films(bench)
    tell(f"{len(made)} films of {SECONDS} s, {default_workers()} processes that decode\n")
    tell("| encoder | precision | decode | films/s | cells/s | GPU at work | inside the encoder |")
    tell("|---|---|---|---|---|---|---|")
    weights = bench.scratch / "weights"
    pair = [str(f.path) for name in PAIR for f in chosen(name, weights).weights.files]
    large = [str(f.path) for f in chosen("audioclip", weights).weights.files]
    why = why_not(str(bench.device)) if bench.on_gpu else "no GPU"
    cases = [
        ("audioclip-tiny", "float32", "cpu", []),
        ("audioclip-tiny", "float32", "gpu", []),
        ("+".join(PAIR), "float32", "cpu", pair),
        ("audioclip", "float32", "cpu", large),
        ("audioclip", "bfloat16", "cpu", large),
    ]
    for number, (name, precision, where, files) in enumerate(cases):
        if where == "gpu" and why:
            tell(f"| {name} | {precision} | {where} | not here: {why} | | | |")
        elif precision == "float32" or bench.on_gpu:
            with bench.case(f"extraction with {name}, {precision}, decoded on the {where}"):
                cache = bench.scratch / f"cache{number}"
                busy = extracted(bench, made, cache, name, precision, where, files)
                rate = len(made) / busy.wall
                speeds = f"{rate:.1f} | {rate * SECONDS:.0f}"
                tell(f"| {name} | {precision} | {where} | {speeds} | {busy} |")


PAIR = ("efficientnet-lite0", "mn04")


def extracted(
    bench: Bench,
    made: list[Path],
    cache: Path,
    name: str,
    precision: str,
    where: str,
    files: list[str],
) -> Busy:
    words = ["extract", *map(str, made), "--cache-dir", str(cache), "--device", str(bench.device)]
    words += ["--extractor", name, "--precision", precision, "--no-segments", "--json"]
    words += ["--decode", where]
    for file in files:
        words += ["--weights", file]
    said = io.StringIO()
    with Busy(bench) as busy, contextlib.redirect_stdout(said):
        code = avel(words)
    summary = json.loads(said.getvalue().splitlines()[-1])
    if code or summary["extracted"] != len(made):
        raise RuntimeError(f"avel extract ended with {code}: {summary}")
    return busy


def decode(bench: Bench) -> None:
    """One picture a second of each film, and its sound: by FFmpeg, and the pictures by torchcodec."""
    made = films(bench)[: 4 if bench.tiny else 32]
    tell("one process, one film after the other\n")
    tell("| pictures by | films/s | largest mean difference of a picture (levels of 255) |")
    tell("|---|---|---|")
    ours = _cut(bench, made, "FFmpeg, CPU", "", [])
    for device in ("cpu", str(bench.device)) if bench.on_gpu else ("cpu",):
        if why := why_not(device):
            tell(f"| torchcodec, {device} | not here: {why[:120]} | |")
            continue
        with bench.case(f"torchcodec on {device}"):
            _cut(bench, made, f"torchcodec, {device}", device, ours)


def _cut(
    bench: Bench, made: list[Path], title: str, device: str, ours: list[Segments]
) -> list[Segments]:
    def cells(path: Path) -> Segments:
        return join(
            list(segment_video(path, SegmentConfig(), reading=Reading(path, device=device)))
        )

    cells(made[0])  # libraries are loaded
    began = time.perf_counter()
    found = [cells(path) for path in made]
    rate = len(made) / (time.perf_counter() - began)
    pairs = zip(found, ours, strict=True) if ours else ()
    apart = [np.abs(a.frames.astype(float) - b.frames).mean((1, 2, 3, 4)).max() for a, b in pairs]
    tell(f"| {title} | {rate:.1f} | {max(apart, default=0):.1f} |")
    if not max(apart, default=0) < LEVELS:
        bench.failed.append(f"{title}: pictures differ by {max(apart):.1f} levels")
    return found
