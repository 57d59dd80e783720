"""One synthetic script into one MP4: H.264 pictures, AAC sound, written whole or not at all."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from avel.pipeline.datasets.looks import Style, Thing, background, paint
from avel.pipeline.datasets.synth import CELLS, NOTHING, Script, timbre_of
from avel.pipeline.datasets.timbres import Timbre, noise, sound

WIDTH, HEIGHT, FRAME_RATE, SAMPLE_RATE = 256, 224, 10, 44_100
AUDIO_CHUNK = 44_100


def film(script: Script, path: Path, style: Style, timbre: Timbre) -> Path:
    """Write the video of a script to `path` (through a temporary name) and return the path."""
    temporary = path.with_suffix(f".{os.getpid()}.part")
    rng = np.random.default_rng([*script.seed, 1])
    with av.open(os.fspath(temporary), "w", format="mp4") as container:
        video = _video_stream(container)
        audio = _audio_stream(container) if script.has_audio else None
        samples = _samples(script, rng, timbre)
        pictures = _Pictures(script, rng, style)
        for cell in range(CELLS):
            for frame in pictures.cell(cell):
                container.mux(video.encode(frame))
            if audio:
                container.mux(audio.encode(_audio_frame(samples, cell)))
        container.mux(video.encode(None))
        if audio:
            container.mux(audio.encode(None))
    os.replace(temporary, path)
    return path


def _video_stream(container: OutputContainer) -> VideoStream:
    options = {"preset": "ultrafast", "crf": "27", "x264-params": "bframes=2:keyint=50"}
    stream = container.add_stream("libx264", rate=FRAME_RATE, options=options)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    stream.codec_context.thread_count = 1
    return stream


def _audio_stream(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("aac", rate=SAMPLE_RATE, options={"aac_coder": "fast"})
    stream.codec_context.layout = "mono"
    stream.codec_context.bit_rate = 96_000
    return stream


class _Pictures:
    """Draws the frames of a script; an object keeps its way over cells in which it stays."""

    def __init__(self, script: Script, rng: np.random.Generator, style: Style) -> None:
        self._script, self._style = script, style
        self._noise = rng.normal(0, style.noise, (HEIGHT + 32, WIDTH + 32, 1)).astype(np.float32)
        self._background = background(HEIGHT, WIDTH, rng, style)
        looks = sorted({look for look in script.seen if look != NOTHING})
        self._things = {look: Thing.draw(look, rng, style) for look in looks}
        self._offsets = rng.integers(0, 32, (CELLS * FRAME_RATE, 2))

    def cell(self, cell: int) -> list[av.VideoFrame]:
        return [
            self._frame(cell * FRAME_RATE + k, self._script.seen[cell]) for k in range(FRAME_RATE)
        ]

    def _frame(self, number: int, look: int) -> av.VideoFrame:
        scene = self._background.copy()
        if look != NOTHING:
            paint(scene, self._things[look], number / FRAME_RATE)
        row, column = self._offsets[number]
        scene += self._noise[row : row + HEIGHT, column : column + WIDTH]
        frame = av.VideoFrame.from_ndarray(np.clip(scene, 0, 255).astype(np.uint8), "rgb24")
        frame.pts, frame.time_base = number, Fraction(1, FRAME_RATE)
        return frame


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


def _audio_frame(samples: NDArray[np.int16], cell: int) -> av.AudioFrame:
    part = samples[cell * SAMPLE_RATE : (cell + 1) * SAMPLE_RATE]
    frame = av.AudioFrame.from_ndarray(part[None], "s16", "mono")
    frame.sample_rate, frame.pts = SAMPLE_RATE, cell * SAMPLE_RATE
    frame.time_base = Fraction(1, SAMPLE_RATE)
    return frame
