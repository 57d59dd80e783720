"""CLIP's attention pooling of a map's tokens for its one query, which is all that it answers."""

import torch
from torch import Tensor, nn


class AttentionPool(nn.Module):
    """Tokens to a vector in the joint space, under the published tensor names.

    CLIP's own module lets all 50 positions ask and keeps the first answer. Here the query goes
    through the key projection instead of the tokens, which is the same product in another order:
    a pass over the tokens costs so little that adapters can be trained through it.

    Args:
        places: Number P of tokens.
        channels: C of each.
        heads: Of the attention.
        width: D of the vector.

    Source: Radford et al., ICML 2021, section 2.4; reference section 3.3.
    """

    def __init__(self, places: int, channels: int, heads: int, width: int) -> None:
        super().__init__()
        scale = channels**-0.5
        self.num_heads = heads
        self.positional_embedding = nn.Parameter(torch.randn(places + 1, channels) * scale)
        self.k_proj, self.q_proj, self.v_proj = (nn.Linear(channels, channels) for _ in "kqv")
        self.c_proj = nn.Linear(channels, width)
        for layer in (self.k_proj, self.q_proj, self.v_proj, self.c_proj):
            nn.init.normal_(layer.weight, std=scale)

    def forward(self, tokens: Tensor) -> Tensor:
        """(..., P, C) in reading order to (..., D)."""
        x = tokens.flatten(0, -3)
        first, places = self.positional_embedding[0], self.positional_embedding[1:]
        mean = x.mean(1) + first
        heads, width = self.num_heads, x.shape[-1] // self.num_heads
        query = self.q_proj(mean).view(-1, heads, width) * width**-0.5
        key, value = (layer.weight.view(heads, width, -1) for layer in (self.k_proj, self.v_proj))
        asked = torch.einsum("nhd,hdc->nhc", query, key)
        scores = torch.cat(
            [torch.einsum("nhc,nc->nh", asked, mean)[..., None], asked @ x.mT + asked @ places.T],
            -1,
        )
        weights = scores.softmax(-1)
        own, others = weights[..., :1], weights[..., 1:]
        answer = (others + own / x.shape[1]) @ x + own * first + others @ places
        joined = torch.einsum("nhc,hdc->nhd", answer, value).flatten(1) + self.v_proj.bias
        vectors: Tensor = self.c_proj(joined)
        return vectors.view(*tokens.shape[:-2], -1)


class TokenPooling:
    """Joint-space vectors of tokens that an adapter has corrected.

    Args:
        pool: Frozen; it stays a part of the encoder, and no part of what is trained.
    """

    def __init__(self, pool: AttentionPool) -> None:
        self._pool = pool

    def __call__(self, tokens: Tensor) -> Tensor:
        """(..., P, C) in reading order to (..., D)."""
        vectors: Tensor = self._pool.to(tokens.device)(tokens)
        return vectors
