"""SNS: what one modality says over time, by recency (Mamba) and at large (gated attention)."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from avel.models.dmsf.mamba import Mamba, MambaConfig


@dataclass(frozen=True)
class SNSConfig:
    """Shape of one modality's module."""

    d_model: int
    heads: int
    dropout: float
    expansion: int = 2
    d_state: int = 16
    bidirectional: bool = False
    """Average the scan with one over reversed time: localization is offline."""
    mamba: bool = True
    attention: bool = True
    gate: bool = True
    """Parts that an ablation leaves out; without the gate attention is added whole."""


class SNS(nn.Module):
    """Intra-modal temporal module.

    `h1 = x + Drop(Mamba(LN x))`, `s = MHA(LN h1)`, `g = sigmoid(Wg [h1; s])`,
    `h2 = h1 + g * Drop(s)`, `out = LN(h2 + Drop(FFN(LN h2)))`.

    Source: DMSF (2025) names the parts; the equations are reference section 3.8.2.
    """

    def __init__(self, config: SNSConfig) -> None:
        super().__init__()
        d = config.d_model
        self.mamba: Mamba | None = None
        self.backward_mamba: Mamba | None = None
        self.attention: nn.MultiheadAttention | None = None
        self.gate: nn.Linear | None = None
        if config.mamba:
            self.norm_mamba = nn.LayerNorm(d)
            self.mamba = Mamba(MambaConfig(d, config.d_state))
            if config.bidirectional:
                self.backward_mamba = Mamba(MambaConfig(d, config.d_state))
        if config.attention:
            self.norm_attention = nn.LayerNorm(d)
            self.attention = nn.MultiheadAttention(
                d, config.heads, config.dropout, batch_first=True
            )
            self.gate = nn.Linear(2 * d, d) if config.gate else None
        self.feed_forward = FeedForward(d, config.expansion, config.dropout)
        self.dropout = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, padding: Tensor) -> Tensor:
        """Mix over time.

        Args:
            x: (B, T, D).
            padding: Bool (B, T), true where there is no segment; padding comes last.
        """
        h = x + self.dropout(self._scan(self.mamba, x, padding)) if self.mamba else x
        return self.feed_forward(h + self._attend(h, padding))  # type: ignore[no-any-return]

    def _attend(self, h: Tensor, padding: Tensor) -> Tensor | float:
        if self.attention is None:
            return 0.0
        query = self.norm_attention(h)
        s, _ = self.attention(query, query, query, key_padding_mask=padding, need_weights=False)
        if self.gate is None:
            return self.dropout(s)  # type: ignore[no-any-return]
        gate = torch.sigmoid(self.gate(torch.cat([h, s], -1)))
        return gate * self.dropout(s)  # type: ignore[no-any-return]

    def _scan(self, mamba: Mamba, x: Tensor, padding: Tensor) -> Tensor:
        x = self.norm_mamba(x)
        forward: Tensor = mamba(x)
        if self.backward_mamba is None:
            return forward
        order = reversed_order(padding).unsqueeze(-1).expand_as(x)
        backward: Tensor = self.backward_mamba(x.gather(1, order)).gather(1, order)
        return (forward + backward) / 2


def reversed_order(padding: Tensor) -> Tensor:
    """Positions (B, T) that turn each sequence around and leave its padding last.

    Flipping the whole axis would let the scan run over the padding first.
    """
    t = torch.arange(padding.shape[1], device=padding.device).expand_as(padding)
    length = (~padding).sum(1, keepdim=True)
    return torch.where(t < length, length - 1 - t, t)


class FeedForward(nn.Module):
    """`LN(x + Drop(FFN(LN x)))`, the tail of every DMSF block."""

    def __init__(self, d_model: int, expansion: int, dropout: float) -> None:
        super().__init__()
        self.norm_in, self.norm_out = nn.LayerNorm(d_model), nn.LayerNorm(d_model)
        self.layers = nn.Sequential(
            nn.Linear(d_model, expansion * d_model),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(expansion * d_model, d_model),
            nn.Dropout(dropout),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, T, D) to (B, T, D)."""
        return self.norm_out(x + self.layers(self.norm_in(x)))  # type: ignore[no-any-return]
