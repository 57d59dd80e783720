"""A trained model ready to score videos, and all that its checkpoint says about itself."""

from functools import cached_property
from pathlib import Path
from typing import Any

from avel.cache.fingerprint import file_sha256
from avel.extractors.adapters.adapters import FILE
from avel.models import MATCHERS
from avel.models.checkpoint import Card, CheckpointError, load_checkpoint
from avel.pipeline.media.segment import SegmentConfig
from avel.pipeline.method.events import EventConfig
from avel.pipeline.method.extract import Features
from avel.pipeline.method.scores import ScoreConfig, SegmentScores, score_segments
from avel.pipeline.reasons import InputError

CHECKPOINT = "model.safetensors"
TEST_SELECTED = "test_selected.safetensors"
"""The run's epoch that was best on the test split, which several published protocols report."""


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


def _default_model() -> Path:
    import avel.models

    return Path(next(iter(avel.models.__path__))) / "weights" / "dmsf-synthetic.safetensors"


DEFAULT_MODEL = _default_model()


class Localizer:
    """Checkpoint file (or the run folder that holds one), loaded.

    Raises:
        CheckpointError: it is missing, damaged, or no checkpoint of this project.
    """

    def __init__(self, path: Path) -> None:
        self.path = path / CHECKPOINT if path.is_dir() else path
        self.card, self._model, self.extra = load_checkpoint(self.path)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names in label order, without background."""
        return self.card.classes

    @cached_property
    def sha256(self) -> str:
        """Content of the checkpoint file."""
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
    def extractor(self) -> str:
        """Name of the extractor whose features the model was trained on."""
        return str(self._of_features("config")["extractor"])

    @property
    def extractor_options(self) -> dict[str, Any]:
        """How that extractor was set."""
        return dict(self._of_features("config")["options"])

    @property
    def adapters(self) -> Path | None:
        """The file of tuned adapters that lies beside the checkpoint; None if it has none."""
        return self.path.parent / FILE if "adapters" in self._of_features("config") else None

    @property
    def segment_config(self) -> SegmentConfig:
        """How videos must be cut for it."""
        return SegmentConfig(**self._of_features("upstream")["config"])

    def _of_features(self, key: str) -> dict[str, Any]:
        try:
            return dict(self.card.features[key])
        except (KeyError, TypeError) as err:
            raise CheckpointError(
                f"{self.path}: was trained on features that no extractor of avel makes; "
                "it can be evaluated on them, not run on videos"
            ) from err

    def score(self, features: Features, config: ScoreConfig) -> SegmentScores:
        """Scores of one video's segments."""
        return score_segments(features, self.card, self._model, self.extra, config)
