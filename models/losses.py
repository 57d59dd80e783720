"""Losses of DMSF under full and weak supervision. Reference section 3.8.2."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from avel.models.output import Branch, LocalizationOutput
from torch import Tensor
from torch.nn import functional

TEMPERATURE = 2.0
"""Of the class distributions that the branches learn from each other."""
TOP_SEGMENTS = 4
"""Segments whose mean stands for the video under weak supervision."""


class Targets(NamedTuple):
    """Labels of a batch: `segments` (B, T) and `videos` (B,), background is index K."""

    segments: Tensor
    videos: Tensor
    mask: Tensor


def full_loss(output: LocalizationOutput, targets: Targets, mutual_weight: float) -> Tensor:
    """Sum over branches of BCE(relevance) + CE(class), plus mutual learning.

    A video without any event segment teaches relevance only.
    """
    background = output.classes.shape[-1]
    event = (targets.segments != background) & targets.mask
    has_event = event.any(1)
    losses = []
    for branch in output.branches.values():
        relevance = functional.binary_cross_entropy_with_logits(
            branch.relevance[targets.mask], event[targets.mask].float()
        )
        classes = branch.classes[has_event], targets.videos[has_event]
        losses.append(relevance + (functional.cross_entropy(*classes) if has_event.any() else 0))
    return torch.stack(losses).sum() + mutual_weight * mutual_loss(output.branches, targets.mask)


def weak_loss(output: LocalizationOutput, targets: Targets, mutual_weight: float) -> Tensor:
    """Sum over branches of CE between pooled segment scores and the video's label, plus mutual.

    Multiple-instance learning: the video's logits are the mean of its top segments' gated class
    logits `sigmoid(r_t) c`. Background-only videos have label K.
    """
    losses = [
        functional.cross_entropy(video_logits(branch, targets.mask), targets.videos)
        for branch in output.branches.values()
    ]
    return torch.stack(losses).sum() + mutual_weight * mutual_loss(output.branches, targets.mask)


def video_logits(branch: Branch, mask: Tensor) -> Tensor:
    """Logits of the whole video (B, K + 1) from gated segment logits."""
    gated = torch.sigmoid(branch.relevance).unsqueeze(-1) * branch.classes.unsqueeze(1)
    absent = ~mask.unsqueeze(-1)
    top = gated.masked_fill(absent, float("-inf")).topk(min(TOP_SEGMENTS, gated.shape[1]), dim=1)
    exists = top.values.isfinite()
    return torch.where(exists, top.values, 0).sum(1) / exists.sum(1).clamp_min(1)


def mutual_loss(branches: Mapping[str, Branch], mask: Tensor) -> Tensor:
    """Symmetric KL between the branches, each learning from the other held fixed.

    Classes at temperature 2 (times 4, so that gradients keep their size), relevance as Bernoulli.
    """
    s, c = branches["S"], branches["C"]
    total = (
        _class_kl(c, s) + _class_kl(s, c) + _bernoulli_kl(c, s, mask) + _bernoulli_kl(s, c, mask)
    )
    return total / 2


def _class_kl(teacher: Branch, student: Branch) -> Tensor:
    fixed = (teacher.classes.detach() / TEMPERATURE).log_softmax(-1)
    learning = (student.classes / TEMPERATURE).log_softmax(-1)
    kl = functional.kl_div(learning, fixed, log_target=True, reduction="batchmean")
    return kl * TEMPERATURE**2


def _bernoulli_kl(teacher: Branch, student: Branch, mask: Tensor) -> Tensor:
    p = torch.sigmoid(teacher.relevance.detach()[mask])
    cross = functional.binary_cross_entropy_with_logits(student.relevance[mask], p)
    entropy = functional.binary_cross_entropy_with_logits(teacher.relevance.detach()[mask], p)
    return cross - entropy


LOSSES = {"full": full_loss, "weak": weak_loss}
