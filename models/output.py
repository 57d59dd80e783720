"""What goes into every localization model and what comes out."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

MASKED = -30.0
"""Relevance logit of a segment that does not exist."""


class Visual(NamedTuple):
    """The picture of each cell: `map` (B, T, P, C) and its pooled `embedding` (B, T, D)."""

    map: Tensor
    embedding: Tensor


class Branch(NamedTuple):
    """One head's logits.

    Attributes:
        relevance: (B, T).
        classes: Of the video (B, K), or (B, K + 1) when weak; or of each segment (B, T, K).
    """

    relevance: Tensor
    classes: Tensor


class LocalizationOutput(NamedTuple):
    """Logits of the final prediction, of every branch, and the attention that led to them.

    Attributes:
        relevance: (B, T) logits that a segment holds some audio-visual event.
        classes: Class logits of the video (B, K), or of each segment (B, T, K); K + 1 in place of
            K where background is one of the classes, last.
        branches: Logits by branch, for the losses.
        attention: Maps by name; `agva` is (B, T, P) over positions, the others (B, T, T).
        extra: What a published loss reads beside, by name.
    """

    relevance: Tensor
    classes: Tensor
    branches: Mapping[str, Branch]
    attention: Mapping[str, Tensor]
    extra: Mapping[str, Tensor] = MappingProxyType({})


def of_segment_scores(scores: Tensor, attention: Tensor, mask: Tensor) -> LocalizationOutput:
    """Output of a model that scores K classes and background in each segment.

    Args:
        scores: (B, T, K + 1) before the softmax, background last.
        attention: (B, T, P).
        mask: Bool (B, T).
    """
    relevance = odds_of_event(scores, mask)
    extra = {"scores": scores}
    return LocalizationOutput(relevance, scores[..., :-1], {}, {"agva": attention}, extra)


def odds_of_event(scores: Tensor, mask: Tensor) -> Tensor:
    """Relevance (B, T): the logarithmic odds of any class against background.

    So `sigmoid(relevance) softmax(classes)` is exactly the softmax over all K + 1.

    Args:
        scores: (B, T, K + 1) before the softmax, background last.
        mask: Bool (B, T); segments that do not exist get MASKED.
    """
    odds = torch.logsumexp(scores[..., :-1], -1) - scores[..., -1]
    return odds.masked_fill(~mask, MASKED)
