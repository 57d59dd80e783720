"""Features to segment scores: a trained model over windows, averaged where they overlap."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from avel.models.checkpoint import Card
from avel.models.domain import distance
from avel.models.output import LocalizationOutput, Visual
from avel.pipeline.media.timeline import windows
from avel.pipeline.method.extract import Features

VERSION = 2
"""Raise when the numbers of an unchanged model over unchanged features change."""


WINDOWS_AT_ONCE = 32


@dataclass(frozen=True)
class ScoreConfig:
    """How windows are laid over a video; a window's length is the model's own."""

    overlap_cells: int = 5


@dataclass(frozen=True)
class SegmentScores:
    """What a model says of each segment.

    Attributes:
        relevance: Probability (T,) that the segment holds some audio-visual event; zero where
            either modality is absent, since such a segment can hold none by definition.
        classes: Distribution (T, K + 1) of its class if it holds one; the last column is the
            weakly supervised models' background, zero for others.
        attention: Where the sound is in the picture (T, P), sums to one.
        visual_distance: Distance (T,) of the picture's features from the training's; zero where
            there is no picture.
        audio_distance: The same for the sound.
        duration: Seconds of the file.
        flags: Reason codes of what was missing or damaged.
        seen: Open vocabulary only: share (T, L) of each label by sight alone.
        heard: The same by sound alone.
    """

    relevance: NDArray[np.float32]
    classes: NDArray[np.float32]
    attention: NDArray[np.float32]
    visual_distance: NDArray[np.float32]
    audio_distance: NDArray[np.float32]
    duration: float
    flags: tuple[str, ...]
    seen: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    heard: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @property
    def events(self) -> NDArray[np.float32]:
        """Probability (T, K + 1) of each class being the segment's event, background last."""
        return joint(self.relevance, self.classes)


def joint(relevance: NDArray[np.float32], classes: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probability (N, K + 1) of each class being the segment's event; the rest is background."""
    each = relevance[:, None] * classes
    each[:, -1] = 1 - each[:, :-1].sum(1)
    return each


def score_segments(
    features: Features, card: Card, model: nn.Module, extra: dict[str, Tensor], config: ScoreConfig
) -> SegmentScores:
    """Run a model over one video of any length."""
    T = len(features.visual)
    relevance, weight = np.zeros(T), np.zeros(T)
    classes = np.zeros((T, len(card.classes) + 1))
    attention = np.zeros((T, features.visual_map.shape[1]))
    spans = windows(T, card.cells, min(config.overlap_cells, card.cells - 1))
    for start in range(0, len(spans), WINDOWS_AT_ONCE):
        part = spans[start : start + WINDOWS_AT_ONCE]
        output = _run(model, [(features, span) for span in part], card.cells)
        r, c, a = probabilities(output, len(card.classes))
        for row, span in enumerate(part):
            cells, length = slice(span.start, span.stop), len(span)
            relevance[cells] += r[row, :length]
            classes[cells] += c[row, :length]
            attention[cells] += a[row, :length]
            weight[cells] += 1
    both = features.visual_mask & features.audio_mask
    return SegmentScores(
        (relevance / weight * both).astype(np.float32),
        (classes / weight[:, None]).astype(np.float32),
        (attention / weight[:, None]).astype(np.float32),
        _distances(features.visual, extra, "visual") * features.visual_mask,
        _distances(features.audio, extra, "audio") * features.audio_mask,
        features.duration,
        tuple(features.flags),
    )


def score_rows(videos: Sequence[Features], card: Card, model: nn.Module) -> list[SegmentScores]:
    """Run a model once over the first window of each video, all in one batch, as the bench does.

    A model that mixes the videos of a batch (MAGAN as released) sees these together.
    """
    spans = [range(min(card.cells, len(video.visual))) for video in videos]
    windows_of = [(video, span) for video, span in zip(videos, spans, strict=True)]
    relevance, classes, attention = probabilities(
        _run(model, windows_of, card.cells), len(card.classes)
    )
    scored = []
    for row, (video, span) in enumerate(windows_of):
        cells, none = slice(len(span)), np.zeros(len(span), np.float32)
        both = (video.visual_mask & video.audio_mask)[cells]
        scored.append(
            SegmentScores(
                relevance[row, cells] * both,
                classes[row, cells],
                attention[row, cells],
                none,
                none,
                min(video.duration, float(card.cells)),
                tuple(video.flags),
            )
        )
    return scored


def probabilities(
    output: LocalizationOutput, num_classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Relevance (B, T), classes (B, T, K + 1) and attention (B, T, P) of a model's output."""
    classes = output.classes.float().softmax(-1)
    if classes.ndim == 2:
        classes = classes.unsqueeze(1).expand(*output.relevance.shape, -1)
    if classes.shape[-1] == num_classes:
        classes = torch.cat([classes, torch.zeros_like(classes[..., :1])], -1)
    relevance = torch.sigmoid(output.relevance.float())
    attention = output.attention["agva"].float()
    return relevance.cpu().numpy(), classes.cpu().numpy(), attention.cpu().numpy()


@torch.inference_mode()
def _run(
    model: nn.Module, windows_of: Sequence[tuple[Features, range]], cells: int
) -> LocalizationOutput:
    def window(name: str) -> Tensor:
        first = getattr(windows_of[0][0], name)
        rows = np.zeros((len(windows_of), cells, *first.shape[1:]), first.dtype)
        for row, (features, span) in enumerate(windows_of):
            rows[row, : len(span)] = getattr(features, name)[span.start : span.stop]
        return torch.from_numpy(rows)

    mask = torch.tensor([[t < len(span) for t in range(cells)] for _, span in windows_of])
    visual = Visual(window("visual_map"), window("visual"))
    return model(window("audio"), visual, mask)  # type: ignore[no-any-return]


def _distances(
    vectors: NDArray[np.float32], extra: dict[str, Tensor], name: str
) -> NDArray[np.float32]:
    domain = {key.split(".")[1]: v for key, v in extra.items() if key.startswith(f"{name}.")}
    if not domain:
        return np.zeros(len(vectors), np.float32)
    return distance(torch.from_numpy(np.array(vectors)), domain).numpy()
