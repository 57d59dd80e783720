"""Events that were taught by example, with or without the everyday ones beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from avel.cache.fingerprint import fingerprint
from avel.models.taught import Array, Likeness, Looks, Odds, Taught, weigh
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.method.clearest import clearer, clearest, from_odds
from avel.pipeline.method.decoders import EventConfig, OwnOfEach
from avel.pipeline.method.denied import Pair, standing
from avel.pipeline.method.events import Disagreement, Event, Evidence, Found, find_events, seconds
from avel.pipeline.method.extract import Features
from avel.pipeline.method.hysteresis import spans
from avel.pipeline.method.model import TrainedModel
from avel.pipeline.method.scores import ScoreConfig, SegmentScores

if TYPE_CHECKING:
    from avel.extractors import Encoder
    from avel.pipeline.method.everyday import Everyday

CLEARLY_HEARD = 2.0
"""Log-odds by sound from which an event is said to be heard though it is not seen."""

READ = ("visual_scores", "audio_scores", "visual_mask", "audio_mask")
"""Arrays of features that taught events look at."""


def look(features: Features, looks: Looks) -> Array:
    """Vectors (T, D) of a video's seconds; zeros where picture or sound is absent."""
    assert features.audio_scores is not None
    assert features.visual_scores is not None
    vectors = looks.of(features.audio_scores, features.visual_scores)
    split = looks.bounds[-2]
    vectors[~features.audio_mask, :split] = 0
    vectors[~features.visual_mask, split:] = 0
    return vectors


def taught_scores(features: Features, taught: Taught, looks: Looks) -> SegmentScores:
    """What taught events say of a video's seconds."""
    odds = weigh(look(features, looks), taught, looks)
    present = features.visual_mask & features.audio_mask
    T = len(present)
    relevance, classes = _shares(odds)
    none = np.zeros(T, np.float32)
    return SegmentScores(
        relevance=relevance * present,
        classes=classes,
        present=present,
        attention=np.zeros((T, 0), np.float32),
        visual_distance=none,
        audio_distance=none,
        duration=features.duration,
        flags=tuple(features.flags),
        notes=tuple(features.notes),
        seen=odds.seen,
        heard=odds.heard,
    )


def find_taught(scores: SegmentScores, classes: tuple[str, ...], config: EventConfig) -> Found:
    """Taught events with their evidence, in seconds, and what was heard and not seen."""
    events = [
        _with_evidence(event, classes.index(event.label), scores)
        for event in find_events(scores, classes, config)
    ]
    heard, seen = (clearest(from_odds(odds), classes) for odds in (scores.heard, scores.seen))
    return Found(events, sorted(_only_heard(scores, classes, events)), [], heard, seen)


class TaughtModel(TrainedModel):
    """A folder that `avel teach` wrote; nothing of it needs torch.

    Raises:
        CheckpointError: it is missing, damaged, or no checkpoint of this project.
    """

    @cached_property
    def _taught(self) -> tuple[Taught, Looks]:
        arrays = self._extra
        taught = Taught(*(arrays[name] for name in Taught._fields))
        options: Any = {
            k: tuple(v) if isinstance(v, list) else v for k, v in self.card.options.items()
        }
        return taught, Looks(arrays["usual_sounds"], arrays["usual_sights"], Likeness(**options))

    @property
    def gives_way(self) -> frozenset[Pair]:
        """Everyday labels, each with a taught one that stands in its place, as people said."""
        return frozenset((old, new) for old, new in self.card.training.get("gives_way", ()))

    @property
    def reads(self) -> tuple[str, ...]:
        """Scores of classes (T, ...), and which cells there are."""
        return READ

    def score(self, videos: Sequence[Features], config: ScoreConfig) -> list[SegmentScores]:
        """Relevance (T,) and classes (T, E + 1) of videos; windows are not needed."""
        return [taught_scores(features, *self._taught) for features in videos]

    def find(self, scores: SegmentScores, config: EventConfig) -> Found:
        """Events with their evidence, and what was heard and not seen, in seconds."""
        return find_taught(scores, self.classes, config)


class WithEveryday:
    """Taught events and the everyday ones over the same features; see `Localizer`.

    An everyday event of the name of a taught one gives way to it, and one that people called by
    such a name does where the two are found together.

    Args:
        taught: The model.
        everyday: The other one.
    """

    def __init__(self, taught: TaughtModel, everyday: "Everyday") -> None:
        self._taught, self._everyday = taught, everyday
        self._own = {label.casefold() for label in taught.classes}

    @property
    def classes(self) -> tuple[str, ...]:
        """Names (K,): the taught ones, then all of the everyday ones."""
        return (*self._taught.classes, *self._everyday.classes)

    @cached_property
    def sha256(self) -> str:
        """Of what both are, 64 hex digits."""
        return fingerprint({"taught": self._taught.sha256, "everyday": self._everyday.sha256})

    @property
    def identity(self) -> dict[str, str]:
        """Who answers, for results; the `sha256` has 64 hex digits."""
        ours, theirs = self._taught.identity, self._everyday.identity
        name = f"{ours['name']} and {theirs['name']}"
        knows = f"{ours['knows'].removesuffix(', and nothing else')}, and {theirs['knows']}"
        return {"name": name, "sha256": self.sha256, "knows": knows}

    @property
    def decoder(self) -> EventConfig:
        """That of the taught ones, threshold in [0, 1]; the others keep theirs unless asked."""
        return OwnOfEach(**vars(self._taught.decoder))

    @property
    def segment(self) -> SegmentConfig:
        """How videos are cut into one-second cells for both."""
        return self._taught.segment

    @property
    def features(self) -> Mapping[str, Any]:
        """Recipe of the features (T, ...) that both read."""
        return self._taught.features

    @property
    def reads(self) -> tuple[str, ...]:
        """What either looks at, (T, ...)."""
        return tuple(dict.fromkeys([*self._taught.reads, *self._everyday.reads]))

    @property
    def limits(self) -> Mapping[str, float]:
        """None in standard deviations, as for the everyday events."""
        return {}

    def encoder(self, weights: Sequence[Path]) -> "Encoder":
        """The encoder of the features (T, ...) of both."""
        return self._taught.encoder(weights)

    def to(self, device: str) -> None:
        """Weigh on the CPU whatever the device."""

    def score(self, videos: Sequence[Features], config: ScoreConfig) -> list[SegmentScores]:
        """What each of them says, (T, K + 1), taught events first."""
        pairs = zip(
            self._taught.score(videos, config), self._everyday.score(videos, config), strict=True
        )
        return [_beside(ours, theirs) for ours, theirs in pairs]

    def find(self, scores: SegmentScores, config: EventConfig) -> Found:
        """What each of them finds, in seconds, in time order."""
        E = len(self._taught.classes)
        chances = scores.taught
        relevance, classes = _conditional(chances)
        heard, seen = scores.heard, scores.seen
        ours = replace(
            scores, relevance=relevance, classes=classes, heard=heard[:, :E], seen=seen[:, :E]
        )
        theirs = replace(scores, heard=heard[:, E:], seen=seen[:, E:])
        own = self._everyday.decoder if isinstance(config, OwnOfEach) else config
        return self._together(self._taught.find(ours, config), self._everyday.find(theirs, own))

    def _together(self, ours: Found, theirs: Found) -> Found:
        """Both in time order, without what gives way."""

        def others(found: Sequence[Any]) -> list[Any]:
            unlike = [each for each in found if each.label.casefold() not in self._own]
            return standing(unlike, ours.events, self._taught.gives_way)

        return Found(
            sorted([*ours.events, *others(theirs.events)]),
            sorted([*ours.disagreements, *others(theirs.disagreements)]),
            theirs.sounds,
            clearer(ours.heard, theirs.heard),
            clearer(ours.seen, theirs.seen),
        )


def _shares(odds: Odds) -> tuple[Array, Array]:
    return _conditional(odds.shares)


def _conditional(chances: Array) -> tuple[Array, Array]:
    """Relevance (T,), and classes (T, E + 1) if there is an event, of probabilities (T, E + 1)."""
    some = np.maximum(chances[:, :-1], 1e-12)
    relevance = some.sum(1)
    classes = np.pad(some / relevance[:, None], ((0, 0), (0, 1)))
    return np.minimum(relevance, 1).astype(np.float32), classes.astype(np.float32)


def _beside(ours: SegmentScores, theirs: SegmentScores) -> SegmentScores:
    """Two localizers' scores of one video as one; ours are kept as probabilities too."""
    chances = [each.relevance[:, None] * each.classes[:, :-1] for each in (ours, theirs)]
    both = np.maximum(np.concatenate(chances, 1), 1e-12)
    relevance = 1 - (1 - ours.relevance) * (1 - theirs.relevance)
    classes = np.pad(both / both.sum(1, keepdims=True), ((0, 0), (0, 1)))
    own = np.concatenate([chances[0], 1 - chances[0].sum(1, keepdims=True)], 1)
    return replace(
        theirs,
        relevance=relevance.astype(np.float32),
        classes=classes.astype(np.float32),
        heard=np.concatenate([ours.heard, theirs.heard], 1),
        seen=np.concatenate([ours.seen, theirs.seen], 1),
        taught=own.astype(np.float32),
    )


def _with_evidence(event: Event, number: int, scores: SegmentScores) -> Event:
    cells = slice(int(event.onset), ceil(event.offset))
    heard, seen = (float(odds[cells, number].mean()) for odds in (scores.heard, scores.seen))
    sight = "supports" if seen > 0 else "cannot tell"
    return replace(event, evidence=Evidence(heard, seen, sight))


def _only_heard(
    scores: SegmentScores, classes: tuple[str, ...], events: Sequence[Event]
) -> list[Disagreement]:
    """Seconds that sound like an event's examples, where nothing was found."""
    taken = np.zeros(len(scores.present), bool)
    for event in events:
        taken[int(event.onset) : ceil(event.offset)] = True
    likeliest = scores.heard >= scores.heard.max(1, keepdims=True)
    found = []
    for number, label in enumerate(classes):
        odds = np.where(likeliest[:, number] & ~taken, scores.heard[:, number], -np.inf)
        for cells in spans(odds, odds, start=CLEARLY_HEARD, end=CLEARLY_HEARD):
            looked = scores.present[cells.start : cells.stop].any()
            why = "the picture is unlike its examples" if looked else "there is no picture"
            score = float(np.mean(1 / (1 + np.exp(-odds[cells.start : cells.stop]))))
            when = seconds(cells, scores.duration)
            found.append(Disagreement(*when, label, "heard, not seen", score, why))
    return found
