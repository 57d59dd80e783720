"""One synthetic script into one MP4."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.writer import Mp4, Mp4Writer
from avel.pipeline.synth.looks import Style, Thing, background, paint
from avel.pipeline.synth.script import CELLS, NOTHING, Script, timbre_of
from avel.pipeline.synth.timbres import Timbre, noise, sound

WIDTH, HEIGHT, FRAME_RATE, SAMPLE_RATE = 256, 224, 10, 44_100
VIDEO_OPTIONS = {"preset": "ultrafast", "crf": "27", "x264-params": "bframes=2:keyint=50"}


def film(script: Script, path: Path, style: Style, timbre: Timbre) -> Path:
    """Write ten seconds of a script to `path` (through a temporary name) and return the path."""
    rng = np.random.default_rng([*script.seed, 1])
    rate = SAMPLE_RATE if script.has_audio else None
    shape = Mp4(WIDTH, HEIGHT, FRAME_RATE, rate, VIDEO_OPTIONS, {"aac_coder": "fast"})
    samples = _samples(script, rng, timbre).reshape(CELLS, SAMPLE_RATE)
    pictures = _Pictures(script, rng, style)
    with Mp4Writer(path, shape) as writer:
        for cell in range(CELLS):
            writer.cell(pictures.cell(cell), samples[cell])
    return path


class _Pictures:
    """Draws the frames of a script; an object keeps its way over cells in which it stays."""

    def __init__(self, script: Script, rng: np.random.Generator, style: Style) -> None:
        self._script, self._style = script, style
        self._noise = rng.normal(0, style.noise, (HEIGHT + 32, WIDTH + 32, 1)).astype(np.float32)
        self._background = background(HEIGHT, WIDTH, rng, style)
        looks = sorted({look for look in script.seen if look != NOTHING})
        self._things = {look: Thing.draw(look, rng, style) for look in looks}
        self._offsets = rng.integers(0, 32, (CELLS * FRAME_RATE, 2))

    def cell(self, cell: int) -> list[NDArray[np.uint8]]:
        return [
            self._frame(cell * FRAME_RATE + k, self._script.seen[cell]) for k in range(FRAME_RATE)
        ]

    def _frame(self, number: int, look: int) -> NDArray[np.uint8]:
        scene = self._background.copy()
        if look != NOTHING:
            paint(scene, self._things[look], number / FRAME_RATE)
        row, column = self._offsets[number]
        scene += self._noise[row : row + HEIGHT, column : column + WIDTH]
        return np.clip(scene, 0, 255).astype(np.uint8)


def _samples(script: Script, rng: np.random.Generator, timbre: Timbre) -> NDArray[np.int16]:
    """The whole sound (S,): one unbroken sound over each run of cells with the same class."""
    wave = noise(CELLS * SAMPLE_RATE, rng, timbre)
    start = 0
    for cell in range(1, CELLS + 1):
        if cell < CELLS and script.heard[cell] == script.heard[start]:
            continue
        if script.heard[start] != NOTHING:
            part = slice(start * SAMPLE_RATE, cell * SAMPLE_RATE)
            length = part.stop - part.start
            wave[part] += sound(timbre_of(script.heard[start]), length, SAMPLE_RATE, rng, timbre)
        start = cell
    return np.asarray(np.clip(wave, -1, 1) * 32767, np.int16)
