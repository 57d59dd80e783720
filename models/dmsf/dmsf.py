"""DMSF: AGVA alignment, SNS per modality, CIC across, and two branches that learn together."""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.models.attention import AudioGuidedAttention
from avel.models.dmsf.cic import CIC, Concatenation
from avel.models.dmsf.sns import SNS, SNSConfig
from avel.models.output import MASKED, Branch, LocalizationOutput, Visual, odds_of_event

Modalities = Literal["both", "audio", "visual"]


@dataclass(frozen=True)
class DMSFConfig:
    """Every choice of reference section 3.8.2; sizes are set for the tiny features."""

    num_classes: int = 28
    """K, without background."""
    supervision: Literal["full", "weak"] = "full"
    """Weak heads have one class more: background, last."""
    audio_dim: int = 128
    """D, values of the encoder's vector of a segment's sound."""
    visual_dim: int = 128
    """D, values of the encoder's vector of a segment's picture."""
    map_channels: int = 512
    """C, values at each position of the encoder's map of a picture."""
    d_model: int = 128
    """Width of the streams, in values of a segment; a multiple of `heads`."""
    projection: bool = True
    """Whether layers of their own bring the encoder's vectors to `d_model`. Without, the streams
    are those vectors, normed, and `d_model` is their width; the map, whose width is another, has a
    layer in either case."""
    heads: int = 8
    """Number of heads of every attention in SNS and CIC."""
    agva_hidden: int = 128
    """Units of AGVA's first layers, of the map and of the sound."""
    agva_projection: int = 49
    """Units in which AGVA compares map and sound."""
    dropout: float = 0.1
    """Share of values that SNS and CIC drop in training."""
    feature_dropout: float = 0.2
    """Share of the encoder's features that is dropped in training, before anything else."""
    bidirectional: bool = True
    """Whether Mamba also reads time backwards, and both readings are averaged."""
    agreement: bool = False
    """Whether the streams see where the encoder's sight and sound agree: the product of both
    vectors in its joint space. Needs vectors of one length, as AudioCLIP's are."""
    modalities: Modalities = "both"
    """`audio` and `visual` blind the model to the other modality, for comparison."""
    alignment: Literal["agva", "mean"] = "agva"
    """What makes one vector of the map: attention guided by the sound, or the mean."""
    mamba: bool = True
    """Whether SNS has its Mamba, which weighs segments by recency."""
    attention: bool = True
    """Whether SNS has its attention over all segments."""
    gate: bool = True
    """Whether a gate says how much of the attention is added; without it, all of it is."""
    fusion: Literal["cic", "concatenation"] = "cic"
    """What joins the modalities: attention across them (CIC), or both side by side."""
    prediction: Literal["post", "pre"] = "post"
    """Which branch answers: after fusion (C) or before it (S)."""
    head: Literal["pooled", "linear"] = "pooled"
    """What ends each branch: `Head`, or `LinearHead`, which needs labels of segments."""

    def __post_init__(self) -> None:
        if self.d_model % self.heads:
            raise ValueError(f"d_model ({self.d_model}) must be a multiple of heads ({self.heads})")
        if self.agreement and self.audio_dim != self.visual_dim:
            raise ValueError(
                f"agreement compares sight and sound in one space, but visual_dim is "
                f"{self.visual_dim} and audio_dim {self.audio_dim}; use agreement=false"
            )
        widths = (self.audio_dim, self.visual_dim)
        if not self.projection and widths != (self.d_model, self.d_model):
            raise ValueError(
                f"projection=false makes streams of the encoder's own width, but d_model is "
                f"{self.d_model}, audio_dim {self.audio_dim} and visual_dim {self.visual_dim}; "
                "make d_model that width, or use projection=true"
            )
        if self.head == "linear" and self.supervision == "weak":
            raise ValueError(
                "head 'linear' learns from labels of segments, which weak supervision does not "
                "have; use head=pooled"
            )
        for name, allowed in (
            ("alignment", ("agva", "mean")),
            ("fusion", ("cic", "concatenation")),
            ("prediction", ("post", "pre")),
            ("head", ("pooled", "linear")),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} '{getattr(self, name)}' is none of {', '.join(allowed)}")


class DMSF(nn.Module):
    """Dual-Modal Synesthesia Framework.

    Source: DMSF (2025), whose code was never published; concretized in reference section 3.8.2.
    Branch `S` predicts before fusion, from SNS; branch `C` after it, from CIC, and is the answer.
    """

    mixes_videos = False

    def __init__(self, config: DMSFConfig) -> None:
        super().__init__()
        self.config = c = config
        self.agva: AudioGuidedAttention | None = None
        if c.alignment == "agva":
            self.agva = AudioGuidedAttention(
                c.map_channels, c.audio_dim, c.agva_hidden, c.agva_projection
            )
        self.norm_map = nn.LayerNorm(c.map_channels)
        self.map_in = nn.Linear(c.map_channels, c.d_model)
        self.visual_in, self.audio_in = (
            _entry(width, c.d_model, projection=c.projection)
            for width in (c.visual_dim, c.audio_dim)
        )
        self.agreement_in: nn.Linear | None = None
        if c.agreement and c.modalities == "both":
            self.agreement_in = nn.Linear(c.audio_dim, c.d_model)
        self.feature_dropout = nn.Dropout(c.feature_dropout)
        self.visual_sns, self.audio_sns = SNS(_sns(c)), SNS(_sns(c))
        self.cic: CIC | Concatenation = (
            CIC(c.d_model, c.heads, c.dropout)
            if c.fusion == "cic"
            else Concatenation(c.d_model, c.dropout)
        )
        self.heads = nn.ModuleDict({name: _head(c) for name in ("S", "C")})

    def forward(self, audio: Tensor, visual: Visual, mask: Tensor) -> LocalizationOutput:
        """Localize events in windows of segments.

        Args:
            audio: (B, T, audio_dim).
            visual: map (B, T, P, map_channels) and embedding (B, T, visual_dim).
            mask: Bool (B, T), true where there is a segment; padding comes last.
        """
        v, a, weights = self._streams(audio, visual)
        padding = ~mask
        v_s, a_s = self.visual_sns(v, padding), self.audio_sns(a, padding)
        v_c, a_c, attention = self.cic(v_s, a_s, padding)
        branches = {"S": self.heads["S"](v_s, a_s, mask), "C": self.heads["C"](v_c, a_c, mask)}
        relevance, classes = branches["C" if self.config.prediction == "post" else "S"]
        return LocalizationOutput(relevance, classes, branches, {"agva": weights, **attention})

    def _streams(self, audio: Tensor, visual: Visual) -> tuple[Tensor, Tensor, Tensor]:
        """What enters SNS: sight and sound (B, T, d_model), and AGVA's weights (B, T, P)."""
        if self.config.modalities == "visual":
            audio = torch.zeros_like(audio)
        attended, weights = self._align(visual.map.float(), audio)
        v = self.map_in(self.norm_map(attended)) + self.visual_in(
            self.feature_dropout(visual.embedding)
        )
        a = self.audio_in(self.feature_dropout(audio))
        if self.config.modalities == "audio":
            v = torch.zeros_like(v)
        if self.agreement_in is not None:
            shared = self.agreement_in(agreement(visual.embedding, audio))
            v, a = v + shared, a + shared
        return v, a, weights

    def _align(self, visual_map: Tensor, audio: Tensor) -> tuple[Tensor, Tensor]:
        """One vector (B, T, C) of each map, and the weights (B, T, P) of its positions."""
        if self.agva is not None:
            return self.agva(visual_map, audio)  # type: ignore[no-any-return]
        weights = visual_map.new_full(visual_map.shape[:-1], 1 / visual_map.shape[2])
        return visual_map.mean(2), weights


def _entry(width: int, d_model: int, *, projection: bool) -> nn.Module:
    """How one of the encoder's vectors (..., width) becomes (..., d_model)."""
    norm = nn.LayerNorm(width)
    return nn.Sequential(norm, nn.Linear(width, d_model)) if projection else norm


def _sns(config: DMSFConfig) -> SNSConfig:
    return SNSConfig(
        config.d_model,
        config.heads,
        config.dropout,
        bidirectional=config.bidirectional,
        mamba=config.mamba,
        attention=config.attention,
        gate=config.gate,
    )


def _head(config: DMSFConfig) -> "Head | LinearHead":
    if config.head == "linear":
        return LinearHead(config.d_model, config.num_classes)
    return Head(config.d_model, config.num_classes + (config.supervision == "weak"))


def agreement(visual: Tensor, audio: Tensor) -> Tensor:
    """Product (B, T, D) of the unit vectors of sight and sound; its mean is their cosine.

    No gradient: adapters learn the few labels by heart where they are taught through this product.
    """
    v, a = (functional.normalize(x.detach(), dim=-1) for x in (visual, audio))
    return v * a * audio.shape[-1]


class Head(nn.Module):
    """Relevance of each segment, and the class of the video from its most relevant segments.

    Reference section 3.8.2, decoupled head: `r_t = Lin m_t`, `c = Lin max_t m`. Ours differs: the
    product of the two streams joins their mean, since agreement is what makes an event, and
    segments enter the maximum as far as they are relevant, since a distractor outside the
    event is no evidence for the video's class.
    """

    def __init__(self, d_model: int, num_outputs: int) -> None:
        super().__init__()
        self.relevance = nn.Linear(2 * d_model, 1)
        self.classes = nn.Linear(2 * d_model, num_outputs)

    def forward(self, visual: Tensor, audio: Tensor, mask: Tensor) -> Branch:
        """Logits of a branch's two streams.

        Args:
            visual: (B, T, D).
            audio: (B, T, D).
            mask: Bool (B, T); segments that do not exist have relevance MASKED and no say in the
                classes (B, K).
        """
        m = torch.cat([(visual + audio) / 2, visual * audio], -1)
        relevance = self.relevance(m).squeeze(-1).masked_fill(~mask, MASKED)
        weighted = m * torch.sigmoid(relevance.detach()).unsqueeze(-1)
        pooled = weighted.masked_fill(~mask.unsqueeze(-1), float("-inf")).amax(1)
        return Branch(relevance, self.classes(pooled))


class LinearHead(nn.Module):
    """K classes and background of each segment, `Lin v_t + Lin a_t`, and nothing else.

    Source: DMSF (2025), "v^C and a^C pass through a linear transformation to predict events";
    the segment-wise alternative of reference section 3.8.2.
    """

    def __init__(self, d_model: int, num_classes: int) -> None:
        super().__init__()
        self.visual, self.audio = (nn.Linear(d_model, num_classes + 1) for _ in range(2))

    def forward(self, visual: Tensor, audio: Tensor, mask: Tensor) -> Branch:
        """Relevance (B, T), the odds of any class, and class logits of each segment (B, T, K).

        Args:
            visual: (B, T, D).
            audio: (B, T, D).
            mask: Bool (B, T).
        """
        scores = self.visual(visual) + self.audio(audio)
        return Branch(odds_of_event(scores, mask), scores[..., :-1])
