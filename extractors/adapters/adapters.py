"""Adapters: small trainable corrections of a frozen encoder, after it or inside its trunks.

Source: Houlsby et al., ICML 2019 (residual bottleneck, zero at the start); placements as in
reference section 3.8.2. At step 0 an adapted encoder gives the frozen one's numbers, bit for bit.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.adapters.config import FILE, AdapterConfig
from avel.extractors.weights.files import WeightsError, load_into

KEY = "avel adapters"
Pooling = Callable[[Tensor], Tensor]
"""Of a map's tokens (..., P, C) into joint-space vectors (..., D)."""


class Adapter(nn.Module):
    """`x + Up(s rms(x) Drop(GELU(Down(LN x))))` over the last axis, `Up` zero at the start.

    Over the channels of a map this is the 1x1 convolution form. Ours differs by `rms(x)`: encoders'
    outputs are in the hundreds, where a correction in units of one would take long to be felt; and
    by leaving out what costs a pass over every token and changes nothing that `Down` cannot learn:
    the norm's own scale and shift, a bias after `Up`, and dropout of the output.
    """

    def __init__(self, channels: int, reduction: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels, elementwise_affine=False)
        self.down = nn.Linear(channels, max(1, channels // reduction))
        self.up = nn.Linear(max(1, channels // reduction), channels, bias=False)
        self.scale = nn.Parameter(torch.ones(()))
        self.dropout = nn.Dropout(dropout)
        nn.init.zeros_(self.up.weight)

    def forward(self, x: Tensor) -> Tensor:
        """(..., channels) to the same."""
        flat = x.flatten(0, -2)
        size = torch.linalg.vector_norm(flat.detach(), dim=-1, keepdim=True) / x.shape[-1] ** 0.5
        hidden = self.dropout(functional.gelu(self.down(self.norm(flat)))) * (self.scale * size)
        return torch.addmm(flat, hidden, self.up.weight.T).view_as(x)


class Adapters(nn.Module):
    """All adapters of one encoder, by place: `audio`, `visual`, `visual_map`, `audio3`, `visual4`.

    Args:
        config: Where and how wide.
        channels: Channels at each place that exists; places of width 0 get no adapter.
    """

    def __init__(self, config: AdapterConfig, channels: Mapping[str, int]) -> None:
        super().__init__()
        self.config, self.channels = config, dict(channels)
        places = ["audio", "visual", "visual_map"] if config.at_output else []
        places += [f"{side}{i}" for i in config.trunk_stages for side in ("visual", "audio")]
        missing = [place for place in places if place not in channels]
        if missing:
            raise ValueError(
                f"adapter.placement '{config.placement}': this extractor has no place "
                f"'{missing[0]}'; in-trunk adapters need an AudioCLIP extractor"
            )
        self.at = nn.ModuleDict(
            {
                place: Adapter(channels[place], config.reduction, config.dropout)
                for place in places
                if channels[place]
            }
        )

    def outputs(
        self, audio: Tensor, visual_map: Tensor, visual: Tensor, pooling: Pooling | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """An encoder's outputs corrected, or as they are without output adapters.

        Where the encoder pools its tokens into the vector, the vector follows the corrected tokens:
        it moves by as much as the pooling does, which is nothing at step 0.

        Args:
            audio: (..., D).
            visual_map: (..., P, C).
            visual: (..., D).
            pooling: The encoder's, of tokens into vectors; None: the vector has its adapter alone.
        """
        if not self.config.at_output:
            return audio, visual_map, visual
        tokens = self._at("visual_map", visual_map)
        if pooling is not None:
            visual = visual + (pooling(tokens) - pooling(visual_map))
        return self._at("audio", audio), tokens, self._at("visual", visual)

    def _at(self, place: str, x: Tensor) -> Tensor:
        """Corrected, or as it is where the encoder has nothing there."""
        return self.at[place](x) if place in self.at else x

    def after(self, side: str, stage: int, x: Tensor) -> Tensor:
        """The map (N, C, H, W) of a stage corrected, or as it is."""
        place = f"{side}{stage}"
        if place not in self.at:
            return x
        corrected: Tensor = self.at[place](x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return corrected


def save_adapters(path: Path, adapters: Adapters, base: Mapping[str, Any]) -> None:
    """Write adapters with their config and the recipe of the encoder that they correct."""
    card = {"config": asdict(adapters.config), "channels": adapters.channels, "base": dict(base)}
    tensors = {name: t.detach().cpu().contiguous() for name, t in adapters.state_dict().items()}
    save_file(tensors, path, {KEY: json.dumps(card)})


def load_adapters(path: Path, base: Mapping[str, Any]) -> Adapters:
    """Adapters of a file, frozen.

    Args:
        path: The file, or the run folder that holds one.
        base: Recipe of the encoder that they are for.

    Raises:
        WeightsError: no such file, no adapters, or for another encoder.
    """
    path = path / FILE if path.is_dir() else path
    if not path.is_file():
        raise WeightsError(
            f"{path}: no such adapters; `avel train --set adapter.placement=output` writes them"
        )
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as err:
        raise WeightsError(f"{path}: cannot be read as adapters ({err}); copy it again") from err
    if KEY not in metadata:
        raise WeightsError(f"{path}: is no file of adapters (metadata: {list(metadata) or 'none'})")
    card = json.loads(metadata[KEY])
    if card["base"] != json.loads(json.dumps(base)):
        wrong = [key for key in {*card["base"], *base} if card["base"].get(key) != base.get(key)]
        raise WeightsError(
            f"{path}: was tuned on another encoder: {sorted(wrong)[0]} is "
            f"{str(base.get(sorted(wrong)[0]))[:40]}, it wants "
            f"{str(card['base'].get(sorted(wrong)[0]))[:40]}"
        )
    adapters = Adapters(AdapterConfig(**card["config"]), card["channels"])
    load_into(adapters, tensors, path)
    return adapters.eval().requires_grad_(False)


class Front(nn.Module):
    """What turns the cached stage into features in training; its parameters are the adapters'."""

    adapters: Adapters | None


class OutputFront(Front):
    """Features of a frozen encoder to features with output adapters, for training."""

    adapters: Adapters

    def __init__(self, adapters: Adapters, pooling: Pooling | None) -> None:
        super().__init__()
        self.adapters, self._pooling = adapters, pooling

    def forward(
        self, audio: Tensor, visual_map: Tensor, visual: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, D), (B, T, P, C) and (B, T, D) to the same."""
        return self.adapters.outputs(audio, visual_map.float(), visual, self._pooling)
