"""Losses of DMSF under full and weak supervision. Reference section 3.8.2."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from avel.models.output import Branch, LocalizationOutput

TEMPERATURE = 2.0
"""Of the class distributions that the branches learn from each other."""
TOP_SEGMENTS = 2
"""Segments whose mean stands for the video under weak supervision: AVE's shortest events."""
IGNORED = -100
"""Video label that counts for nothing."""


class Targets(NamedTuple):
    """Labels of a batch; background is index K.

    `segments` (B, T) are for full supervision. `videos` (B,) may be IGNORED, and `background`
    (B, T) marks segments known to hold no event, for weak supervision. `others` (B,) is a second
    label of videos that were mixed of two, else IGNORED.
    """

    segments: Tensor
    videos: Tensor
    mask: Tensor
    background: Tensor
    others: Tensor

    def labels(self, outputs: int) -> Tensor:
        """Which of `outputs` classes each video has, float (B, K); none where IGNORED."""
        both = torch.stack([self.videos, self.others], 1)
        hot = functional.one_hot(both.clamp_min(0), outputs) * (both >= 0).unsqueeze(-1)
        return hot.amax(1).float()


Loss = Callable[[LocalizationOutput, Targets, float], Tensor]
"""Of an output, its targets, and the weight of mutual learning for models that have it."""


def class_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy with each video's labels (B, K) as equal shares; videos without count not."""
    labelled = labels.any(1)
    if not labelled.any():
        return logits.sum() * 0
    shares = labels[labelled] / labels[labelled].sum(1, keepdim=True)
    return functional.cross_entropy(logits[labelled], shares)


def full_loss(output: LocalizationOutput, targets: Targets, mutual_weight: float) -> Tensor:
    """Sum () over branches of BCE(relevance) + CE(class), plus mutual learning.

    A video without any event segment teaches relevance only. Where a branch names the class of each
    segment, its two terms together are the cross entropy over K + 1, background included.
    """
    background = output.classes.shape[-1]
    event = (targets.segments != background) & targets.mask
    losses = []
    for branch in output.branches.values():
        relevance = functional.binary_cross_entropy_with_logits(
            branch.relevance[targets.mask], event[targets.mask].float()
        )
        of = segment_class_loss if branch.classes.ndim == 3 else video_class_loss
        losses.append(relevance + of(branch.classes, targets, event))
    return torch.stack(losses).sum() + mutual_weight * mutual_loss(output.branches, targets.mask)


def video_class_loss(logits: Tensor, targets: Targets, event: Tensor) -> Tensor:
    """Cross entropy of video logits (B, K) over the videos with an event in `event` (B, T)."""
    has_event = event.any(1)
    return class_loss(logits[has_event], targets.labels(logits.shape[-1])[has_event])


def segment_class_loss(logits: Tensor, targets: Targets, event: Tensor) -> Tensor:
    """Cross entropy of segment logits (B, T, K) at `event` (B, T), as a mean over all segments.

    A mean over all, not over the events: beside the mean BCE of the relevance it completes
    `-log p(label)` of each segment, in which a background segment has no class.
    """
    named = functional.cross_entropy(logits[event], targets.segments[event], reduction="sum")
    return named / targets.mask.sum()


def weak_loss(output: LocalizationOutput, targets: Targets, mutual_weight: float) -> Tensor:
    """Sum () over branches of the three things that video labels say, plus mutual learning.

    The video's class (background-only videos have label K): CE(c, video). Whether it holds an
    event at all, by multiple-instance learning: BCE of the best segments' mean relevance. And
    that every segment of a background-only video is background: BCE(r_t, 0), also where it was
    spliced into another video.

    Ours differs from reference 3.8.2, which pools `sigmoid(r_t) c` into one cross entropy: that
    says nothing of any single segment, so relevance rises everywhere in an event's video.
    """
    outputs = output.classes.shape[-1]
    holds_event = (targets.videos != outputs - 1).float()
    counted = targets.videos != IGNORED
    labels = targets.labels(outputs)
    losses = []
    for branch in output.branches.values():
        classes = class_loss(branch.classes, labels)
        event = functional.binary_cross_entropy_with_logits(
            video_relevance(branch, targets.mask)[counted], holds_event[counted]
        )
        quiet = branch.relevance[targets.background]
        silence = functional.softplus(quiet).mean() if len(quiet) else quiet.sum()
        losses.append(classes + event + silence)
    return torch.stack(losses).sum() + mutual_weight * mutual_loss(output.branches, targets.mask)


def video_relevance(branch: Branch, mask: Tensor) -> Tensor:
    """Logit (B,) that a video holds an event: the mean relevance of its best segments."""
    relevance = branch.relevance.masked_fill(~mask, float("-inf"))
    best = relevance.topk(min(TOP_SEGMENTS, relevance.shape[1]), dim=1).values
    exists = best.isfinite()
    return torch.where(exists, best, 0).sum(1) / exists.sum(1).clamp_min(1)


def mutual_loss(branches: Mapping[str, Branch], mask: Tensor) -> Tensor:
    """Symmetric KL between the branches, each learning from the other held fixed.

    Classes at temperature 2 (times 4, so that gradients keep their size), relevance as Bernoulli;
    both are means, over videos or over the segments that exist by `mask` (B, T).
    """
    s, c = branches["S"], branches["C"]
    classes = _class_kl(c, s, mask) + _class_kl(s, c, mask)
    total = classes + _bernoulli_kl(c, s, mask) + _bernoulli_kl(s, c, mask)
    return total / 2


def _class_kl(teacher: Branch, student: Branch, mask: Tensor) -> Tensor:
    fixed, learning = (
        (logits[mask] if logits.ndim == 3 else logits).div(TEMPERATURE).log_softmax(-1)
        for logits in (teacher.classes.detach(), student.classes)
    )
    kl = functional.kl_div(learning, fixed, log_target=True, reduction="batchmean")
    return kl * TEMPERATURE**2


def _bernoulli_kl(teacher: Branch, student: Branch, mask: Tensor) -> Tensor:
    p = torch.sigmoid(teacher.relevance.detach()[mask])
    cross = functional.binary_cross_entropy_with_logits(student.relevance[mask], p)
    entropy = functional.binary_cross_entropy_with_logits(teacher.relevance.detach()[mask], p)
    return cross - entropy
