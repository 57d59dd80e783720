"""Audio-guided visual attention (AGVA): where in the picture the sound is."""

import torch
from torch import Tensor, nn


class AudioGuidedAttention(nn.Module):
    """Weights positions of the visual map by what is heard and sums them.

    `z_p = w . tanh(Wv ReLU(Uv V_p) + Wa ReLU(Ua a))`, `alpha = softmax_p z`,
    `v = sum_p alpha_p V_p`.

    Source: Tian et al., ECCV 2018, equation 2, in the paper's form: the audio term is indexed by
    projection row. The released code indexes it by position (reference 2.1), which is another
    model.
    """

    def __init__(self, channels: int, audio_dim: int, hidden: int, projection: int) -> None:
        super().__init__()
        self.visual_in = nn.Linear(channels, hidden)
        self.audio_in = nn.Linear(audio_dim, hidden)
        self.visual_out = nn.Linear(hidden, projection, bias=False)
        self.audio_out = nn.Linear(hidden, projection, bias=False)
        self.score = nn.Linear(projection, 1, bias=False)

    def forward(self, visual: Tensor, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Attended vector (B, T, C) and weights (B, T, P).

        Args:
            visual: Map (B, T, P, C).
            audio: (B, T, D).
        """
        v = self.visual_out(self.visual_in(visual).relu())  # (B, T, P, k)
        a = self.audio_out(self.audio_in(audio).relu()).unsqueeze(2)  # (B, T, 1, k)
        weights = self.score(torch.tanh(v + a)).squeeze(-1).softmax(-1)
        return torch.einsum("btp,btpc->btc", weights, visual), weights
