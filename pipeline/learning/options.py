"""Which options a model has, read from its source: a misspelt one is named before torch loads."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from avel.configs.describe import Written, mirror, written_in

CONFIGS = {
    "dmsf": ("dmsf.dmsf", "DMSFConfig"),
    "av_att": ("published.av_att", "AVAttConfig"),
    "dmrn": ("published.av_att", "DMRNConfig"),
    "dmin": ("published.dmin", "DMINConfig"),
    "magan": ("published.magan", "MAGANConfig"),
    "cmm": ("published.cmm", "CMMConfig"),
    "dcmr": ("published.dmin", "DCMRConfig"),
}
"""Module under `models` and config of each model in its table."""


@cache
def options_of(model: str) -> type:
    """A dataclass with the fields of a model's config, their types and defaults."""
    return mirror(_source(model), CONFIGS[model][1])


@cache
def written_options(model: str) -> dict[str, Written]:
    """What the source says about each option of a model."""
    return written_in(_source(model), CONFIGS[model][1])


def _source(model: str) -> Path:
    spec = find_spec(f"avel.models.{CONFIGS[model][0]}")
    assert spec is not None  # the table's modules exist: a test compares it with the models'
    assert spec.origin is not None
    return Path(spec.origin)
