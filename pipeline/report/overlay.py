"""A video under its attention, with its sound: what the model looked at while it listened."""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from avel.pipeline.datasets.truth import Spans
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.decoder import decode_windows
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.media.writer import Mp4, Mp4Writer
from avel.pipeline.reasons import Reason
from avel.pipeline.report.figure import Answer
from avel.pipeline.report.pictures import attended

FRAME_RATE = 10
SIDE = 448
"""Of the written picture, in pixels; below it are lines of text."""
LINE = 28
OPTIONS = {"preset": "veryfast", "crf": "23"}


def write_overlay(path: Path, answer: Answer, config: SegmentConfig, truth: Spans | None) -> None:
    """Write the square that the encoder sees, at ten frames a second, with any sound there is.

    Args:
        path: MP4 to write.
        answer: Attention and events of the file.
        config: How the model's videos are cut.
        truth: Annotated events, for a second line; None where they are not known.
    """
    moving = replace(config, frames_per_cell=FRAME_RATE, sound_seconds=(), views=0)
    silent = str(Reason.NO_AUDIO) in answer.result.reasons
    height = SIDE + LINE * (1 + (truth is not None))
    rate = None if silent else config.sample_rate
    found = [(e.label, e.onset, e.offset) for e in answer.result.events]
    t = 0
    with Mp4Writer(path, Mp4(SIDE, height, FRAME_RATE, rate, OPTIONS)) as writer:
        for window in decode_windows(Path(answer.result.file), moving, DecodeLimits()):
            for frames, samples in zip(window.pictures, window.samples, strict=True):
                lines = [f"{answer.model}: {_at(found, t)}"]
                if truth is not None:
                    lines.append(f"truth: {_at(truth, t)}")
                weights = answer.scores.attention[t]
                writer.cell((_picture(f, weights, lines) for f in frames), samples)
                t += 1


def _at(spans: Spans, t: int) -> str:
    """Labels of the events that cover most of second t."""
    return ", ".join(label for label, onset, offset in spans if onset < t + 0.5 < offset) or "-"


def _picture(
    frame: NDArray[np.uint8], weights: NDArray[np.float32], lines: list[str]
) -> NDArray[np.uint8]:
    seen = Image.fromarray(attended(frame, weights).transpose(1, 2, 0)).resize((SIDE, SIDE))
    whole = Image.new("RGB", (SIDE, SIDE + LINE * len(lines)))
    whole.paste(seen)
    pen, font = ImageDraw.Draw(whole), ImageFont.load_default(16)
    for number, line in enumerate(lines):
        pen.text((8, SIDE + LINE * number + 4), line[:60], "white", font)
    return np.asarray(whole)
