"""CIC: what the two modalities say of each other, around one filtered, shared fusion."""

import torch
from torch import Tensor, nn

from avel.models.dmsf.sns import FeedForward


class Concatenation(nn.Module):
    """What an ablation puts in CIC's place: both streams side by side through one layer."""

    def __init__(self, d_model: int, dropout: float, expansion: int = 2) -> None:
        super().__init__()
        self.joint = nn.Linear(2 * d_model, d_model)
        self.visual_feed = FeedForward(d_model, expansion, dropout)
        self.audio_feed = FeedForward(d_model, expansion, dropout)

    def forward(
        self, visual: Tensor, audio: Tensor, padding: Tensor
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """As `CIC.forward`, (B, T, D) twice to the same; there is no attention to show."""
        joint = self.joint(torch.cat([visual, audio], -1)).relu()
        return self.visual_feed(visual + joint), self.audio_feed(audio + joint), {}


class CIC(nn.Module):
    """Dual cross attention.

    `C_v = MHA(q=v, kv=a)`, `C_a = MHA(q=a, kv=v)`; filter
    `rho = sigmoid(Wr [v*a ; C_v*C_a])`; joint `f = LN(ReLU(Wf [rho*C_v ; rho*C_a]))`; guidance
    `v' = FFN(LN(v + MHA(q=v, kv=f)))`, and so for a. Both streams are guided by the same f,
    which is what makes them agree.

    Source: DMSF (2025) names the parts; the equations are reference section 3.8.2.
    """

    def __init__(self, d_model: int, heads: int, dropout: float, expansion: int = 2) -> None:
        super().__init__()
        d = d_model

        def attention() -> nn.MultiheadAttention:
            return nn.MultiheadAttention(d, heads, dropout, batch_first=True)

        self.visual_cross, self.audio_cross = attention(), attention()
        self.visual_guide, self.audio_guide = attention(), attention()
        self.filter = nn.Linear(2 * d, d)
        self.joint = nn.Linear(2 * d, d)
        self.norm_joint, self.norm_visual, self.norm_audio = (nn.LayerNorm(d) for _ in range(3))
        self.visual_feed = FeedForward(d, expansion, dropout)
        self.audio_feed = FeedForward(d, expansion, dropout)

    def forward(
        self, visual: Tensor, audio: Tensor, padding: Tensor
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Refined visual and audio (B, T, D), and the cross attention by name (B, T, T)."""
        mask = {"key_padding_mask": padding}
        c_v, weights_v = self.visual_cross(visual, audio, audio, **mask)
        c_a, weights_a = self.audio_cross(audio, visual, visual, **mask)
        rho = torch.sigmoid(self.filter(torch.cat([visual * audio, c_v * c_a], -1)))
        f = self.norm_joint(self.joint(torch.cat([rho * c_v, rho * c_a], -1)).relu())
        guided_v, _ = self.visual_guide(visual, f, f, need_weights=False, **mask)
        guided_a, _ = self.audio_guide(audio, f, f, need_weights=False, **mask)
        refined_v = self.visual_feed(self.norm_visual(visual + guided_v))
        refined_a = self.audio_feed(self.norm_audio(audio + guided_a))
        return refined_v, refined_a, {"visual_to_audio": weights_v, "audio_to_visual": weights_a}
