"""The files in which AudioCLIP's heads are published, as one state dict of 861 names."""

from math import log

import torch
from torch import Tensor

from avel.extractors.weights.files import Weights, WeightsError
from avel.extractors.weights.tensors import read_tensors

OPENAI_SCALARS = frozenset({"input_resolution", "context_length", "vocab_size"})
"""Entries of OpenAI's archives that are settings, not weights."""


def joint_tensors(weights: Weights) -> dict[str, Tensor]:
    """Tensors of an AudioCLIP file, or of CLIP's heads and the audio head from two files.

    Accepted are `AudioCLIP-{Full,Partial}-Training.pt`, and one of `CLIP.pt`, OpenAI's `RN50.pt`
    or open_clip's RN50 together with `ESRNXFBSP.pt`, whose names lack the prefix `audio.`. The
    scales of sound, which no such pair has, are where AudioCLIP's training starts: log 100.

    Raises:
        WeightsError: a head is missing, or there twice; says which file to add or leave out.

    Source: reference section 3.1.
    """
    merged: dict[str, Tensor] = {}
    for file in weights.files:
        tensors = read_tensors(file.path)
        for name in OPENAI_SCALARS & tensors.keys():
            del tensors[name]
        if "fbsp.m" in tensors:
            tensors = {f"audio.{name}": value for name, value in tensors.items()}
            for pair in ("ai", "at"):
                tensors[f"logit_scale_{pair}"] = torch.tensor(log(100.0))
        both = sorted(merged.keys() & tensors.keys())
        if both:
            raise WeightsError(
                f"{weights.source}: {file.path.name} has {both[0]} and {len(both) - 1} more that "
                "another of the files has too; give each head once"
            )
        merged.update(tensors)
    _check_heads(merged, weights.source)
    return merged


def _check_heads(tensors: dict[str, Tensor], source: str) -> None:
    has_sound = any(name.startswith("audio.") for name in tensors)
    has_sight = any(name.startswith("visual.") for name in tensors)
    if has_sight and not has_sound:
        raise WeightsError(
            f"{source}: has no audio head (audio.*); add its file: --weights ESRNXFBSP.pt"
        )
    if has_sound and not has_sight:
        raise WeightsError(
            f"{source}: has no image and text head (visual.*, transformer.*); add their file: "
            "--weights CLIP.pt"
        )
