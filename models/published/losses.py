"""Losses of AV_att, DMRN, DMIN and MAGAN as their authors trained them, and corrected.

Reference sections 2.1, 2.3, 2.6 and 2.8. Several published ones squash twice: probabilities enter a
loss that expects logits, whose gradient vanishes once the softmax is sure. Where much is background
a model then answers background for ever. The `corrected` ones are the likelihoods that were meant.
Ours differs where a video has no event segment: the published label reader then calls its class 0,
ours keeps the annotated one. Videos that were mixed of two (`Targets.others`) need losses with two
labels: the published ones have one.

Shapes are those of `LocalizationOutput` and `Targets`: relevance and segment labels (B, T), classes
(B, K) or (B, K + 1), segment scores (B, T, K + 1), video labels (B,). Each loss is a scalar.
"""

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.functional import binary_cross_entropy_with_logits, multilabel_soft_margin_loss

from avel.models.losses import Targets
from avel.models.output import LocalizationOutput

VISUAL_SHARE = 0.08
"""Of the visual branch in DMIN's weak loss; the rest is the joint one's."""


def av_att_full(output: LocalizationOutput, targets: Targets, _: float) -> Tensor:
    """MultiLabelSoftMargin of each segment's softmax (B, T, K + 1) against its one-hot label."""
    probabilities = output.extra["scores"].softmax(-1)
    hot = functional.one_hot(targets.segments, probabilities.shape[-1]).float()
    return multilabel_soft_margin_loss(probabilities.flatten(0, 1), hot.flatten(0, 1))


def av_att_weak(output: LocalizationOutput, targets: Targets, _: float) -> Tensor:
    """MultiLabelSoftMargin of the softmax (B, K + 1) of each class's highest score over time."""
    pooled = output.extra["scores"].amax(1).softmax(-1)
    return multilabel_soft_margin_loss(pooled, targets.labels(pooled.shape[-1]))


def dmin_full(output: LocalizationOutput, targets: Targets, _: float) -> Tensor:
    """`BCE(r) + 0.9 CE(c) + 0.1 CE(u)`; u (B, K) is the visual encoder's own class."""
    event = _event(targets, output.classes.shape[-1])
    classes = functional.cross_entropy(output.classes, targets.videos)
    visual = functional.cross_entropy(output.extra["visual_classes"], targets.videos)
    return binary_cross_entropy_with_logits(output.relevance, event) + 0.9 * classes + 0.1 * visual


def dmin_weak(output: LocalizationOutput, targets: Targets, _: float) -> Tensor:
    """`0.92 MLSM(e) + 0.08 MLSM(e')`, e (B, K + 1) the softmax of `max_t sigmoid(r_t) c`."""
    extra, labels = output.extra, targets.labels(output.classes.shape[-1])
    joint = multilabel_soft_margin_loss(gated_events(output.relevance, output.classes), labels)
    seen = gated_events(extra["visual_relevance"], extra["visual_classes"])
    visual = multilabel_soft_margin_loss(seen, labels)
    return (1 - VISUAL_SHARE) * joint + VISUAL_SHARE * visual


def gated_events(relevance: Tensor, classes: Tensor) -> Tensor:
    """Video probabilities (B, K + 1): softmax of the highest `sigmoid(r_t) c` over time."""
    return (torch.sigmoid(relevance)[..., None] * classes[:, None]).amax(1).softmax(-1)


def magan_full(output: LocalizationOutput, targets: Targets, _: float) -> Tensor:
    """`BCE(r) + CE(c)` and half as much of the gates (B, T) and of their classes (B, K)."""
    extra, event = output.extra, _event(targets, output.classes.shape[-1])
    kinds = ("unimodal", "multimodal")
    gates = sum(binary_cross_entropy_with_logits(extra[f"{k}_gates"], event) for k in kinds)
    scores = sum(functional.cross_entropy(extra[f"{k}_scores"], targets.videos) for k in kinds)
    main = binary_cross_entropy_with_logits(output.relevance, event)
    return main + functional.cross_entropy(output.classes, targets.videos) + (gates + scores) / 2


def magan_weak(output: LocalizationOutput, targets: Targets, _: float) -> Tensor:
    """MultiLabelSoftMargin of the events' softmax and of the gates' scores, both (B, K + 1)."""
    labels = targets.labels(output.classes.shape[-1])
    events = multilabel_soft_margin_loss(output.extra["events"], labels)
    return events + multilabel_soft_margin_loss(output.extra["gate_scores"], labels)


def av_att_full_corrected(output: LocalizationOutput, targets: Targets, _: float) -> Tensor:
    """Cross entropy of each segment's scores (B, T, K + 1)."""
    return functional.cross_entropy(output.extra["scores"].transpose(1, 2), targets.segments)


def av_att_weak_corrected(output: LocalizationOutput, targets: Targets, _: float) -> Tensor:
    """Cross entropy of each class's highest score over time (B, K + 1)."""
    return functional.cross_entropy(output.extra["scores"].amax(1), targets.videos)


def dmin_weak_corrected(output: LocalizationOutput, targets: Targets, _: float) -> Tensor:
    """Negative logarithm of the probabilities (B, K + 1) that `dmin_weak` squashes again."""
    extra, K = output.extra, targets.videos
    joint = gated_events(output.relevance, output.classes)
    seen = gated_events(extra["visual_relevance"], extra["visual_classes"])
    return (1 - VISUAL_SHARE) * _likelihood(joint, K) + VISUAL_SHARE * _likelihood(seen, K)


def magan_full_corrected(output: LocalizationOutput, targets: Targets, _: float) -> Tensor:
    """As `magan_full`, but gates (B, T) and their classes (B, K) are taken as probabilities.

    That is what they are. The unimodal gate is a sum of two and is halved.
    """
    extra, event = output.extra, _event(targets, output.classes.shape[-1])
    gates = (extra["unimodal_gates"] / 2, extra["multimodal_gates"])
    scores = (extra["unimodal_scores"], extra["multimodal_scores"])
    opened = sum(functional.binary_cross_entropy(gate.float(), event) for gate in gates)
    named = sum(_likelihood(score, targets.videos) for score in scores)
    main = binary_cross_entropy_with_logits(output.relevance, event)
    return main + functional.cross_entropy(output.classes, targets.videos) + (opened + named) / 2


def magan_weak_corrected(output: LocalizationOutput, targets: Targets, _: float) -> Tensor:
    """Negative logarithms of the events' softmax and of the gates' shares, both (B, K + 1)."""
    gates = output.extra["gate_scores"]
    shares = gates / gates.sum(1, keepdim=True)
    return _likelihood(output.extra["events"], targets.videos) + _likelihood(shares, targets.videos)


def _likelihood(probabilities: Tensor, labels: Tensor) -> Tensor:
    return functional.nll_loss(probabilities.clamp_min(1e-8).log(), labels)


def _event(targets: Targets, background: int) -> Tensor:
    return ((targets.segments != background) & targets.mask).float()
