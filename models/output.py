"""What goes into every localization model and what comes out."""

from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor


class Visual(NamedTuple):
    """The picture of each cell: `map` (B, T, P, C) and its pooled `embedding` (B, T, D)."""

    map: Tensor
    embedding: Tensor


class Branch(NamedTuple):
    """One head's logits: `relevance` (B, T) and `classes` (B, K), or (B, K + 1) when weak."""

    relevance: Tensor
    classes: Tensor


class LocalizationOutput(NamedTuple):
    """Logits of the final prediction, of every branch, and the attention that led to them.

    Attributes:
        relevance: (B, T) logits that a segment holds some audio-visual event.
        classes: (B, K) video-level class logits; weakly supervised (B, K + 1), background last.
        branches: Logits by branch, for the losses.
        attention: Maps by name; `agva` is (B, T, P) over positions, the others (B, T, T).
    """

    relevance: Tensor
    classes: Tensor
    branches: Mapping[str, Branch]
    attention: Mapping[str, Tensor]
