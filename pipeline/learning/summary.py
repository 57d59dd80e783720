"""What a training would train, part by part."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from avel.extractors import choose
from avel.models.table import build
from avel.pipeline.learning.experiment import Experiment, model_options
from avel.pipeline.learning.fronts import cached_before, make_front, tuned
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.extract import Features


@dataclass(frozen=True)
class Part:
    """Parameters of one part."""

    name: str
    trainable: int
    frozen: int


def parts(experiment: Experiment, weights: Sequence[Path] = ()) -> list[Part]:
    """Parts of the encoder, of the adapters and of the model, in the order in which data passes."""
    encoder = choose(experiment.extractor, weights, experiment.extractor_options)
    cached = cached_before(encoder, experiment.adapter)
    segment = SegmentConfig(**{**encoder.cells, **experiment.segment})
    cell = _one_cell(cached.load(), segment)
    found = [_part(f"encoder.{name}", m) for name, m in encoder.load().model.named_children()]
    front = make_front(encoder, experiment.adapter, cell)
    if front is not None and front.adapters is not None:
        found += [_part(f"adapter.{name}", m) for name, m in front.adapters.at.named_children()]
    classes = int(experiment.options.get("num_classes", 28))
    options = model_options(experiment, tuned(front)(cell), classes)
    model = build(experiment.model, options)
    found += [_part(f"{experiment.model}.{name}", m) for name, m in model.named_children()]
    return [part for part in found if part.trainable or part.frozen]


def _part(name: str, module: nn.Module) -> Part:
    trainable = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return Part(name, trainable, sum(p.numel() for p in module.parameters()) - trainable)


def _one_cell(extractor: object, segment: SegmentConfig) -> Features:
    """Outputs of an encoder for one dark and silent cell."""
    size, there = segment.image_size, np.ones(1, bool)
    frames = torch.zeros(1, 1, 3, size, size, dtype=torch.uint8)
    samples = torch.zeros(1, segment.sample_rate, dtype=torch.int16)
    arrays = {k: v.numpy() for k, v in extractor(frames, samples).items()}  # type: ignore[operator]
    return Features(**arrays, visual_mask=there, audio_mask=there, duration=1.0, flags=())
