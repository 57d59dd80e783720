"""What a model costs: parameters, multiply-adds of one window, seconds of an answer."""

import time
import warnings

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from avel.models.card import MATCHERS, Card
from avel.models.output import Visual

WARM, REPEATS = 2, 5


def cost(card: Card, model: nn.Module) -> dict[str, float]:
    """All three, by name, as a run's numbers have them: counts, and seconds."""
    model = model.eval()
    return {
        "parameters": parameters(model),
        "multiply_adds": multiply_adds(card, model),
        "seconds_per_video": seconds_per_video(card, model),
    }


def parameters(model: nn.Module) -> int:
    """Number of trained values."""
    return sum(parameter.numel() for parameter in model.parameters())


def multiply_adds(card: Card, model: nn.Module, positions: int = 49) -> int:
    """Number of multiply-adds in products of matrices for one window of T segments.

    Fused kernels would hide theirs, so recurrent layers and attention run as plain products here.
    Elementwise work and the state scan are not counted, as usual.
    """
    inputs = window(card, model, 1, positions)
    with (
        warnings.catch_warnings(action="ignore"),  # mkldnn's flags speak of devices not here
        torch.backends.mkldnn.flags(enabled=False),
        sdpa_kernel(SDPBackend.MATH),
        FlopCounterMode(display=False) as counter,
    ):
        _answer(card, model, inputs)  # with gradients, or encoder layers take a fused path
    return int(counter.get_total_flops()) // 2


def seconds_per_video(card: Card, model: nn.Module, batch: int = 16, positions: int = 49) -> float:
    """Wall seconds of inference per window, the fastest of some batches, on this device."""
    inputs = window(card, model, batch, positions)
    times = []
    with torch.inference_mode():
        for _ in range(WARM + REPEATS):
            started = time.perf_counter()
            _answer(card, model, inputs)
            times.append(time.perf_counter() - started)
    return min(times[WARM:]) / batch


def window(card: Card, model: nn.Module, batch: int, positions: int) -> tuple[torch.Tensor, ...]:
    """Random inputs: sound (B, T, D), map (B, T, P, C), picture (B, T, D), mask (B, T)."""
    options = {**vars(model.config), **card.options}
    g = torch.Generator().manual_seed(0)
    audio = torch.rand(batch, card.cells, options["audio_dim"], generator=g)
    channels = int(options.get("map_channels") or options["visual_dim"])
    visual_map = torch.rand(batch, card.cells, positions, channels, generator=g)
    visual = torch.rand(batch, card.cells, options.get("visual_dim", channels), generator=g)
    return audio, visual_map, visual, torch.ones(batch, card.cells, dtype=torch.bool)


def _answer(card: Card, model: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
    audio, visual_map, visual, mask = inputs
    if card.name in MATCHERS:
        query = mask & (torch.arange(card.cells) < card.cells // 2)
        model.windows(audio, visual_map.mean(2), query)  # type: ignore[operator]
    else:
        model(audio, Visual(visual_map, visual), mask)
