"""Adapters: small trainable corrections of a frozen encoder, after it or inside its trunks.

Source: Houlsby et al., ICML 2019 (residual bottleneck, zero at the start); placements as in
reference section 3.8.2. At step 0 an adapted encoder gives the frozen one's numbers, bit for bit.
"""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.errors import ExtractorError

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
        """Features (..., C) to the same."""
        flat = x.flatten(0, -2)
        size = torch.linalg.vector_norm(flat.detach(), dim=-1, keepdim=True) / x.shape[-1] ** 0.5
        hidden = self.dropout(functional.gelu(self.down(self.norm(flat)))) * (self.scale * size)
        return torch.addmm(flat, hidden, self.up.weight.T).view_as(x)


class Adapters(nn.Module):
    """All adapters of one encoder, by place: `audio`, `visual`, `visual_map`, `audio3`, `visual4`.

    Args:
        config: Where and how wide.
        channels: Channels at each place that exists; places of width 0 get no adapter.

    Raises:
        ExtractorError: adapters inside the trunk of an encoder that has no stages.
    """

    def __init__(self, config: AdapterConfig, channels: Mapping[str, int]) -> None:
        super().__init__()
        self.config, self.channels = config, dict(channels)
        places = ["audio", "visual", "visual_map"] if config.at_output else []
        places += [f"{side}{i}" for i in config.trunk_stages for side in ("visual", "audio")]
        missing = [place for place in places if place not in channels]
        if missing:
            raise ExtractorError(
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

        Returns:
            audio, visual_map and visual in the shapes given.
        """
        return self.sound(audio), *self.sight(visual_map, visual, pooling)

    def sound(self, audio: Tensor) -> Tensor:
        """Audio (..., D) of `outputs`."""
        return self._at("audio", audio) if self.config.at_output else audio

    def sight(
        self, visual_map: Tensor, visual: Tensor, pooling: Pooling | None
    ) -> tuple[Tensor, Tensor]:
        """Map (..., P, C) and vectors (..., D) of `outputs`."""
        if not self.config.at_output:
            return visual_map, visual
        tokens = self._at("visual_map", visual_map)
        if pooling is not None:
            visual = visual + (pooling(tokens) - pooling(visual_map))
        return tokens, self._at("visual", visual)

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
