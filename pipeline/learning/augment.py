"""Variations of a batch of segments, both modalities alike in time, for training from there."""

import torch
from torch import Tensor

from avel.pipeline.datasets.features import Example
from avel.pipeline.learning.settings import AugmentConfig


def augmented(
    batch: Example, config: AugmentConfig, background: int, generator: torch.Generator
) -> Example:
    """A varied batch.

    Args:
        batch: `visual_map` uint8 RGB (B, T, F, 3, H, W) and `audio` int16 (B, T, S).
        config: How far to go.
        background: Index K.
        generator: Source of every draw, on the CPU.
    """
    moved = _mixed(_shifted(batch, config, generator), config, background, generator)
    return moved._replace(
        visual_map=_recoloured(moved.visual_map, config, generator),
        audio=_resounded(moved.audio, config, generator),
    )


def _uniform(count: int, low: float, high: float, generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator)


def _shifted(batch: Example, config: AugmentConfig, generator: torch.Generator) -> Example:
    """Turn whole videos of T cells; padded ones stay, since their end is no end."""
    B, T = batch.mask.shape
    steps = torch.randint(-config.shift_cells, config.shift_cells + 1, (B,), generator=generator)
    steps = torch.where(batch.mask.all(1).cpu(), steps, 0).to(batch.mask.device)
    order = (torch.arange(T, device=batch.mask.device)[None] - steps[:, None]) % T

    def turn(values: Tensor) -> Tensor:
        return torch.stack([video[places] for video, places in zip(values, order, strict=True)])

    return batch._replace(
        audio=turn(batch.audio),
        visual_map=turn(batch.visual_map),
        visual=turn(batch.visual),
        present=turn(batch.present),
        segments=turn(batch.segments),
    )


def _mixed(
    batch: Example, config: AugmentConfig, background: int, generator: torch.Generator
) -> Example:
    """Some videos laid over others as long: half of each, and an event where either has one.

    A segment in which both have an event keeps its own label; the video has both labels.
    """
    if not config.mix:
        return batch
    B = len(batch.video)
    partner = torch.randperm(B, generator=generator).to(batch.video.device)
    chosen = (torch.rand(B, generator=generator) < config.mix).to(batch.video.device)
    chosen &= (batch.mask == batch.mask[partner]).all(1) & (batch.video != batch.video[partner])

    def half(values: Tensor) -> Tensor:
        blend = (values.float() + values[partner].float()) / 2
        where = chosen.view(B, *[1] * (values.ndim - 1))
        return torch.where(where, blend.round().to(values.dtype), values)

    # a background-only video adds no label to its partner's, and takes it
    theirs, empty = batch.video[partner], batch.video == background
    own = torch.where(chosen & empty, theirs, batch.video)
    second = torch.where(chosen & ~empty & (theirs != background), theirs, batch.other)
    take = chosen[:, None] & (batch.segments == background)
    return batch._replace(
        audio=half(batch.audio),
        visual_map=half(batch.visual_map),
        segments=torch.where(take, batch.segments[partner], batch.segments),
        video=own,
        other=second,
    )


def _recoloured(frames: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Brightness, contrast and saturation, one factor each per video."""
    shape = (len(frames), *[1] * (frames.ndim - 1))
    bright, contrast, saturation = (
        _uniform(len(frames), 1 - x, 1 + x, generator).view(shape).to(frames.device)
        for x in (config.brightness, config.contrast, config.saturation)
    )
    images = frames.float() * bright
    grey = images.mean(3, keepdim=True)
    images = grey + saturation * (images - grey)
    level = images.mean(tuple(range(1, images.ndim)), keepdim=True)
    return (level + contrast * (images - level)).round().clamp(0, 255).to(torch.uint8)


def _resounded(samples: Tensor, config: AugmentConfig, generator: torch.Generator) -> Tensor:
    """Gain and white noise, one level each per video; what gets too loud is clipped."""
    B = len(samples)
    gain = 10 ** (_uniform(B, -config.gain_db, config.gain_db, generator) / 20)
    sound = samples.float() * gain.view(B, 1, 1).to(samples.device)
    level = sound.square().mean((1, 2), keepdim=True).sqrt()
    snr = _uniform(B, *config.snr_db, generator).view(B, 1, 1).to(samples.device)
    noise = torch.randn(sound.shape, generator=generator).to(samples.device)
    noisy = sound + noise * level * 10 ** (-snr / 20)
    return noisy.round().clamp(-32768, 32767).to(torch.int16)
