"""Localization models by name."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from avel.models.dmsf import DMSF, DMSFConfig

MODELS: dict[str, tuple[type[DMSF], type[DMSFConfig]]] = {"dmsf": (DMSF, DMSFConfig)}


def build(name: str, options: Mapping[str, Any]) -> DMSF:
    """The model of a name from its config's fields.

    Raises:
        ValueError: no such model, or no such option; lists what there is.
    """
    if name not in MODELS:
        raise ValueError(f"no model '{name}'; there are {', '.join(MODELS)}")
    model, config = MODELS[name]
    known = [field.name for field in fields(config)]
    for option in options:
        if option not in known:
            raise ValueError(f"{name} has no option '{option}'; it has {', '.join(known)}")
    return model(config(**options))
