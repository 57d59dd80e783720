"""What the training features look like, gathered video by video, for telling strangers apart."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from avel.models.domain import DomainFit
from avel.pipeline.datasets.features import FeatureRows
from avel.pipeline.method.extract import Features
from avel.pipeline.reasons import InputError

MODALITIES = ("visual", "audio")


def domain_of(
    train: FeatureRows, held_out: FeatureRows, tune: Callable[[Features], Features]
) -> dict[str, Tensor]:
    """What `fit_domain` finds, by modality and name, as in `visual.mean` (D,).

    Videos of one label are of one kind, whatever happens in which of their segments. One video is
    held at a time: of the training rows only sums stay, of the others a distance per segment.

    Args:
        train: Rows whose features the model was trained on.
        held_out: Others, for the threshold.
        tune: Makes the features that the model reads of cached ones.

    Raises:
        InputError: a modality is in hardly any segment.
    """
    fits = {name: DomainFit() for name in MODALITIES}
    for kind, features in zip(train.videos.tolist(), _each(train, tune), strict=True):
        for name, fit in fits.items():
            fit.add(_present(features, name), kind)
    for features in _each(held_out, tune):
        for name, fit in fits.items():
            with _named(name):
                fit.hold_out(_present(features, name))
    found = {}
    for name, fit in fits.items():
        with _named(name):
            found.update({f"{name}.{key}": value for key, value in fit.finish().items()})
    return found


@contextmanager
def _named(name: str) -> Iterator[None]:
    try:
        yield
    except ValueError as err:
        raise InputError(f"{name}: {err}; do the videos have picture and sound?") from err


def _each(rows: FeatureRows, tune: Callable[[Features], Features]) -> Iterator[Features]:
    return (tune(rows.features(index)) for index in range(len(rows)))


def _present(features: Features, name: str) -> Tensor:
    """Vectors (n, D) of the segments where a modality is there."""
    mask = features.visual_mask if name == "visual" else features.audio_mask
    return torch.from_numpy(getattr(features, name)[mask])
