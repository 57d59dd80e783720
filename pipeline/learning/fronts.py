"""Where training begins: the cached stage before the first trainable layer, and the rest."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from avel.extractors import AudioCLIPDeclaration, Choice, PairChoice
from avel.extractors.adapters.adapters import Adapters
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.adapters.fronts import Front, OutputFront, SegmentFront
from avel.extractors.audioclip.extractor import AudioCLIPExtractor
from avel.extractors.audioclip.tail import TrunkFront
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.options import make_options
from avel.pipeline.method.extract import Features
from avel.pipeline.reasons import InputError


def cached_before(encoder: Choice | PairChoice, config: AdapterConfig) -> Choice | PairChoice:
    """The encoder whose outputs training reads: cut before the first in-trunk adapter.

    Raises:
        InputError: in-trunk adapters in an encoder without stages.
    """
    if not config.trunk_stages:
        return encoder
    if not isinstance(encoder, Choice) or not isinstance(encoder.kind, AudioCLIPDeclaration):
        raise InputError(
            f"adapter.placement '{config.placement}': extractor '{encoder.recipe['extractor']}' "
            "has no stages; use placement 'output', or audioclip or audioclip-tiny"
        )
    options = {**encoder.options.chosen, "until": config.trunk_stages[0]}
    chosen = make_options(encoder.kind.options_type, options, encoder.kind.name)
    return replace(encoder, options=chosen)  # its weights are found and hashed already


def make_front(
    encoder: Choice | PairChoice,
    config: AdapterConfig,
    cached: Features,
    *,
    whole: bool = False,
    device: str = "cpu",
) -> Front | None:
    """Adapters, and the rest of the encoder where they are inside; None where there is neither.

    Args:
        encoder: The whole encoder.
        config: Where adapters are.
        cached: One video's outputs (T, ...) of the encoder that `cached_before` names.
        whole: Whether training begins at segments, so that the front is the whole encoder.
        device: Where it is made; it must have the encoder's precision.

    Raises:
        InputError: segments for an encoder that is a pair.
    """
    if whole:
        return _whole(encoder, config, device).to(device)
    if config.placement == "none":
        return None
    widths = {
        "audio": cached.audio.shape[-1],
        "visual": cached.visual.shape[-1],
        "visual_map": cached.visual_map.shape[-1],
    }
    if not config.trunk_stages:
        return OutputFront(Adapters(config, widths), encoder.pooling(device)).to(device)
    extractor = encoder.load(device)
    assert isinstance(extractor, AudioCLIPExtractor)  # `cached_before` refused others
    return TrunkFront(extractor, Adapters(config, _channels(extractor))).to(device)


def _whole(encoder: Choice | PairChoice, config: AdapterConfig, device: str) -> SegmentFront:
    if not isinstance(encoder, Choice):
        raise InputError(
            f"augment.enabled: training from segments takes one extractor, not "
            f"'{encoder.recipe['extractor']}'"
        )
    extractor = encoder.load(device)
    there = config.placement != "none"
    return SegmentFront(extractor, Adapters(config, _channels(extractor)) if there else None)


def _channels(extractor: FrozenExtractor) -> dict[str, int]:
    """Channels of every place that may have an adapter."""
    cells = extractor.declaration.cells(extractor.weights)
    size, rate = cells.get("image_size", 224), cells.get("sample_rate", 44_100)
    cell = extractor(
        torch.zeros(1, 1, 3, size, size, dtype=torch.uint8), torch.zeros(1, rate, dtype=torch.int16)
    )
    return {**{name: x.shape[-1] for name, x in cell.items()}, **extractor.stage_channels}


def tuned(front: Front | None) -> Callable[[Features], Features]:
    """What turns cached outputs (T, ...) of one video into the features that a model reads."""
    if front is None:
        return lambda features: features

    @torch.no_grad()
    def run(features: Features) -> Features:
        arrays = (features.audio, features.visual_map, features.visual)
        device = next((p.device for p in front.parameters()), torch.device("cpu"))
        inputs: list[Tensor] = [torch.from_numpy(np.array(a))[None].to(device) for a in arrays]
        audio, visual_map, visual = (value[0].cpu().numpy() for value in front(*inputs))
        audio[~features.audio_mask] = 0
        visual_map[~features.visual_mask] = visual[~features.visual_mask] = 0
        return replace(
            features, audio=audio, visual_map=visual_map.astype(np.float16), visual=visual
        )

    return run
