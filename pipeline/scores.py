"""Features to segment scores: a trained model over windows, averaged where they overlap."""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from avel.models.checkpoint import Card
from avel.models.domain import distance
from avel.models.output import LocalizationOutput, Visual
from avel.pipeline.extract import Features
from avel.pipeline.timeline import windows

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
        joint = self.relevance[:, None] * self.classes
        joint[:, -1] = 1 - joint[:, :-1].sum(1)
        return joint


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
        output = _run(model, features, part, card.cells)
        r, c, a = probabilities(output, len(card.classes))
        for row, span in enumerate(part):
            cells, length = slice(span.start, span.stop), len(span)
            relevance[cells] += r[row, :length]
            classes[cells] += c[row]
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


def probabilities(
    output: LocalizationOutput, num_classes: int
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Relevance (B, T), classes (B, K + 1) and attention (B, T, P) of a model's output."""
    classes = output.classes.softmax(-1)
    if classes.shape[1] == num_classes:
        classes = torch.cat([classes, torch.zeros_like(classes[:, :1])], 1)
    relevance = torch.sigmoid(output.relevance)
    return relevance.numpy(), classes.numpy(), output.attention["agva"].numpy()


@torch.inference_mode()
def _run(
    model: nn.Module, features: Features, spans: list[range], cells: int
) -> LocalizationOutput:
    def window(array: NDArray[np.generic]) -> Tensor:
        rows = np.zeros((len(spans), cells, *array.shape[1:]), array.dtype)
        for row, span in enumerate(spans):
            rows[row, : len(span)] = array[span.start : span.stop]
        return torch.from_numpy(rows)

    mask = torch.tensor([[t < len(span) for t in range(cells)] for span in spans])
    visual = Visual(window(features.visual_map), window(features.visual))
    return model(window(features.audio), visual, mask)  # type: ignore[no-any-return]


def _distances(
    vectors: NDArray[np.float32], extra: dict[str, Tensor], name: str
) -> NDArray[np.float32]:
    domain = {key.split(".")[1]: v for key, v in extra.items() if key.startswith(f"{name}.")}
    if not domain:
        return np.zeros(len(vectors), np.float32)
    return distance(torch.from_numpy(np.array(vectors)), domain).numpy()
