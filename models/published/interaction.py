"""The encoder, decoder and interaction that CMRAN, DMIN and MAGAN share.

Source: Xu et al., "Cross-Modal Relation-Aware Networks", ACM MM 2020; DMIN (TMM 2022) for the dense
attention; reference sections 2.0, 2.5 and 2.6. Ours differs: the published stacks keep a template
layer and, in decoders, a self-attention that nothing calls; `without_dead` drops their tensors.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

DIM = 256
HEADS = 4


class Encoder(nn.Module):
    """(B, T, in) to (B, T, 256): a linear layer and two post-norm transformer layers."""

    def __init__(self, size: int, feed_forward: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.affine_matrix = nn.Linear(size, DIM)
        layer = nn.TransformerEncoderLayer(DIM, HEADS, feed_forward, dropout, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, x: Tensor) -> Tensor:
        """Encode a sequence (B, T, in) to (B, T, 256)."""
        return self.encoder(self.affine_matrix(x))  # type: ignore[no-any-return]


class DenseAttention(nn.Module):
    """DIMA: attention whose logits to the other modality average over all rotations of the query.

    The average over rotations has the closed form
    `(lambda q.k + (1 - lambda) / (d - 1) (sum q sum k - q.k)) / d` with lambda = 0.5, d the head's
    channels. Names are those of `nn.MultiheadAttention`.
    """

    def __init__(self, dropout: float) -> None:
        super().__init__()
        template = nn.MultiheadAttention(DIM, HEADS)
        self.in_proj_weight, self.in_proj_bias = template.in_proj_weight, template.in_proj_bias
        self.out_proj = template.out_proj
        self.dropout = dropout

    def forward(self, query: Tensor, other: Tensor) -> Tensor:
        """Query (B, T, 256) attends to `[other; query]`, each (B, T, 256)."""
        memory = torch.cat([other, query], 1)
        weights, biases = self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3)
        q, k, v = (
            functional.linear(x, w, b).view(*x.shape[:2], HEADS, -1).transpose(1, 2)
            for x, w, b in zip((query, memory, memory), weights, biases, strict=True)
        )
        q = q * q.shape[-1] ** -0.5
        T, d = other.shape[1], q.shape[-1]
        logits = q @ k.transpose(-1, -2)  # (B, heads, T, 2T)
        across, own = logits[..., :T], logits[..., T:]
        sums = q.sum(-1)[..., None] * k[:, :, :T].sum(-1)[..., None, :]
        across = (0.5 * across + 0.5 / (d - 1) * (sums - across)) / d
        shares = torch.cat([across, own], -1).softmax(-1)
        shares = functional.dropout(shares, self.dropout, self.training)
        mixed: Tensor = self.out_proj((shares @ v).transpose(1, 2).flatten(2))
        return mixed


class CrossAttention(nn.MultiheadAttention):
    """CMRAN's and MAGAN's: ordinary attention to `[other; query]`."""

    def __init__(self, dropout: float) -> None:
        super().__init__(DIM, HEADS, dropout, batch_first=True)

    def forward(self, query: Tensor, other: Tensor) -> Tensor:  # type: ignore[override]
        """Query (B, T, 256) attends to `[other; query]`."""
        memory = torch.cat([other, query], 1)
        mixed, _ = super().forward(query, memory, memory, need_weights=False)
        return mixed


class Decoder(nn.Module):
    """(B, T, in) and the other modality's (B, T, 256) to (B, T, 256)."""

    def __init__(
        self, size: int, feed_forward: int, dropout: float = 0.1, *, dense: bool = False
    ) -> None:
        super().__init__()
        self.affine_matrix = nn.Linear(size, DIM)
        layer = _DecoderLayer(feed_forward, dropout, dense)
        self.decoder = nn.ModuleDict({"layers": nn.ModuleList([layer])})  # the published names
        self._layer = [layer]

    def forward(self, x: Tensor, other: Tensor) -> Tensor:
        """Decode (B, T, in) beside the other modality's (B, T, 256) to (B, T, 256)."""
        decoded: Tensor = self._layer[0](self.affine_matrix(x), other)
        return decoded


class _DecoderLayer(nn.Module):
    def __init__(self, feed_forward: int, dropout: float, dense: bool) -> None:
        super().__init__()
        self.multihead_attn = DenseAttention(dropout) if dense else CrossAttention(dropout)
        self.linear1, self.linear2 = nn.Linear(DIM, feed_forward), nn.Linear(feed_forward, DIM)
        self.norm1, self.norm2 = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.dropout = nn.Dropout(dropout)

    def forward(self, query: Tensor, other: Tensor) -> Tensor:
        x = self.norm1(query + self.dropout(self.multihead_attn(query, other)))
        fed = self.linear2(self.dropout(self.linear1(x).relu()))
        return self.norm2(x + self.dropout(fed))  # type: ignore[no-any-return]


class Interaction(nn.Module):
    """AVInter: `g = x y` attends to `[y; x]`, with a norm.

    Args:
        heads: Of the attention.
        dropout: Of the attention and of what it adds.
        name: The released code's name of the attention.
    """

    def __init__(self, heads: int, dropout: float, name: str) -> None:
        super().__init__()
        self._name = name
        self.add_module(name, nn.MultiheadAttention(DIM, heads, dropout, batch_first=True))
        self.norm1 = nn.LayerNorm(DIM)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(B, T, 256) twice to (B, T, 256)."""
        g, memory = x * y, torch.cat([y, x], 1)
        mixed, _ = getattr(self, self._name)(g, memory, memory, need_weights=False)
        return self.norm1(g + self.dropout(mixed))  # type: ignore[no-any-return]


_DEAD = re.compile(
    r"\.(encoder_layer|decoder_layer)\.|\.decoder\.layers\.\d+\.self_attn\.|\.affine_video_guided_"
)


def without_dead(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A published state dict without `module.` and without the tensors that no output uses."""
    named = {name.removeprefix("module."): value for name, value in tensors.items()}
    return {name: value for name, value in named.items() if not _DEAD.search(name)}
