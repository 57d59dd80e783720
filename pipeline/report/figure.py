"""Where the sound is in the picture, over time: DMSF's figure of its qualitative analysis.

A row of frames per model, each under its audio-guided attention; below, the waveform with what was
annotated and what each model found.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from avel.cache.whole import replacing
from avel.pipeline.datasets.truth import Spans
from avel.pipeline.formats.whole import readable
from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.decoder import decode_windows
from avel.pipeline.media.limits import DecodeLimits
from avel.pipeline.method.results import Result
from avel.pipeline.method.scores import SegmentScores
from avel.pipeline.report.pictures import attended

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_SHOWN = 12
"""Frames in a row; of longer videos so many are shown, evenly spaced."""
POINTS = 100
"""Of the waveform's envelope in each second."""
LETTERS = 160
"""Of a label, side by side over the figure's width."""
STYLE: Mapping[str, Any] = {"ha": "center", "va": "center", "color": "white", "fontsize": 8}
COLOURS = ("#1971c2", "#d9480f", "#2b8a3e", "#862e9c", "#c2255c", "#5f3dc4")


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
    """Decode a file of T cells for its figure, window by window."""
    count = min(MOST_SHOWN, segments)
    shown = [int(t) for t in np.linspace(0, segments - 1, count).round()]
    frames, envelopes, first = [], [], 0
    for window in _windows(path, config):
        here = [t - first for t in shown if first <= t < first + len(window.samples)]
        frames.append(window.pictures[here, 0])
        steps = window.samples.shape[1] // POINTS
        chunks = window.samples[:, : steps * POINTS].reshape(-1, steps)
        envelopes.append(np.stack([chunks.min(1), chunks.max(1)], 1) / np.float32(32768))
        first += len(window.samples)
    return Material(shown, np.concatenate(frames), np.concatenate(envelopes).astype(np.float32))


def _windows(path: Path, config: SegmentConfig) -> Iterator[Segments]:
    """What is seen and heard, without what is heard around it."""
    return decode_windows(path, replace(config, sound_seconds=(), views=0), DecodeLimits())


def draw(path: Path, material: Material, answers: Sequence[Answer], truth: Spans | None) -> None:
    """Write the figure, whole or not at all; the suffix says the format (`.png`, `.pdf`, `.svg`).

    Args:
        path: File to write.
        material: Frames and sound of the file.
        answers: One row of frames and one lane of events for each.
        truth: Annotated events in seconds, for a lane of their own; None where not known.
    """
    from matplotlib.figure import Figure  # slow to import

    rows, columns = len(answers), len(material.shown)
    lanes = rows + (truth is not None)
    heights = [1.0] * rows + [0.7, 0.28 * lanes]
    figure = Figure((1.25 * max(columns, 6) + 1.2, 1.5 * sum(heights)), layout="constrained")
    grid = figure.add_gridspec(rows + 2, columns, height_ratios=heights)
    for row, answer in enumerate(answers):
        for column in range(columns):
            _draw_frame(figure.add_subplot(grid[row, column]), material, answer, row, column)
    seconds = len(material.envelope) / POINTS
    _draw_wave(figure.add_subplot(grid[rows, :]), material.envelope, seconds)
    _draw_lanes(figure.add_subplot(grid[rows + 1, :]), answers, truth, seconds)
    name = readable(Path(answers[0].result.file).name)
    figure.suptitle(name, fontsize=10, parse_math=False)
    with replacing(path) as part:
        figure.savefig(part, dpi=120, format=path.suffix.removeprefix("."))


def _draw_frame(axes: "Axes", material: Material, answer: Answer, row: int, column: int) -> None:
    t = material.shown[column]
    frame = attended(material.frames[column], answer.scores.attention[t])
    axes.imshow(frame.transpose(1, 2, 0))
    axes.set(xticks=[], yticks=[])
    if not row:
        axes.set_title(f"{t}-{t + 1} s", fontsize=8)
    if not column:
        axes.set_ylabel(answer.model, fontsize=9, parse_math=False)


def _draw_wave(axes: "Axes", envelope: NDArray[np.float32], seconds: float) -> None:
    x = (np.arange(len(envelope)) + 0.5) / POINTS
    axes.fill_between(x, envelope[:, 0], envelope[:, 1], color="#495057", lw=0)
    axes.set(xlim=(0, seconds), ylim=(-1, 1), yticks=[], xticklabels=[])
    axes.set_ylabel("sound", fontsize=9)


def _draw_lanes(
    axes: "Axes", answers: Sequence[Answer], truth: Spans | None, seconds: float
) -> None:
    lanes: list[tuple[str, Spans]] = [("truth", truth)] if truth is not None else []
    lanes += [(a.model, [(e.label, e.onset, e.offset) for e in a.result.events]) for a in answers]
    labels = list(dict.fromkeys(label for _, spans in lanes for label, _, _ in spans))
    for height, (_, spans) in enumerate(lanes):
        for label, onset, offset in spans:
            colour = COLOURS[labels.index(label) % len(COLOURS)]
            axes.barh(height, offset - onset, left=onset, height=0.8, color=colour)
            text = _fitted(label, (offset - onset) / seconds)
            axes.text((onset + offset) / 2, height, text, parse_math=False, clip_on=True, **STYLE)
    axes.set_yticks(range(len(lanes)), [name for name, _ in lanes], fontsize=9, parse_math=False)
    axes.set(xlim=(0, seconds), ylim=(len(lanes) - 0.5, -0.5))
    axes.set_xlabel("seconds", fontsize=9)


def _fitted(label: str, share: float) -> str:
    """As much of a label as fits into a share of the figure's width."""
    fits = max(3, int(LETTERS * share))
    return label if len(label) <= fits else label[: fits - 1] + "…"
