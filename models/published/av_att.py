"""AVE-ECCV18: audio-guided attention with BiLSTMs (`av_att`), its fusion DMRN, and the weak form.

Source: Tian et al., "Audio-Visual Event Localization in Unconstrained Videos", ECCV 2018, sections
4.1-4.4, under the released code's parameter names; reference sections 2.1-2.3.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from avel.models.output import LocalizationOutput, Visual, of_segment_scores


@dataclass(frozen=True)
class AVAttConfig:
    """Sizes; the defaults are the released ones, for VGG-19 and VGGish features."""

    num_classes: int = 28
    """K, without background."""
    audio_dim: int = 128
    """D, values of the encoder's vector of a segment's sound."""
    map_channels: int = 512
    """C, values at each position of the encoder's map of a picture."""
    positions: int = 49
    """P, cells of the visual map."""
    hidden: int = 128
    """Units of each direction of the LSTMs, which have one width."""
    attention: int = 512
    """Units of the attention's first layers, of the map and of the sound."""
    position_bias: Literal["legacy", "paper"] = "legacy"
    """Whether the audio term of the attention is indexed by position, as in the released code (only
    defined for P = 49), or by projection row, as in the paper's equation 2."""
    fusion: Literal["concatenation", "residual"] = "concatenation"
    """What joins the modalities: both side by side, or the residual fusion, which is DMRN."""
    blocks: int = 1
    """Number of blocks of the residual fusion, sharing weights."""

    def __post_init__(self) -> None:
        if self.position_bias == "legacy" and self.positions != ROWS:
            raise ValueError(
                f"position_bias 'legacy' adds one audio value per position and has {ROWS} of them, "
                f"the map has {self.positions} positions; use position_bias 'paper'"
            )


@dataclass(frozen=True)
class DMRNConfig(AVAttConfig):
    """The same with the residual fusion."""

    fusion: Literal["concatenation", "residual"] = "residual"


ROWS = 49
"""Rows of the attention's projections."""


class AVAtt(nn.Module):
    """Segment scores (B, T, K + 1) from sound and an audio-attended picture, background last."""

    mixes_videos = False

    def __init__(self, config: AVAttConfig) -> None:
        super().__init__()
        self.config = c = config
        self.lstm_audio = nn.LSTM(c.audio_dim, c.hidden, batch_first=True, bidirectional=True)
        self.lstm_video = nn.LSTM(c.map_channels, c.hidden, batch_first=True, bidirectional=True)
        self.affine_audio = nn.Linear(c.audio_dim, c.attention)
        self.affine_video = nn.Linear(c.map_channels, c.attention)
        self.affine_v = nn.Linear(c.attention, ROWS, bias=False)
        self.affine_g = nn.Linear(c.attention, ROWS, bias=False)
        self.affine_h = nn.Linear(ROWS, 1, bias=False)
        outputs = c.num_classes + 1
        if c.fusion == "residual":
            self.U_v, self.U_a = (_mixer(2 * c.hidden) for _ in range(2))
            self.L2 = nn.Linear(2 * c.hidden, outputs)
            nn.init.xavier_uniform_(self.L2.weight)
        else:
            self.L1, self.L2 = nn.Linear(4 * c.hidden, 64), nn.Linear(64, outputs)
            for layer in (self.affine_audio, self.affine_video, self.affine_v, self.affine_g):
                nn.init.xavier_uniform_(layer.weight)
            for layer in (self.affine_h, self.L1, self.L2):
                nn.init.xavier_uniform_(layer.weight)

    def forward(self, audio: Tensor, visual: Visual, mask: Tensor) -> LocalizationOutput:
        """Localize events in windows (B, T, ...) of segments; see `DMSF.forward` for the shapes.

        The published model knows no mask: segments that do not exist enter as zeros.
        """
        scores, weights = self.score(audio, visual.map.float())
        return of_segment_scores(scores, weights, mask)

    def score(self, audio: Tensor, visual_map: Tensor) -> tuple[Tensor, Tensor]:
        """Scores before the softmax, and the attention.

        Args:
            audio: (B, T, audio_dim).
            visual_map: (B, T, P, map_channels).

        Returns:
            Scores (B, T, K + 1) and weights (B, T, P).
        """
        attended, weights = self.attend(audio, visual_map)
        heard, _ = self.lstm_audio(audio)
        seen, _ = self.lstm_video(attended)
        if self.config.fusion == "concatenation":
            joint = torch.cat([heard, seen], -1).relu()
            return self.L2(self.L1(joint).relu()), weights
        return self.L2(self._fuse(heard, seen)), weights

    def attend(self, audio: Tensor, visual_map: Tensor) -> tuple[Tensor, Tensor]:
        """The map's attended vector (B, T, C) and the weights (B, T, P).

        The vector is a sum of the raw map, not of its projection.
        """
        V = visual_map.flatten(0, 1)  # (B * T, P, C)
        v = self.affine_v(self.affine_video(V).relu())  # (B * T, P, 49)
        a = self.affine_g(self.affine_audio(audio.flatten(0, 1)).relu())  # (B * T, 49)
        bias = a.unsqueeze(-1) if self.config.position_bias == "legacy" else a.unsqueeze(-2)
        weights = self.affine_h(torch.tanh(v + bias)).squeeze(-1).softmax(-1)
        attended = torch.bmm(weights.unsqueeze(1), V).squeeze(1)
        return attended.view(*visual_map.shape[:2], -1), weights.view(visual_map.shape[:-1])

    def _fuse(self, heard: Tensor, seen: Tensor) -> Tensor:
        for _ in range(self.config.blocks):
            mixed = (self.U_v(seen) + self.U_a(heard)) / 2
            # the released code adds each modality's residual to the other one's name
            seen, heard = torch.tanh(heard + mixed), torch.tanh(seen + mixed)
        return (seen + heard) / 2


def _mixer(size: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, size), nn.Tanh(), nn.Linear(size, size))
