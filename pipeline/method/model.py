"""A trained model ready to score videos, and all that its checkpoint says about itself."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import avel.models
from avel.cache.fingerprint import file_sha256
from avel.extractors import AdaptedChoice, Encoder, choose
from avel.extractors.adapters.card import FILE
from avel.models.card import (
    MATCHERS,
    Card,
    CheckpointError,
    check_features,
    checkpoint_of,
    describe,
)
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import Found, find
from avel.pipeline.method.extract import Features
from avel.pipeline.method.named import nearest
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.method.stores import features_recipe
from avel.pipeline.reasons import InputError

if TYPE_CHECKING:
    from torch import Tensor, nn

DEFAULT_MODEL = Path(next(iter(avel.models.__path__))) / "weights" / "dmsf-synthetic.safetensors"


def refuse_matcher(card: Card) -> None:
    """Refuse a model that answers queries where events are asked for.

    Raises:
        InputError: it does.
    """
    if card.name in MATCHERS:
        raise InputError(
            f"model '{card.name}' answers queries of cross-modality localization and finds no "
            "events; `avel evaluate` gives its numbers, dmsf or another system finds events"
        )


def checkpoint(path: Path) -> Path:
    """The file of a checkpoint: itself, that in a run folder, or that of a name.

    Raises:
        CheckpointError: the everyday model, which has none; or nothing is there and a name is near.
    """
    if str(path) == "everyday":
        raise CheckpointError(
            "everyday: has no checkpoint, since it is not trained; `avel localize` takes it, "
            "elsewhere give a checkpoint or a run folder"
        )
    if str(path) == "synthetic":
        return DEFAULT_MODEL
    if near := nearest(path):
        raise CheckpointError(f"{path}: no such checkpoint; {near}")
    return checkpoint_of(path)


class TrainedModel:
    """Checkpoint file (or the run folder that holds one); its network is read when it must score.

    Args:
        path: Of the file or folder, or the name of a shipped model, see `NAMED`.

    Raises:
        CheckpointError: it is missing, damaged, or no checkpoint of this project.
    """

    def __init__(self, path: Path) -> None:
        self.path = checkpoint(path)
        described = describe(self.path)
        self.card, self._extra = described.card, described.extra
        self._device = "cpu"

    @property
    def classes(self) -> tuple[str, ...]:
        """Names (K,) in label order, without background."""
        return self.card.classes

    @cached_property
    def sha256(self) -> str:
        """Of the checkpoint file's content, 64 hex digits."""
        return file_sha256(self.path)

    @property
    def identity(self) -> dict[str, str]:
        """Who answers, for results."""
        return {"name": self.card.name, "sha256": self.sha256, "knows": self.card.knows}

    @property
    def decoder(self) -> EventConfig:
        """How it turns scores into events unless asked otherwise."""
        return EventConfig(**self.card.decoder)

    @property
    def segment(self) -> SegmentConfig:
        """How videos must be cut into cells for it."""
        return SegmentConfig(**self._of_features("upstream")["config"])

    @property
    def features(self) -> Mapping[str, Any]:
        """Recipe of the features that it was trained on."""
        self._of_features("upstream")
        return self.card.features

    @property
    def reads(self) -> tuple[str, ...] | None:
        """All arrays (T, ...) of the features."""
        return None

    @property
    def limits(self) -> Mapping[str, float]:
        """Largest distance of held-out training features in standard deviations, by modality."""
        names = ("visual", "audio")
        found = {name: self._extra.get(f"{name}.threshold") for name in names}
        return {name: float(value) for name, value in found.items() if value is not None}

    def encoder(self, weights: Sequence[Path]) -> Encoder:
        """The extractor of its features, with the adapters that lie beside the checkpoint."""
        segment, config = self.segment, self._of_features("config")
        base = choose(str(config["extractor"]), weights, dict(config["options"]))
        adapted = "adapters" in config
        encoder = AdaptedChoice(base, self.path.parent / FILE) if adapted else base
        check_features(self.path, self.card, features_recipe(segment, encoder.recipe))
        return encoder

    def to(self, device: str) -> None:
        """Score on a device from now on."""
        self._device = device

    def score(self, videos: Sequence[Features], config: ScoreConfig) -> list[SegmentScores]:
        """Relevance (T,) and classes (T, K + 1) of videos of any T; windows share batches."""
        from avel.pipeline.method.scoring import score_videos  # slow: loads torch

        model, extra = self._loaded
        return score_videos(videos, self.card, model.to(self._device), extra, config)

    def find(self, scores: SegmentScores, config: EventConfig) -> Found:
        """Events of a video's scores, and where the senses disagree, in seconds."""
        return find(scores, self.classes, config)

    @cached_property
    def _loaded(self) -> "tuple[nn.Module, Mapping[str, Tensor]]":
        from avel.models.checkpoint import load_checkpoint  # slow: loads torch

        _, model, extra = load_checkpoint(self.path)
        return model, extra

    def _of_features(self, key: str) -> dict[str, Any]:
        try:
            return dict(self.card.features[key])
        except (KeyError, TypeError) as err:
            raise CheckpointError(
                f"{self.path}: was trained on features that no extractor of avel makes; "
                "it can be evaluated on them, not run on videos"
            ) from err
