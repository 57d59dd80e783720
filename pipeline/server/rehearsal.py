"""A run over nothing, so that the first film waits for no library and no process."""

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from avel.pipeline.media.apart import Apart
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.decoder import decode_files
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.reasons import MediaError

if TYPE_CHECKING:
    from avel.extractors import Extractor

CELLS = 10
"""Seconds of the film that is no film."""


def rehearse(config: SegmentConfig, encoder: "Extractor", batch_cells: int, apart: Apart) -> None:
    """Start the processes that decode and look, and run the networks once.

    Args:
        config: How films are cut.
        encoder: The networks.
        batch_cells: Cells that go through them together.
        apart: Looks at files.
    """
    from avel.pipeline.method.encode import CellBatches  # a worker's start may fail before it

    with tempfile.TemporaryDirectory() as folder:
        nothing = Path(folder) / "nothing"
        nothing.write_bytes(bytes(16))
        list(decode_files([nothing], config, DecodeLimits()))
        with contextlib.suppress(MediaError):
            apart.ask("kind", nothing)
    batches = CellBatches(encoder, batch_cells, config.sound_seconds)
    list(batches.add((0, 0), grey(config)))
    list(batches.finish())


def grey(config: SegmentConfig) -> Segments:
    """Ten cells without anything to see or hear."""
    side, views = config.image_size, (config.views + 1,) if config.views else ()
    return Segments(
        np.full((CELLS, config.frames_per_cell, *views, 3, side, side), 128, np.uint8),
        np.zeros((CELLS, config.sample_rate), np.int16),
        np.ones(CELLS, bool),
        np.ones(CELLS, bool),
        float(CELLS),
    )
