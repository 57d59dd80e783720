"""The everyday model: about a hundred events of ordinary videos, with no training.

Classes of AudioSet say what is heard and classes of ImageNet what is seen; a table says which of
them are one event (`configs/everyday.yaml`), and `models/everyday.py` weighs the two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from avel.cache.fingerprint import fingerprint
from avel.configs.events import EVERYDAY, read_events
from avel.extractors import EXTRACTORS, Encoder, PairChoice, choose
from avel.extractors.weights.files import MissingWeights
from avel.extractors.weights.registry import described
from avel.models.everyday import (
    UNHEARD,
    Array,
    Events,
    Evidence,
    Rule,
    hear,
    make_events,
    mix_sounds,
    see,
    weigh,
)
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.decoders import EventConfig
from avel.pipeline.method.events import Found, find_events
from avel.pipeline.method.extract import Features
from avel.pipeline.method.findings import Findings
from avel.pipeline.method.scores import ScoreConfig, SegmentScores
from avel.pipeline.method.stores import features_recipe
from avel.pipeline.reasons import InputError

VERSION = 1
SIGHT, SOUND = "efficientnet-lite0", "mn04"
GROUP = "everyday"
"""Name by which its weights are fetched."""
OPTIONS: dict[str, Any] = {"faces": True}
CUT: dict[str, Any] = {"sound_seconds": (2, 10), "views": 1}
"""Sound in its context, and the middle of a wide picture beside the whole."""
DECODER = EventConfig("hysteresis", 0.32)


class Everyday:
    """Scores videos by a table of events; stands where a trained `Localizer` stands.

    Args:
        table: The events; None for the table that comes with avel.
        weights: The encoder's files; none to look where weights are kept.
        rule: Constants of the decision.

    Raises:
        ConfigError: the table is wrong.
        MissingWeights: the encoder's weights are nowhere; says how to get them.
        WeightsError: weights that are given cannot be used.
    """

    def __init__(
        self, table: Path | None = None, weights: Sequence[Path] = (), rule: Rule | None = None
    ) -> None:
        self._weights, self.rule = tuple(weights), rule or Rule()
        _ = self._encoder  # missing weights are named before anything else is read
        self.table = read_events(table or EVERYDAY, *_all_classes())
        self.classes, self._own = tuple(self.table), table is None

    @cached_property
    def _encoder(self) -> PairChoice:
        try:
            chosen = choose(f"{SIGHT}+{SOUND}", self._weights, OPTIONS)
        except MissingWeights as err:
            raise MissingWeights(_how_to_get(err), GROUP) from err
        assert isinstance(chosen, PairChoice)
        return chosen

    @cached_property
    def _events(self) -> Events:
        """The table as arrays, for the classes of the encoder."""
        encoder = self._encoder
        rows = {label: asdict(row) for label, row in self.table.items()}
        events = make_events(rows, encoder.audio_classes, encoder.visual_classes)
        for label, weights in zip(self.classes, events.heard.T, strict=True):
            if not weights.any():
                raise InputError(f"event '{label}' is heard as nothing that {SOUND} knows")
        return events

    @property
    def decoder(self) -> EventConfig:
        """Hysteresis on the log-odds of both senses."""
        return DECODER

    @cached_property
    def sha256(self) -> str:
        """Identity of the table and the rule, 64 hex digits."""
        rows = {label: asdict(row) for label, row in self.table.items()}
        return fingerprint({"everyday": VERSION, "rule": asdict(self.rule), "table": rows})

    @property
    def identity(self) -> dict[str, str]:
        """Who answers, for results."""
        whose = "everyday events" if self._own else "events of a table of your own"
        return {
            "name": "everyday",
            "sha256": self.sha256,
            "knows": f"{len(self.classes)} {whose}, by sounds of AudioSet and sights of ImageNet",
        }

    @property
    def segment(self) -> SegmentConfig:
        """How videos are cut into cells for it."""
        return SegmentConfig(**{**self._encoder.cells, **CUT})

    @property
    def features(self) -> Mapping[str, Any]:
        """Recipe of the encoder's features."""
        return features_recipe(self.segment, self._encoder.recipe)

    @property
    def reads(self) -> tuple[str, ...]:
        """Scores of classes (T, ...) and of faces, and which cells there are."""
        return ("visual_scores", "audio_scores", "faces", "visual_mask", "audio_mask")

    @property
    def limits(self) -> Mapping[str, float]:
        """No training data, so no distances to it."""
        return {}

    def encoder(self, weights: Sequence[Path]) -> Encoder:
        """The encoder of sights and sounds; its weights were given with the model."""
        return self._encoder

    def to(self, device: str) -> None:
        """Weigh on the CPU whatever the device: the arrays are small."""

    def score(self, videos: Sequence[Features], config: ScoreConfig) -> list[SegmentScores]:
        """What each sense says, (T, E), and both as relevance (T,) and classes (T, E + 1)."""
        return [self._score(features) for features in videos]

    def _score(self, features: Features) -> SegmentScores:
        present = features.visual_mask & features.audio_mask
        assert features.audio_scores is not None  # its encoder has classes
        assert features.visual_scores is not None
        sounds = mix_sounds(features.audio_scores, self.rule.sound_mix)
        sounds[~features.audio_mask] = UNHEARD
        heard = hear(sounds, self._events, self.rule)
        seen = see(features.visual_scores, features.faces, self._events, _usual(), self.rule)
        seen[~features.visual_mask] = 0
        relevance, classes = _shares(weigh(heard, seen, self._events, self.rule))
        none = np.zeros(len(present), np.float32)
        return SegmentScores(
            relevance=relevance * present,
            classes=classes,
            present=present,
            attention=np.zeros((len(present), 0), np.float32),
            visual_distance=none,
            audio_distance=none,
            duration=features.duration,
            flags=tuple(features.flags),
            notes=tuple(features.notes),
            seen=seen,
            heard=heard,
            sounds=sounds,
        )

    def find(self, scores: SegmentScores, config: EventConfig) -> Found:
        """Events with their evidence, and what only one of the senses names.

        By another decoder than its own, events are runs of segments as a trained model's, with no
        evidence beside them.
        """
        evidence = weigh(scores.heard, scores.seen, self._events, self.rule)
        names = self._encoder.audio_classes
        found = Findings(self.table, self._events, self.rule, scores, evidence, names).all(config)
        if config.decoder == DECODER.decoder:
            return found
        return found._replace(events=find_events(scores, self.classes, config))


def _how_to_get(error: MissingWeights) -> str:
    return (
        f"the everyday model lacks weights: {error}. Get them with `avel weights fetch {GROUP}` "
        f"({described(GROUP)}); or use another model: --model synthetic for drawn films, --model "
        "PATH for your own, --labels for words"
    )


def _shares(evidence: Evidence) -> tuple[Array, Array]:
    """The likeliest event's probability (T,), and the distribution (T, E + 1) if there is one."""
    odds = evidence.onset
    each = np.exp(odds - odds.max(1, keepdims=True))
    classes = np.pad(each / each.sum(1, keepdims=True), ((0, 0), (0, 1)))
    relevance = 1 / (1 + np.exp(-odds.max(1)))
    return relevance.astype(np.float32), classes.astype(np.float32)


def _usual() -> Array:
    return np.array(EXTRACTORS[SIGHT].visual_usual, np.float32)


def _all_classes() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of sounds and of sights that a table may hold."""
    sounds = dict.fromkeys([*EXTRACTORS[SOUND].audio_classes, *EXTRACTORS["yamnet"].audio_classes])
    return tuple(sounds), EXTRACTORS[SIGHT].visual_classes
