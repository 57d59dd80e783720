"""CLIP's attention pooling of a map's tokens for its one query, which is all that it answers."""

import torch
from open_clip.modified_resnet import AttentionPool2d
from torch import Tensor


class TokenPooling:
    """Joint-space vectors of tokens that an adapter has corrected.

    CLIP's own module lets all 50 positions ask and keeps the first answer. Here the query goes
    through the key projection instead of the tokens, which is the same product in another order:
    a pass over the tokens costs so little that adapters can be trained through it.

    Args:
        pool: Frozen; it stays a part of the encoder, and no part of what is trained.
    """

    def __init__(self, pool: AttentionPool2d) -> None:
        self._pool = pool

    def __call__(self, tokens: Tensor) -> Tensor:
        """(..., P, C) in reading order to (..., D)."""
        pool = self._pool.to(tokens.device)
        x = tokens.flatten(0, -3)
        first, places = pool.positional_embedding[0], pool.positional_embedding[1:]
        mean = x.mean(1) + first
        heads, width = pool.num_heads, x.shape[-1] // pool.num_heads
        query = pool.q_proj(mean).view(-1, heads, width) * width**-0.5
        key, value = (layer.weight.view(heads, width, -1) for layer in (pool.k_proj, pool.v_proj))
        asked = torch.einsum("nhd,hdc->nhc", query, key)
        scores = torch.cat(
            [torch.einsum("nhc,nc->nh", asked, mean)[..., None], asked @ x.mT + asked @ places.T],
            -1,
        )
        weights = scores.softmax(-1)
        own, others = weights[..., :1], weights[..., 1:]
        answer = (others + own / x.shape[1]) @ x + own * first + others @ places
        joined = torch.einsum("nhc,hdc->nhd", answer, value).flatten(1) + pool.v_proj.bias
        vectors: Tensor = pool.c_proj(joined)
        return vectors.view(*tokens.shape[:-2], -1)
