"""Localization models by name, with their losses by supervision, and the matching models."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from torch import nn

from avel.models import losses, published_losses
from avel.models.av_att import AVAtt, AVAttConfig, DMRNConfig
from avel.models.cmm import CMM, CMMConfig
from avel.models.dmin import DCMR, DMIN, DCMRConfig, DMINConfig
from avel.models.dmsf import DMSF, DMSFConfig
from avel.models.losses import Loss
from avel.models.magan import MAGAN, MAGANConfig

MODELS: dict[str, tuple[type[nn.Module], type]] = {
    "dmsf": (DMSF, DMSFConfig),
    "av_att": (AVAtt, AVAttConfig),
    "dmrn": (AVAtt, DMRNConfig),
    "dmin": (DMIN, DMINConfig),
    "magan": (MAGAN, MAGANConfig),
}
"""Each takes `(audio, visual, mask)` and gives a `LocalizationOutput`."""

Matcher = CMM | DCMR
MATCHERS: dict[str, tuple[type[nn.Module], type]] = {
    "cmm": (CMM, CMMConfig),
    "dcmr": (DCMR, DCMRConfig),
}
"""Cross-modality localization: each has `loss` and `windows`, see `CMM`."""

LOSSES: dict[str, dict[str, Loss]] = {
    "dmsf": {"full": losses.full_loss, "weak": losses.weak_loss},
    "av_att": {"full": published_losses.av_att_full, "weak": published_losses.av_att_weak},
    "dmrn": {"full": published_losses.av_att_full, "weak": published_losses.av_att_weak},
    "dmin": {"full": published_losses.dmin_full, "weak": published_losses.dmin_weak},
    "magan": {"full": published_losses.magan_full, "weak": published_losses.magan_weak},
}


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
    table = MODELS | MATCHERS
    if name not in table:
        raise ValueError(f"no model '{name}'; there are {', '.join(table)}")
    return table[name]
