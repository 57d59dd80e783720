"""What a training would train, part by part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from torch import nn

from avel.pipeline.learning.experiment import Experiment, model_options
from avel.pipeline.learning.fronts import tuned
from avel.pipeline.learning.prepare import Encoding, build_model, prepare
from avel.pipeline.learning.settings import AugmentConfig
from avel.pipeline.media.cells import Segments
from avel.pipeline.method.encode import encode_whole
from avel.pipeline.method.extract import Features
from avel.pipeline.reasons import InputError
from avel.pipeline.work.runtime import RuntimeConfig


@dataclass(frozen=True)
class Part:
    """Parameters of one part."""

    name: str
    trainable: int
    frozen: int


def parts(experiment: Experiment, weights: Sequence[Path] = ()) -> list[Part]:
    """Parts of encoder, adapters and model with their number of values, in the order of the data.

    Raises:
        InputError: the experiment reads imported features, which have no encoder.
    """
    still = replace(experiment, augment=AugmentConfig())  # the same parts, from a cached stage
    prepared = prepare(still, RuntimeConfig(), weights)
    if prepared.encoding is None:
        raise InputError(f"features '{experiment.features}': imported features have no encoder")
    cell = _one_cell(prepared.encoding)
    network = prepared.encoding.encoder.load().model
    found = [_part(f"encoder.{name}", module) for name, module in network.named_children()]
    front = prepared.front(cell)
    if front is not None and front.adapters is not None:
        found += [_part(f"adapter.{name}", m) for name, m in front.adapters.at.named_children()]
    classes = int(experiment.options.get("num_classes", 28))
    options = model_options(experiment, tuned(front)(cell), classes)
    model = build_model(experiment, options)
    found += [_part(f"{experiment.model}.{name}", m) for name, m in model.named_children()]
    return [part for part in found if part.trainable or part.frozen]


def _part(name: str, module: nn.Module) -> Part:
    trainable = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return Part(name, trainable, sum(p.numel() for p in module.parameters()) - trainable)


def _one_cell(encoding: Encoding) -> Features:
    """What training reads of one dark and silent cell."""
    segment, there = encoding.plan.segment, np.ones(1, bool)
    frames = np.zeros((1, 1, *segment.picture_shape), np.uint8)
    samples = np.zeros((1, segment.sample_rate), np.int16)
    cell = Segments(frames, samples, there, there, 1.0)
    return encode_whole(encoding.cached.encoder.load(), [cell], 1, segment.sound_seconds)
