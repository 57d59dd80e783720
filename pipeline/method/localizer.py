"""What turns features into segment scores: a trained model, or words with no training."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import Found
from avel.pipeline.method.extract import Features
from avel.pipeline.method.scores import ScoreConfig, SegmentScores

if TYPE_CHECKING:
    from avel.extractors import Encoder


class Localizer(Protocol):
    """Scores the segments of videos, and says all that decides the scores.

    Everything but `encoder`, `to` and `score` answers without loading a network.
    """

    @property
    def classes(self) -> tuple[str, ...]:
        """Names (K,) in label order, without background."""

    @property
    def sha256(self) -> str:
        """Identity of what decides the scores beside the features, 64 hex digits."""

    @property
    def identity(self) -> dict[str, str]:
        """Who answers, for results: `name`, `sha256`, and in words what it `knows`."""

    @property
    def decoder(self) -> EventConfig:
        """How scores become events unless asked otherwise."""

    @property
    def segment(self) -> SegmentConfig:
        """How videos must be cut into cells for it."""

    @property
    def features(self) -> Mapping[str, Any]:
        """Recipe of the features that it reads."""

    @property
    def reads(self) -> tuple[str, ...] | None:
        """Arrays of the features that it looks at; None for all."""

    @property
    def limits(self) -> Mapping[str, float]:
        """Largest distance from the training's features, by modality; empty where unknown.

        In standard deviations, `avel.models.domain.distance`.
        """

    def encoder(self, weights: Sequence[Path]) -> "Encoder":
        """The extractor that makes its features, with its weights found and nothing loaded.

        Raises:
            WeightsError: they are missing.
            CheckpointError: they make other features than it reads.
        """

    def to(self, device: str) -> None:
        """Score on a device from now on."""

    def score(self, videos: Sequence[Features], config: ScoreConfig) -> list[SegmentScores]:
        """Relevance (T,) and classes (T, K + 1) of videos of any T; windows share batches."""

    def find(self, scores: SegmentScores, config: EventConfig) -> Found:
        """Events of a video's scores, and where the senses disagree, in seconds."""
