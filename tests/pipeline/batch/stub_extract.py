"""`avel extract` of real films by an encoder that loads no torch and is as slow as it is told.

Environment: STUB_SECONDS that a window of cells takes, STUB_BEGUN a folder in which each process
that encodes has a file, of a byte a window that it began.
"""

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from avel.pipeline import cli
from avel.pipeline.commands import extract
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.method.encode import Encoded
from avel.pipeline.method.extract import Features
from avel.pipeline.method.makers import Makers
from avel.pipeline.method.plan import plan_features
from avel.pipeline.work import runtime

COMMAND = (sys.executable, "-m", "tests.pipeline.batch.stub_extract", "extract")


class SlowEncoder:
    """Says what is made; there is nothing to load."""

    recipe = {"extractor": "stub", "options": {}}  # noqa: RUF012
    cells = {"image_size": 16, "sample_rate": 4_000}  # noqa: RUF012


class SlowBatches:
    """Means of picture and sound, so that equal films have equal features."""

    def __init__(self) -> None:
        self._seconds = float(os.environ.get("STUB_SECONDS", "0"))

    def add(self, name: tuple[int, int], segments: Segments) -> Iterator[Encoded]:
        if begun := os.environ.get("STUB_BEGUN"):
            with Path(begun, str(os.getpid())).open("a") as file:
                file.write(".")
        end = time.monotonic() + self._seconds
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(0.1, left))  # a signal that comes just before a wait is heard after it
        seen = segments.frames.astype(np.float32).mean((1, 3, 4))
        yield (
            name,
            Features(
                visual=seen,
                visual_map=np.repeat(seen[:, None], 400, 1).astype(np.float16),
                audio=segments.samples.astype(np.float32).mean(1, keepdims=True),
                visual_mask=segments.visual_mask,
                audio_mask=segments.audio_mask,
                duration=segments.duration,
                flags=segments.flags,
            ),
        )

    def finish(self) -> Iterator[Encoded]:
        return iter(())


class SlowMakers(Makers):
    """Decodes as usual."""

    def batches(self, encoder: Any, cut: SegmentConfig, runtime: Any) -> SlowBatches:
        return SlowBatches()


def main() -> int:
    plan = replace(plan_features(SlowEncoder()), makers=SlowMakers())  # type: ignore[arg-type]
    extract.run = partial(extract.extract, plan=plan, command=(*COMMAND, "--loop"))
    runtime.visible_gpus = lambda device: []
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
