"""Features to segment scores: a trained model over windows, averaged where they overlap."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from avel.cache.plain import release
from avel.models.card import Card
from avel.models.domain import distance
from avel.models.output import LocalizationOutput, Visual
from avel.pipeline.method.extract import Features
from avel.pipeline.method.scores import ScoreConfig, SegmentScores

WINDOWS_AT_ONCE = 32


class Probabilities(NamedTuple):
    """What `decide` reads, and the attention: (B, T), (B, T, K + 1) and (B, T, P)."""

    relevance: NDArray[np.float32]
    classes: NDArray[np.float32]
    attention: NDArray[np.float32]


def score_videos(
    videos: Sequence[Features],
    card: Card,
    model: nn.Module,
    extra: Mapping[str, Tensor],
    config: ScoreConfig,
) -> list[SegmentScores]:
    """Run a model over videos of any T; windows of all of them, (B, T, ...), share batches.

    Where windows overlap, their answers are averaged. A model that mixes the videos of a batch sees
    one video at a time, so that what it says of a video does not depend on its company.
    """
    if model.mixes_videos and len(videos) > 1:
        return [
            score for one in videos for score in score_videos([one], card, model, extra, config)
        ]
    sums = [_Sums(video, len(card.classes)) for video in videos]
    overlap = min(config.overlap_cells, card.cells - 1)
    spans = [
        (number, span)
        for number, video in enumerate(videos)
        for span in windows(len(video.visual), card.cells, overlap)
    ]
    for start in range(0, len(spans), WINDOWS_AT_ONCE):
        part = spans[start : start + WINDOWS_AT_ONCE]
        output = _run(model, [(videos[n], span) for n, span in part], card)
        for row, (number, span) in enumerate(part):
            sums[number].add(span, *(values[row] for values in output))
        for number in {number for number, _ in part}:
            release(videos[number].visual_map)  # of a long video, far more than a batch
    return [each.scores(extra) for each in sums]


def windows(count: int, length: int, overlap: int) -> list[range]:
    """Windows of `length` cells that cover `count` cells, the last one shifted to end there.

    | count | length | overlap | windows |
    |---|---|---|---|
    | 7 | 10 | 5 | 0-7 |
    | 10 | 10 | 5 | 0-10 |
    | 13 | 10 | 5 | 0-10, 3-13 |
    | 22 | 10 | 5 | 0-10, 5-15, 10-20, 12-22 |
    """
    if not 0 <= overlap < length:
        raise ValueError(f"overlap ({overlap} cells) must be in [0, length) = [0, {length})")
    if count <= length:
        return [range(count)]
    starts = [*range(0, count - length, length - overlap), count - length]
    return [range(start, start + length) for start in starts]


class _Sums:
    """What the windows over one video have said so far."""

    def __init__(self, features: Features, num_classes: int) -> None:
        self._features = features
        T, P = len(features.visual), features.visual_map.shape[1]
        widths = (1, num_classes + 1, P, 1)
        self._sums = [np.zeros((T, width)) for width in widths]

    def add(self, span: range, *window: NDArray[np.float32]) -> None:
        """Take one window's relevance (T,), classes (T, K + 1) and attention (T, P)."""
        ones = np.ones((len(window[0]), 1), np.float32)
        values: tuple[NDArray[np.float32], ...] = (window[0][:, None], *window[1:], ones)
        for total, value in zip(self._sums, values, strict=True):
            total[span.start : span.stop] += np.asarray(value)[: len(span)]

    def scores(self, extra: Mapping[str, Tensor]) -> SegmentScores:
        """Their mean, beside how far the features are from the training's."""
        *sums, weight = self._sums
        relevance, classes, attention = ((total / weight).astype(np.float32) for total in sums)
        features = self._features
        return SegmentScores(
            relevance[:, 0],
            classes,
            features.visual_mask & features.audio_mask,
            attention,
            _distances(features.visual, extra, "visual") * features.visual_mask,
            _distances(features.audio, extra, "audio") * features.audio_mask,
            features.duration,
            tuple(features.flags),
            notes=tuple(features.notes),
        )


def score_rows(videos: Sequence[Features], card: Card, model: nn.Module) -> list[SegmentScores]:
    """Run a model once over the first window (T, ...) of each video, in one batch, as the bench.

    A model that mixes the videos of a batch (MAGAN as released) sees these together.
    """
    spans = [range(min(card.cells, len(video.visual))) for video in videos]
    windows_of = [(video, span) for video, span in zip(videos, spans, strict=True)]
    relevance, classes, attention = _run(model, windows_of, card)
    scored = []
    for row, (video, span) in enumerate(windows_of):
        cells, none = slice(len(span)), np.zeros(len(span), np.float32)
        scored.append(
            SegmentScores(
                relevance[row, cells],
                classes[row, cells],
                (video.visual_mask & video.audio_mask)[cells],
                attention[row, cells],
                none,
                none,
                min(video.duration, float(card.cells)),
                tuple(video.flags),
                notes=tuple(video.notes),
            )
        )
    return scored


def probabilities(output: LocalizationOutput, num_classes: int) -> Probabilities:
    """Relevance (B, T), classes (B, T, K + 1) and attention (B, T, P) of a model's output."""
    classes = output.classes.float().softmax(-1)
    if classes.ndim == 2:
        classes = classes.unsqueeze(1).expand(*output.relevance.shape, -1)
    if classes.shape[-1] == num_classes:
        classes = torch.cat([classes, torch.zeros_like(classes[..., :1])], -1)
    relevance = torch.sigmoid(output.relevance.float())
    attention = output.attention["agva"].float()
    return Probabilities(*(x.cpu().numpy() for x in (relevance, classes, attention)))


@torch.inference_mode()
def _run(
    model: nn.Module, windows_of: Sequence[tuple[Features, range]], card: Card
) -> Probabilities:
    """One batch on the model's own device."""
    device = next((p.device for p in model.parameters()), torch.device("cpu"))

    def window(name: str) -> Tensor:
        first = getattr(windows_of[0][0], name)
        rows = np.zeros((len(windows_of), card.cells, *first.shape[1:]), first.dtype)
        for row, (features, span) in enumerate(windows_of):
            rows[row, : len(span)] = getattr(features, name)[span.start : span.stop]
        return torch.from_numpy(rows).to(device)

    mask = torch.tensor([[t < len(span) for t in range(card.cells)] for _, span in windows_of])
    visual = Visual(window("visual_map"), window("visual"))
    output = model(window("audio"), visual, mask.to(device))
    return probabilities(output, len(card.classes))


def _distances(
    vectors: NDArray[np.float32], extra: Mapping[str, Tensor], name: str
) -> NDArray[np.float32]:
    domain = {key.split(".")[1]: v for key, v in extra.items() if key.startswith(f"{name}.")}
    if not domain:
        return np.zeros(len(vectors), np.float32)
    return distance(torch.from_numpy(np.array(vectors)), domain).numpy()
