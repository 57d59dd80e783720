"""`avel extract` of real films by an encoder that loads no torch and is as slow as it is told.

Environment: STUB_SECONDS that a batch takes, STUB_BEGUN a folder in which each process that encodes
makes a file.
"""

import os
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.pipeline import cli
from avel.pipeline.batch import extraction
from avel.pipeline.batch.launch import Loops
from avel.pipeline.commands import extract
from avel.pipeline.method import encode, harvest
from avel.pipeline.method.plan import plan_features
from avel.pipeline.work import runtime

COMMAND = (sys.executable, "-m", "tests.pipeline.batch.stub_extract", "extract")
Arrays = dict[str, NDArray[np.generic]]


class Network:
    """Has nothing to train."""

    def parameters(self) -> tuple[()]:
        return ()


class SlowEncoder:
    """Means of picture and sound, so that equal films have equal features."""

    name = "stub"
    recipe = {"extractor": "stub", "options": {}}  # noqa: RUF012
    cells = {"image_size": 16, "sample_rate": 4_000}  # noqa: RUF012

    def __init__(self) -> None:
        self.model = Network()
        self._seconds = float(os.environ.get("STUB_SECONDS", "0"))

    def load(self, device: str) -> "SlowEncoder":
        return self

    def embed_sight(self, frames: NDArray[np.uint8]) -> Arrays:
        if begun := os.environ.get("STUB_BEGUN"):
            Path(begun, str(os.getpid())).touch()
        time.sleep(self._seconds)
        seen = frames.astype(np.float32).mean((1, 3, 4))
        return {"visual": seen, "visual_map": np.repeat(seen[:, None], 400, 1).astype(np.float16)}

    def embed_sound(self, samples: NDArray[np.int16]) -> Arrays:
        return {"audio": samples.astype(np.float32).mean(1, keepdims=True)}


def main() -> int:
    extract.planned = lambda args: plan_features(SlowEncoder())  # type: ignore[arg-type,assignment]
    extraction.Loops = partial(Loops, command=(*COMMAND, "--loop"))  # type: ignore[misc,assignment]
    encode._numpy = lambda embed, given: embed(given)  # type: ignore[assignment]
    harvest.resolve_device = lambda device: "cpu"
    runtime.visible_gpus = lambda device: []
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
