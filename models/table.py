"""Localization models by name, with their losses by supervision, and the matching models."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from torch import nn

from avel.models import losses
from avel.models.dmsf.dmsf import DMSF, DMSFConfig
from avel.models.losses import Loss
from avel.models.published import losses as published
from avel.models.published.av_att import AVAtt, AVAttConfig, DMRNConfig
from avel.models.published.cmm import CMM, CMMConfig
from avel.models.published.dmin import DCMR, DMIN, DCMRConfig, DMINConfig
from avel.models.published.magan import MAGAN, MAGANConfig

MODELS: dict[str, tuple[type[nn.Module], type]] = {
    "dmsf": (DMSF, DMSFConfig),
    "av_att": (AVAtt, AVAttConfig),
    "dmrn": (AVAtt, DMRNConfig),
    "dmin": (DMIN, DMINConfig),
    "magan": (MAGAN, MAGANConfig),
}
"""Each takes `(audio, visual, mask)` and gives a `LocalizationOutput`.

Each says by `mixes_videos` whether a video's numbers depend on the others of its batch; who scores
videos that have nothing to do with each other then runs them one by one.
"""

Matcher = CMM | DCMR
MATCHING: dict[str, tuple[type[nn.Module], type]] = {
    "cmm": (CMM, CMMConfig),
    "dcmr": (DCMR, DCMRConfig),
}
"""Cross-modality localization: each has `loss` and `windows`, see `CMM`."""

LOSSES: dict[str, dict[str, Loss]] = {
    "dmsf": {"full": losses.full_loss, "weak": losses.weak_loss},
    "av_att": {"full": published.av_att_full, "weak": published.av_att_weak},
    "dmrn": {"full": published.av_att_full, "weak": published.av_att_weak},
    "dmin": {"full": published.dmin_full, "weak": published.dmin_weak},
    "magan": {"full": published.magan_full, "weak": published.magan_weak},
}
"""As published, by model and supervision."""

CORRECTED: dict[str, dict[str, Loss]] = {
    "av_att": {"full": published.av_att_full_corrected, "weak": published.av_att_weak_corrected},
    "dmrn": {"full": published.av_att_full_corrected, "weak": published.av_att_weak_corrected},
    "dmin": {"weak": published.dmin_weak_corrected},
    "magan": {"full": published.magan_full_corrected, "weak": published.magan_weak_corrected},
}
"""Those that squash twice as published, squashing once."""


def loss_of(name: str, supervision: str, *, corrected: bool) -> Loss:
    """A model's loss; its published one where there is nothing to correct."""
    published_loss = LOSSES[name][supervision]
    return CORRECTED.get(name, {}).get(supervision, published_loss) if corrected else published_loss


def build(name: str, options: Mapping[str, Any]) -> nn.Module:
    """The model of a name from its config's fields.

    Raises:
        ValueError: no such model, or no such option; lists what there is.
    """
    model, _ = _entry(name)
    known = option_names(name)
    for option in options:
        if option not in known:
            raise ValueError(f"{name} has no option '{option}'; it has {', '.join(known)}")
    return model(_entry(name)[1](**options))


def option_names(name: str) -> list[str]:
    """Fields of a model's config."""
    return [field.name for field in fields(_entry(name)[1])]


def _entry(name: str) -> tuple[type[nn.Module], type]:
    table = MODELS | MATCHING
    if name not in table:
        raise ValueError(f"no model '{name}'; there are {', '.join(table)}")
    return table[name]
