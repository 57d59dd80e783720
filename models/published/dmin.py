"""DMIN: triplet attention, dense attention between modalities, and a visual branch that learns too.

Source: DMIN, "Dense Modality Interaction Network", IEEE TMM 2022, under the released code's
parameter names; reference sections 2.6 and 2.7 (DCMR, for cross-modality localization).
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.models.output import MASKED, LocalizationOutput, Visual
from avel.models.published.interaction import DIM, Decoder, Encoder, Interaction

FACTOR = 5
"""Channels of the bilinear branch that are summed into one."""


@dataclass(frozen=True)
class DMINConfig:
    """Sizes and setting; the defaults are the released ones."""

    num_classes: int = 28
    """K, without background."""
    supervision: Literal["full", "weak"] = "full"
    """Labels of every segment, or of whole videos, as the experiment's."""
    audio_dim: int = 128
    """D, values of the encoder's vector of a segment's sound."""
    map_channels: int = 512
    """C, values at each position of the encoder's map of a picture."""
    decoder_dropout: float | None = None
    """Share of values that the decoders drop in training; None: the released one, 0.02 fully and
    0.1 weakly supervised."""


class DMIN(nn.Module):
    """Relevance of segments and classes of videos from both modalities.

    `extra` has the visual encoder's own `visual_classes` and, weakly supervised,
    `visual_relevance`.
    """

    mixes_videos = False

    def __init__(self, config: DMINConfig) -> None:
        super().__init__()
        self.config = c = config
        weak = c.supervision == "weak"
        self.v_fc = nn.Linear(c.map_channels, c.map_channels)
        self.spatial_channel_att = TripletAttention(c.map_channels, c.audio_dim)
        released = 0.1 if weak else 0.02
        dropout = released if c.decoder_dropout is None else c.decoder_dropout
        self.video_encoder = Encoder(c.map_channels, 2048)
        self.audio_encoder = Encoder(c.audio_dim, 2048)
        self.video_decoder = Decoder(c.map_channels, 2048, dropout, dense=True)
        self.audio_decoder = Decoder(c.audio_dim, 2048, dropout, dense=True)
        self.AVInter = Interaction(2 if weak else 4, 0.1, "video_multihead")
        self.localize_module = _Heads(c.num_classes + weak, weak)
        self.dropout = nn.Dropout(0.2)

    def forward(self, audio: Tensor, visual: Visual, mask: Tensor) -> LocalizationOutput:
        """Localize events in windows (B, T, ...) of segments; see `DMSF.forward` for the shapes.

        The published model knows no mask: segments that do not exist enter as zeros.
        """
        features = self.dropout(self.v_fc(visual.map.float()).relu())
        attended, weights = self.spatial_channel_att(features, audio)
        visual_memory, seen, heard = self.decode(audio, attended)
        relevance, classes, extra = self.localize_module(self.AVInter(seen, heard), visual_memory)
        relevance = relevance.masked_fill(~mask, MASKED)
        return LocalizationOutput(relevance, classes, {}, {"agva": weights}, extra)

    def decode(self, audio: Tensor, visual: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Visual encoder's sequence, and both decoders' (B, T, 256), of vectors (B, T, D)."""
        visual_memory, audio_memory = self.video_encoder(visual), self.audio_encoder(audio)
        heard = self.audio_decoder(audio, visual_memory)
        seen = self.video_decoder(visual, audio_memory)
        return visual_memory, seen, heard


class _Heads(nn.Module):
    def __init__(self, outputs: int, weak: bool) -> None:
        super().__init__()
        self.classifier = nn.Linear(DIM, 1)
        self.event_classifier = nn.Linear(DIM, outputs)
        self.event_self = nn.Linear(DIM, outputs)
        self.classifier_self = nn.Linear(DIM, 1) if weak else None

    def forward(self, fused: Tensor, visual: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        extra = {"visual_classes": self.event_self(visual.amax(1))}
        if self.classifier_self is not None:
            extra["visual_relevance"] = self.classifier_self(visual).squeeze(-1)
        relevance = self.classifier(fused).squeeze(-1)
        return relevance, self.event_classifier(fused.amax(1)), extra


class TripletAttention(nn.Module):
    """AGTA: channel gate, bilinear and temporal attention, one weight per position."""

    def __init__(self, channels: int, audio_dim: int) -> None:
        super().__init__()
        self.affine_video_1, self.affine_audio_1 = (
            nn.Linear(size, channels) for size in (channels, audio_dim)
        )
        self.affine_bottleneck = nn.Linear(channels, DIM)
        self.affine_v_c_att = nn.Linear(DIM, channels)
        self.affine_video_2, self.affine_audio_2 = (
            nn.Linear(size, FACTOR * DIM) for size in (channels, audio_dim)
        )
        self.affine_v_s_att = nn.Linear(DIM, 1)
        self.Linear_visual, self.Linear_audio = (
            nn.Linear(size, DIM) for size in (channels, audio_dim)
        )
        self.lstm = nn.LSTM(2 * DIM, DIM // 2, 2, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(0.1)

    def forward(self, visual_map: Tensor, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Map (B, T, P, C) to its attended vector (B, T, C) and the weights (B, T, P)."""
        gated = self._gate_channels(visual_map, audio)
        scores = torch.tanh(
            self.affine_v_s_att(self._bilinear(gated, audio) + self._over_time(gated, audio))
        )
        weights = scores.squeeze(-1).softmax(-1)
        return torch.einsum("btp,btpc->btc", weights, gated), weights

    def _gate_channels(self, visual_map: Tensor, audio: Tensor) -> Tensor:
        heard = self.affine_audio_1(audio).relu().unsqueeze(2)
        joint = (self.affine_video_1(visual_map).relu() * heard).mean(2)
        gate = torch.sigmoid(self.affine_v_c_att(self.affine_bottleneck(joint).relu()))
        return visual_map * (1 + gate.unsqueeze(2))

    def _bilinear(self, gated: Tensor, audio: Tensor) -> Tensor:
        """(B, T, P, 256), normalised; the signed root's gradient at 0 is 0."""
        heard = self.affine_audio_2(audio).relu().unsqueeze(2)
        joint = self.dropout(self.affine_video_2(gated).relu() * heard)
        summed = joint.unflatten(-1, (DIM, FACTOR)).sum(-1)
        root = _root(summed.relu()) - _root((-summed).relu())
        return functional.normalize(root, dim=-1, eps=1e-12)

    def _over_time(self, gated: Tensor, audio: Tensor) -> Tensor:
        """One LSTM over time for every position (B, T, P, 256), all positions in one batch."""
        B, T, P, _ = gated.shape
        heard = self.Linear_audio(audio).relu().unsqueeze(2).expand(B, T, P, DIM)
        seen = self.Linear_visual(gated).relu() + heard
        sequence = torch.cat([seen, heard], -1).transpose(1, 2).reshape(B * P, T, 2 * DIM)
        states, _ = self.lstm(sequence)
        return states.view(B, P, T, DIM).transpose(1, 2)  # type: ignore[no-any-return]


def _root(x: Tensor) -> Tensor:
    """Square root of values from 0 up, with gradient 0 at 0."""
    positive = x > 0
    return torch.where(positive, torch.where(positive, x, 1).sqrt(), 0)


@dataclass(frozen=True)
class DCMRConfig(DMINConfig):
    """DMIN's sizes, and which modality asks; the released code trains one model for each."""

    query: Literal["audio", "visual"] = "audio"
    """Which modality asks; its event is searched for in the other one."""

    def __post_init__(self) -> None:
        if self.query not in ("audio", "visual"):
            raise ValueError(f"query '{self.query}' must be audio or visual")


class DCMR(DMIN):
    """Cross-modality localization with DMIN's encoders and decoders. Reference section 2.7."""

    config: DCMRConfig

    def loss(self, audio: Tensor, visual: Tensor, events: Tensor) -> Tensor:
        """BCE () of the searched segments' relevance (B, T); see `CMM.windows` for the shapes."""
        relevance = matched_relevance(self, audio, visual, events, self.config.query)
        return functional.binary_cross_entropy_with_logits(relevance, events.float())

    def windows(self, audio: Tensor, visual: Tensor, events: Tensor) -> dict[str, Tensor]:
        """As `CMM.windows`: the summed relevance (B, T), of this model's one direction."""
        relevance = matched_relevance(self, audio, visual, events, self.config.query)
        T, length = events.shape[1], events.sum(1, keepdim=True)
        total = functional.pad(relevance.cumsum(1), (1, 0))
        start = torch.arange(T, device=relevance.device).expand_as(relevance)
        sums = total.gather(1, (start + length).clamp_max(T)) - total.gather(1, start)
        sums = sums.masked_fill(start > T - length, float("-inf"))
        return {"a2v" if self.config.query == "audio" else "v2a": sums}


def matched_relevance(
    model: DMIN, audio: Tensor, visual: Tensor, events: Tensor, query: Literal["audio", "visual"]
) -> Tensor:
    """DCMR: relevance logits (B, T) of each segment of the searched modality.

    Args:
        model: Trained for this direction; its attention on maps and its event heads are not used.
        audio: (B, T, audio_dim).
        visual: Pooled map (B, T, map_channels).
        events: Bool (B, T); the segments of the query, which the task gives.
        query: The modality that asks.

    The query's decoded segments give one scalar each; windows of the other modality's rows are
    multiplied by them, in order and in place, so that overlapping windows compound.

    Raises:
        ValueError: a sample without a query segment.
    """
    if not events.any(1).all():
        rows = (~events.any(1)).nonzero()[:, 0].tolist()
        raise ValueError(f"samples {rows} have no query segment; leave them out")
    _, seen, heard = model.decode(audio, visual)
    asking, searched = (heard, seen) if query == "audio" else (seen, heard)
    factors = compounded(asking.mean(-1), events)
    return model.localize_module.classifier(searched * factors.unsqueeze(-1)).squeeze(-1)  # type: ignore[no-any-return]


def compounded(scalars: Tensor, events: Tensor) -> Tensor:
    """Factor (B, T) of each searched row: what all windows over it multiply it by, one by one.

    The window that starts at k multiplies row k + i by the query's i-th scalar. So row r gets the
    product of a run of scalars: those i for which a window r - i fits.

    Args:
        scalars: One for each segment of the asking modality (B, T).
        events: Bool (B, T), the query, one run per video.
    """
    T = events.shape[1]
    t = torch.arange(T, device=events.device)
    start, length = events.int().argmax(1, keepdim=True), events.sum(1, keepdim=True)
    asked = scalars.gather(1, (start + t).clamp_max(T - 1))  # (B, i)
    k = t[:, None] - t  # (r, i)
    fits = (t < length).unsqueeze(1) & (k >= 0) & (k <= (T - length).unsqueeze(-1))
    return torch.where(fits, asked.unsqueeze(1), 1).prod(-1)
