"""CLIP's text head, under the published tensor names.

Source: Radford et al., ICML 2021, section 2.4; reference section 3.4. Its tokens are those of
`ClipTokens`.
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn

CONTEXT = 77
"""Tokens of a text, its start and end included, and zeros after it."""
VOCABULARY = 49_408
WIDER = 4
"""Times as wide are a block's hidden numbers."""


class QuickGELU(nn.Module):
    """x sigmoid(1.702 x), with which OpenAI's weights were trained."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape to the same."""
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    """Attention to what came before, then two linear layers; each adds to its input."""

    def __init__(self, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        wider, narrower = nn.Linear(width, WIDER * width), nn.Linear(WIDER * width, width)
        self.mlp = nn.Sequential(OrderedDict(c_fc=wider, gelu=QuickGELU(), c_proj=narrower))
        small = width**-0.5 * (2 * depth) ** -0.5  # many blocks add up
        nn.init.normal_(self.attn.in_proj_weight, std=width**-0.5)
        nn.init.normal_(self.attn.out_proj.weight, std=small)
        nn.init.normal_(wider.weight, std=(2 * width) ** -0.5)
        nn.init.normal_(narrower.weight, std=small)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, L, width) to the same; the mask (L, L) is added to the attention's scores."""
        given = self.ln_1(x)
        x = x + self.attn(given, given, given, need_weights=False, attn_mask=mask)[0]
        hidden: Tensor = self.mlp(self.ln_2(x))
        return x + hidden


class Transformer(nn.Module):
    """All blocks, of which none sees what comes later."""

    def __init__(self, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.resblocks = nn.ModuleList(Block(width, heads, depth) for _ in range(depth))

    def forward(self, x: Tensor) -> Tensor:
        """(N, 77, width) to the same."""
        mask = x.new_full((x.shape[1], x.shape[1]), float("-inf")).triu(1)
        for block in self.resblocks:
            x = block(x, mask)
        return x
