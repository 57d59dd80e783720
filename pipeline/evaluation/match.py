"""Evaluate cross-modality localization on AVE's match splits, by the exact rule."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from avel.models.checkpoint import load_checkpoint
from avel.models.table import Matcher
from avel.pipeline.datasets.ave import AveFolder
from avel.pipeline.evaluation.queries import baselines, exact_accuracy, queries
from avel.pipeline.evaluation.split import Split, open_split
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig


class MatchRows(Dataset[tuple[Tensor, Tensor, Tensor]]):
    """Sound (T, D), pooled picture (T, C) and event segments (T,) of rows, held in memory.

    The picture is the mean over the map's positions, as `visual_feature_vec.h5` has it.
    """

    def __init__(self, audio: Tensor, visual: Tensor, events: Tensor) -> None:
        self.audio, self.visual, self.events = audio, visual, events

    def __len__(self) -> int:
        return len(self.audio)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor]:
        return self.audio[index], self.visual[index], self.events[index]


def read_rows(part: Split) -> MatchRows:
    """All rows of a split; maps (P, C) are read one video at a time and only their means kept."""
    audio, visual, segments = [], [], []
    for index in range(len(part.rows)):
        example = part.rows[index]
        audio.append(example.audio)
        visual.append(example.visual_map.float().mean(1))
        segments.append(example.segments)
    events = torch.stack(segments) != part.rows.background
    return MatchRows(torch.stack(audio), torch.stack(visual), events)


def answers(model: Matcher, rows: MatchRows) -> dict[str, NDArray[np.int64]]:
    """Start (N,) of the chosen window by direction, for each query of the rows in order."""
    asked = queries(rows.events.numpy())
    places = torch.from_numpy(asked.rows)
    with torch.inference_mode():
        scores = model.windows(rows.audio[places], rows.visual[places], rows.events[places])
    return {direction: each.numpy().argmax(1) for direction, each in scores.items()}


def accuracies(model: Matcher, rows: MatchRows) -> dict[str, float]:
    """Share in [0, 1] of queries that are answered exactly, by direction."""
    asked = queries(rows.events.numpy())
    return {way: exact_accuracy(found, asked) for way, found in answers(model, rows).items()}


def matching_numbers(model: Matcher, rows: MatchRows, part: Split) -> dict[str, Any]:
    """Accuracy in [0, 1] by direction, that of constants that look at nothing, and coverage."""
    return {
        "accuracy": accuracies(model, rows),
        "baselines": baselines(rows.events.numpy()),
        "queries": len(queries(rows.events.numpy()).rows),
        "coverage": part.coverage,
    }


def evaluate_matcher(
    data: AveFolder, split: str, checkpoint: Path, runtime: RuntimeConfig
) -> dict[str, Any]:
    """Accuracies in [0, 1] of a trained matching model on a match split.

    By the exact rule, reference 1.9.
    """
    card, loaded, _ = load_checkpoint(checkpoint)
    model: Matcher = loaded  # type: ignore[assignment]
    part = open_match(data, split, card.features, runtime)
    return {"split": f"{split}_match", **matching_numbers(model, read_rows(part), part)}


def open_match(
    data: AveFolder, split: str, recipe: Mapping[str, Any], runtime: RuntimeConfig
) -> Split:
    """Rows of a match split with their features (T, ...).

    Raises:
        InputError: the dataset has no such split.
    """
    name = f"{split}_match"
    if name not in data.match_splits:
        raise InputError(
            f"{data.root}: has no {split}_order_match.h5, the split of cross-modality "
            "localization; it is in the AVE code repository, and `avel synth` writes one"
        )
    return open_split(data, name, recipe, runtime)
