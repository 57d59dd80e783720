"""Where the sound is in the picture, over time: DMSF's figure of its qualitative analysis.

A row of frames per model, each under its audio-guided attention; below, the waveform with what was
annotated and what each model found.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.segment import SegmentConfig, segment_video
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.report.pictures import attended

MOST_SHOWN = 12
"""Frames in a row; of longer videos so many are shown, evenly spaced."""
POINTS = 100
"""Of the waveform's envelope in each second."""
COLOURS = ("#1971c2", "#d9480f", "#2b8a3e", "#862e9c", "#c2255c", "#5f3dc4")

Truth = Sequence[tuple[str, float, float]]


@dataclass(frozen=True)
class Answer:
    """One model's answer for one file."""

    model: str
    result: Result
    scores: SegmentScores


@dataclass(frozen=True)
class Material:
    """What of a file is drawn.

    Attributes:
        shown: Segments whose frames are shown.
        frames: RGB uint8 (N, 3, H, W), what the encoder saw of them.
        envelope: Lowest and highest sample (T * POINTS, 2) in [-1, 1].
    """

    shown: list[int]
    frames: NDArray[np.uint8]
    envelope: NDArray[np.float32]


def read_material(path: Path, config: SegmentConfig, segments: int) -> Material:
    """Decode a file for its figure, window by window."""
    count = min(MOST_SHOWN, segments)
    shown = [int(t) for t in np.linspace(0, segments - 1, count).round()]
    frames, envelopes, first = [], [], 0
    for window in segment_video(path, config):
        here = [t - first for t in shown if first <= t < first + len(window.samples)]
        frames.append(window.frames[here, 0])
        steps = window.samples.shape[1] // POINTS
        chunks = window.samples[:, : steps * POINTS].reshape(-1, steps)
        envelopes.append(np.stack([chunks.min(1), chunks.max(1)], 1) / np.float32(32768))
        first += len(window.samples)
    return Material(shown, np.concatenate(frames), np.concatenate(envelopes).astype(np.float32))


def draw(path: Path, material: Material, answers: Sequence[Answer], truth: Truth | None) -> None:
    """Write the figure; the suffix says the format (`.png`, `.pdf`, `.svg`)."""
    from matplotlib.figure import Figure  # slow to import

    rows, columns = len(answers), len(material.shown)
    lanes = rows + (truth is not None)
    heights = [1.0] * rows + [0.7, 0.28 * lanes]
    figure = Figure((1.25 * max(columns, 6) + 1.2, 1.5 * sum(heights)), layout="constrained")
    grid = figure.add_gridspec(rows + 2, columns, height_ratios=heights)
    for row, answer in enumerate(answers):
        for column, t in enumerate(material.shown):
            axes = figure.add_subplot(grid[row, column])
            frame = attended(material.frames[column], answer.scores.attention[t])
            axes.imshow(frame.transpose(1, 2, 0))
            axes.set(xticks=[], yticks=[])
            if not row:
                axes.set_title(f"{t}-{t + 1} s", fontsize=8)
            if not column:
                axes.set_ylabel(answer.model, fontsize=9, parse_math=False)
    seconds = len(material.envelope) / POINTS
    wave = figure.add_subplot(grid[rows, :])
    x = (np.arange(len(material.envelope)) + 0.5) / POINTS
    wave.fill_between(x, material.envelope[:, 0], material.envelope[:, 1], color="#495057", lw=0)
    wave.set(xlim=(0, seconds), ylim=(-1, 1), yticks=[], xticklabels=[])
    wave.set_ylabel("sound", fontsize=9)
    _draw_lanes(figure.add_subplot(grid[rows + 1, :]), answers, truth, seconds)
    name = Path(answers[0].result.file).name
    figure.suptitle(name, fontsize=10, parse_math=False)
    figure.savefig(path, dpi=120)


def _draw_lanes(axes, answers: Sequence[Answer], truth: Truth | None, seconds: float) -> None:  # type: ignore[no-untyped-def]
    lanes = [("truth", list(truth))] if truth is not None else []
    lanes += [(a.model, [(e.label, e.onset, e.offset) for e in a.result.events]) for a in answers]
    labels = list(dict.fromkeys(label for _, spans in lanes for label, _, _ in spans))
    for height, (_, spans) in enumerate(lanes):
        for label, onset, offset in spans:
            colour = COLOURS[labels.index(label) % len(COLOURS)]
            axes.barh(height, offset - onset, left=onset, height=0.8, color=colour)
            fits = max(3, int(16 * (offset - onset) * 10 / seconds))
            text = label if len(label) <= fits else label[: fits - 1] + "…"
            middle = (onset + offset) / 2
            style = {"ha": "center", "va": "center", "color": "white", "fontsize": 8}
            axes.text(middle, height, text, parse_math=False, clip_on=True, **style)
    axes.set_yticks(range(len(lanes)), [name for name, _ in lanes], fontsize=9, parse_math=False)
    axes.set(xlim=(0, seconds), ylim=(len(lanes) - 0.5, -0.5))
    axes.set_xlabel("seconds", fontsize=9)
