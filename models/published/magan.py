"""MAGAN: self-attended features, gated channels both ways, and gates on events from each modality.

Source: MAGAN, "Modality-Aware Gated Attention Network" (2024), under the released code's parameter
names; reference section 2.8. Ours differs: the attention from sight to sound has a closed form,
since its softmax runs over one element (point 4); the tensors that it would use are dead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from avel.models.output import MASKED, LocalizationOutput, Visual
from avel.models.published.interaction import (
    DIM,
    HEADS,
    Decoder,
    Encoder,
    Interaction,
    without_dead,
)

TOP_SEGMENTS = 4
"""Whose mean stands for the video in class activation."""


@dataclass(frozen=True)
class MAGANConfig:
    """Sizes and setting; the defaults are the released ones."""

    num_classes: int = 28
    """K, without background."""
    supervision: Literal["full", "weak"] = "full"
    """Labels of every segment, or of whole videos, as the experiment's."""
    audio_dim: int = 128
    """D, values of the encoder's vector of a segment's sound."""
    map_channels: int = 512
    """C, values at each position of the encoder's map of a picture."""
    alpha: float = 0.1
    """Share, in [0, 1], of the gated sequence in what is classified."""
    mixing: Literal["legacy", "fixed"] = "legacy"
    """`legacy`: the first self-attention runs over the batch, as released, so that a sample's
    numbers depend on its company. `fixed`: over the positions of a map, and over time."""


class MAGAN(nn.Module):
    """Relevance of segments and classes of videos, with gates that learn events too.

    `extra` has what the published forward returns beside: probabilities of the gates (B, T) and of
    their classes, `unimodal_gates`, `unimodal_scores` (B, K), `multimodal_gates` and
    `multimodal_scores`. Weakly supervised it has `events` and `gate_scores` (B, K + 1) and `gates`,
    and `classes` are the logarithms of the first two's sum, whose largest the published decoder
    takes.
    """

    @property
    def mixes_videos(self) -> bool:
        """Whether a video's numbers depend on the others of its batch."""
        return self.config.mixing == "legacy"

    def __init__(self, config: MAGANConfig) -> None:
        super().__init__()
        self.config = c = config
        weak, C, D = c.supervision == "weak", c.map_channels, c.audio_dim
        outputs = c.num_classes + weak
        self.visual_self_attention = nn.MultiheadAttention(C, HEADS, 0.1)
        self.audio_self_attention = nn.MultiheadAttention(D, HEADS, 0.1)
        self.self_att_visual_norm, self.self_att_audio_norm = nn.LayerNorm(C), nn.LayerNorm(D)
        self.self_att_visual_mlp, self.self_att_audio_mlp = _mlp(C), _mlp(D)
        self.visual_spatial_channel_att = SightFromSound(C, D)
        self.audio_spatial_channel_att = SoundFromSight(C, D)
        self.audio_visual_rnn_layer = _Recurrent(C)
        width = 2048 if weak else 1024
        self.visual_encoder, self.audio_encoder = Encoder(C, width), Encoder(C, width)
        self.visual_decoder, self.audio_decoder = Decoder(C, 1024), Decoder(C, 1024)
        self.audio_gated, self.visual_gated = _Gate(), _Gate()
        self.global_av_gate = _JointGate()
        self.AVInter, self.VAInter = (Interaction(HEADS, 0.2, "visual_multihead") for _ in range(2))
        self.visual_cas, self.audio_cas, self.global_gate_cas = (
            nn.Linear(DIM, outputs) for _ in range(3)
        )
        self.localize_module = nn.ModuleDict(
            {"classifier": nn.Linear(DIM, 1), "event_classifier": nn.Linear(DIM, outputs)}
        )

    def forward(self, audio: Tensor, visual: Visual, mask: Tensor) -> LocalizationOutput:
        """Localize events in windows (B, T, ...) of segments; see `DMSF.forward` for the shapes.

        The published model knows no mask: segments that do not exist enter as zeros.
        """
        sight, sound = self._attend_to_self(visual.map.float(), audio)
        seen, weights = self.visual_spatial_channel_att(sight, sound)
        heard = self.audio_spatial_channel_att(sight, sound)
        heard, seen = self.audio_visual_rnn_layer(heard, seen)
        visual_kv, audio_kv = self.visual_encoder(seen), self.audio_encoder(heard)
        audio_q = self.audio_decoder(heard, visual_kv)
        visual_q = self.visual_decoder(seen, audio_kv)
        if self.config.supervision == "weak":
            relevance, classes, extra = self._weak(visual_q, audio_q)
        else:
            relevance, classes, extra = self._full(visual_q, audio_q, visual_kv, audio_kv)
        relevance = relevance.masked_fill(~mask, MASKED)
        return LocalizationOutput(relevance, classes, {}, {"agva": weights}, extra)

    def _full(
        self, visual_q: Tensor, audio_q: Tensor, visual_kv: Tensor, audio_kv: Tensor
    ) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        visual_q = self.AVInter(visual_q, audio_q)
        audio_q = self.VAInter(audio_q, visual_q)
        heard, seen = self.audio_gated(audio_kv), self.visual_gated(visual_kv)
        v, a = self._gated(visual_q, heard), self._gated(audio_q, seen)
        unimodal = (top_mean(self.visual_cas(v)) + top_mean(self.audio_cas(a))).softmax(-1)
        fused, gate, multimodal = self._fuse(visual_q, audio_q)
        extra = {
            "unimodal_gates": (heard + seen).squeeze(-1),
            "unimodal_scores": unimodal,
            "multimodal_gates": gate.squeeze(-1),
            "multimodal_scores": multimodal,
        }
        relevance = self.localize_module["classifier"](fused).squeeze(-1)
        return relevance, self.localize_module["event_classifier"](fused.amax(1)), extra

    def _weak(self, visual_q: Tensor, audio_q: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """Gates come from the decoders before their interaction, and cross."""
        by_sight, by_sound = self.audio_gated(visual_q), self.visual_gated(audio_q)
        v, a = self._gated(visual_q, by_sight), self._gated(audio_q, by_sound)
        scores = top_mean(self.visual_cas(v)) * top_mean(self.audio_cas(a))
        unimodal_gate = torch.sigmoid(by_sight * by_sound)
        visual_q = self.AVInter(visual_q, audio_q)
        audio_q = self.VAInter(audio_q, visual_q)
        fused, gate, multimodal = self._fuse(visual_q, audio_q)
        relevance = self.localize_module["classifier"](fused).squeeze(-1)
        classes = self.localize_module["event_classifier"](fused.amax(1))
        events = (torch.sigmoid(relevance)[..., None] * classes[:, None]).amax(1).softmax(-1)
        extra = {
            "events": events,
            "gates": (unimodal_gate * gate).squeeze(-1),
            "gate_scores": scores.softmax(-1) * multimodal,
        }
        return relevance, (events + extra["gate_scores"]).log(), extra

    def _gated(self, x: Tensor, gate: Tensor) -> Tensor:
        return (1 - self.config.alpha) * x + self.config.alpha * gate * x

    def _fuse(self, visual_q: Tensor, audio_q: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        gate = self.global_av_gate(torch.cat([visual_q, audio_q], -1))
        fused = gate * visual_q + (1 - gate) * audio_q
        return fused, gate, top_mean(self.global_gate_cas(fused)).softmax(-1)

    def _attend_to_self(self, visual_map: Tensor, audio: Tensor) -> tuple[Tensor, Tensor]:
        """The map and the sound after their first self-attention.

        The released attentions take the first axis for the sequence: segments of the whole batch
        for the map (positions apart), videos of the batch for the sound (seconds apart).
        """
        sight = visual_map.flatten(0, 1)  # (B * T, P, C)
        legacy = self.config.mixing == "legacy"
        sight = _self_attended(sight, self.visual_self_attention, self.self_att_visual_norm, legacy)
        sound = _self_attended(audio, self.audio_self_attention, self.self_att_audio_norm, legacy)
        return self.self_att_visual_mlp(sight).view_as(visual_map), self.self_att_audio_mlp(sound)


def _self_attended(
    x: Tensor, attention: nn.MultiheadAttention, norm: nn.LayerNorm, legacy: bool
) -> Tensor:
    """`LN(x' + MHA(x'))` with x' = LN x: one norm, used twice."""
    x = norm(x)
    sequence = x if legacy else x.transpose(0, 1)
    mixed, _ = attention(sequence, sequence, sequence, need_weights=False)
    return norm(x + (mixed if legacy else mixed.transpose(0, 1)))  # type: ignore[no-any-return]


def top_mean(scores: Tensor) -> Tensor:
    """Mean (B, K) of each class's highest scores over time (B, T, K)."""
    return scores.topk(min(TOP_SEGMENTS, scores.shape[1]), dim=1).values.mean(1)


def _mlp(size: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(size, size), nn.ReLU(), nn.Dropout(0.2))


class ChannelGate(nn.Module):
    """Of what sight and sound have in common over the map, by channel."""

    def __init__(self, channels: int, audio_dim: int) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.full((2,), 0.5))
        self.affine_visual_channel = nn.Linear(channels, channels)
        self.affine_audio_channel = nn.Linear(audio_dim, channels)
        self.affine_channel_bottleneck = nn.Linear(2 * channels, DIM)
        self.affine_channel_att = nn.Linear(DIM, channels)

    def gate(self, sight: Tensor, sound: Tensor) -> Tensor:
        """Gate (B, T, C) in (0, 1) of a map (B, T, P, C) and sound (B, T, D)."""
        heard = self.affine_audio_channel(sound).relu().unsqueeze(2)
        joint = _mean_and_max(self.affine_visual_channel(sight).relu() * heard)
        hidden = self.affine_channel_bottleneck(joint).relu()
        return torch.sigmoid(self.affine_channel_att(hidden))


class SightFromSound(ChannelGate):
    """The map's vector from two attentions, one by what is seen at large, one by the sound."""

    def __init__(self, channels: int, audio_dim: int) -> None:
        super().__init__(channels, audio_dim)
        self.affine_visual_v1 = nn.Linear(2 * channels, DIM)
        self.affine_visual_v2 = nn.Linear(channels, DIM)
        self.affine_v_s_att = nn.Linear(DIM, 1)
        self.affine_visual_v3 = nn.Linear(channels, DIM)
        self.affine_audio_a1 = nn.Linear(audio_dim, DIM)
        self.affine_a_s_att = nn.Linear(DIM, 1)

    def forward(self, sight: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, T, P, C) and sound (B, T, D) to (B, T, C), and the sound's weights (B, T, P)."""
        gated = sight * (1 + self.gate(sight, sound).unsqueeze(2))
        by_sight = self.affine_visual_v1(_mean_and_max(gated)).relu().unsqueeze(2)
        by_sight = self.affine_visual_v2(sight).relu() * by_sight
        by_sound = self.affine_audio_a1(sound).relu().unsqueeze(2)
        by_sound = self.affine_visual_v3(gated).relu() * by_sound
        seen, heard = (
            torch.tanh(score(keys)).squeeze(-1).softmax(-1)
            for score, keys in ((self.affine_v_s_att, by_sight), (self.affine_a_s_att, by_sound))
        )
        both = torch.einsum("nbtp,btpc->nbtc", torch.stack([seen, heard]), gated)
        first, second = both.unbind()
        first_more = self.beta[0] * torch.sigmoid(second) * first
        second_more = self.beta[1] * torch.sigmoid(first) * second
        return first + first_more + second + second_more, heard


class SoundFromSight(ChannelGate):
    """The sound's channels gated by the map: `2 a + (beta0 + beta1) sigmoid(a) a`."""

    def forward(self, sight: Tensor, sound: Tensor) -> Tensor:
        """Map (B, T, P, C) and sound (B, T, D) to (B, T, C)."""
        gate = self.gate(sight, sound)
        a = self.affine_audio_channel(sound).relu() * (1 + gate)
        return 2 * a + self.beta.sum() * torch.sigmoid(a) * a  # type: ignore[no-any-return]


def _mean_and_max(x: Tensor) -> Tensor:
    return torch.cat([x.mean(2), x.amax(2)], -1)


class _Recurrent(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.audio_rnn, self.visual_rnn = (
            nn.LSTM(channels, channels // 2, batch_first=True, bidirectional=True) for _ in range(2)
        )

    def forward(self, heard: Tensor, seen: Tensor) -> tuple[Tensor, Tensor]:
        return self.audio_rnn(heard)[0], self.visual_rnn(seen)[0]


class _Gate(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(DIM, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.fc(x))


class _JointGate(nn.Module):
    """Of both sequences; the released weak form is built for one and cannot run."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(2 * DIM, DIM), nn.Linear(DIM, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.fc2(self.fc1(x).relu()))


_UNUSED = re.compile(
    r"^(v_fc|visual_norm|audio_norm)\.|"
    r"^audio_spatial_channel_att\.affine_(audio_a\d|a_s_att|visual_v1|v_s_att)\."
)


def published_tensors(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A published state dict without the tensors that no output depends on."""
    return {name: t for name, t in without_dead(tensors).items() if not _UNUSED.match(name)}
