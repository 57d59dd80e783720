"""Events by example: how alike a second is to the seconds that somebody labelled.

A second is the square roots of its classes' probabilities, in sound heard by two windows and in
the best view of the picture, each less what is usual in ordinary videos and of length one. An
event is the mean of its films so seen, and a second is that event as far as it points the same way.

Source: the square root makes the inner product of two distributions their Bhattacharyya
coefficient; means of classes are the nearest-class-mean classifier (Mensink et al., PAMI 2013).
Ours: the constants, chosen on about fifty films, see docs/real.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from avel.models.everyday import hold

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Likeness:
    """Every constant of the decision; similarities are weighted cosines, odds in natural logs."""

    sound_mix: tuple[float, ...] = (0.5, 0.5)
    """Weights of the windows of sound, as `segment.sound_seconds` lists them."""
    sight: float = 0.5
    """Weight of the picture beside them."""
    ordinary: float = 0.55
    """Similarity at which an event of one example is as likely as not."""
    sharpness: float = 12.0
    """Log-odds for each unit of similarity."""
    unlike: float = 3.0
    """Log-odds lost where the picture is nothing like the examples',"""
    alike: float = 0.1
    """and the picture's own cosine from which nothing is lost."""
    reach: int = 5
    """Seconds before and after that a sight counts for."""
    own_rest: float = 0.2
    """Similarity that the rest of an event's own films must have more than the event to silence it:
    its picture and its longer sound are the event's."""
    trust: float = 2.0
    """Left-out films that weigh as much as `ordinary` in an event's own level."""
    stranger: float = 0.3
    """Least similarity that films of other things are thought to reach."""
    bounds: tuple[float, float] = (0.45, 0.8)
    """Of an event's level."""


class Film(NamedTuple):
    """One film's labelled seconds.

    Attributes:
        shows: Vectors (N, D) of the seconds of each event that it shows, by the event's number.
        rest: Vectors (N, D) of its other seconds; none where all are labelled.
    """

    shows: Mapping[int, Array]
    rest: Array


class Taught(NamedTuple):
    """What was learned of E events.

    Attributes:
        events: An event's vector (E, D).
        levels: Similarity (E,) from which an event is likelier than not.
        rest: Vectors (B, D) of seconds that show no event.
        handicap: Similarity (B,) that they are believed less.
    """

    events: Array
    levels: Array
    rest: Array
    handicap: Array


class Odds(NamedTuple):
    """What speaks for each event in each second.

    Attributes:
        heard: Log-odds (T, E) by sound, against an event's level.
        seen: The same by the picture; both together are those of the event.
        shares: Probability (T, E + 1) of each event, and of none.
    """

    heard: Array
    seen: Array
    shares: Array


@dataclass(frozen=True)
class Looks:
    """How seconds become vectors (T, D) whose inner products are similarities.

    Attributes:
        usual_sounds: Mean square root (K',) of each sound's probability in ordinary videos.
        usual_sights: The same (K,) of each sight.
        rule: Every constant.
    """

    usual_sounds: Array
    usual_sights: Array
    rule: Likeness

    @property
    def weights(self) -> tuple[float, ...]:
        """Weights (P,) of a vector's parts: the windows of sound that count, and the picture."""
        return (*(weight for weight in self.rule.sound_mix if weight), self.rule.sight)

    @property
    def bounds(self) -> list[int]:
        """Where parts of a vector (D,) end, the picture's last."""
        sounds = len(self.usual_sounds) * np.arange(1, len(self.weights))
        return [*sounds.tolist(), int(sounds[-1]) + len(self.usual_sights)]

    def of(self, audio_scores: Array, visual_scores: Array) -> Array:
        """Vectors (T, D) of logits (T, W, K') by window of sound and (T, V, K) by view."""
        heard = np.sqrt(1 / (1 + np.exp(-audio_scores))) - self.usual_sounds
        parts = [heard[:, w] for w, weight in enumerate(self.rule.sound_mix) if weight]
        likely = np.exp(visual_scores - visual_scores.max(-1, keepdims=True))
        likely /= likely.sum(-1, keepdims=True)
        parts.append(np.sqrt(likely.max(1)) - self.usual_sights)
        return self._scaled(np.concatenate(parts, 1))

    def middle(self, vectors: Array) -> Array:
        """The vector (D,) between vectors (N, D), each of its parts of full length."""
        (middle,) = self._scaled(vectors.mean(0, keepdims=True))
        return np.asarray(middle, np.float32)

    def _scaled(self, vectors: Array) -> Array:
        """Parts of vectors (N, D) made as long as their weight has it."""
        parts = np.split(vectors, self.bounds[:-1], axis=1)
        scaled = [
            part * np.sqrt(weight) / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-9)
            for part, weight in zip(parts, self.weights, strict=True)
        ]
        return np.concatenate(scaled, 1).astype(np.float32)


def fit(films: Sequence[Film], num_events: int, looks: Looks) -> Taught:
    """What films teach of events 0 to E - 1; each event is shown by at least one of them.

    Args:
        films: Their labelled seconds; a film without an event teaches what is none.
        num_events: E.
        looks: What made the vectors.
    """
    shown = [{event: looks.middle(each) for event, each in film.shows.items()} for film in films]
    of_event = [[film[event] for film in shown if event in film] for event in range(num_events)]
    events = np.stack([looks.middle(np.stack(each)) for each in of_event])
    levels = np.array([_level(event, shown, events[event], looks) for event in range(num_events)])
    rest, handicap = _rest(films, num_events, looks)
    return Taught(events, levels.astype(np.float32), rest, handicap)


def _level(event: int, shown: Sequence[Mapping[int, Array]], vector: Array, looks: Looks) -> float:
    """Half way between films of an event and others, as far as there are films to say so."""
    rule = looks.rule
    own = np.stack([film[event] for film in shown if event in film])
    if len(own) < 2:
        return rule.ordinary
    without = [looks.middle(np.delete(own, n, 0)) for n in range(len(own))]
    similar = float(np.mean([a @ b for a, b in zip(own, without, strict=True)]))
    others = [each @ vector for film in shown if event not in film for each in film.values()]
    unlike = max([rule.stranger, float(np.quantile(others, 0.95))] if others else [rule.stranger])
    known = rule.trust * rule.ordinary + len(own) * (similar + unlike) / 2
    return float(np.clip(known / (rule.trust + len(own)), *rule.bounds))


def _rest(films: Sequence[Film], num_events: int, looks: Looks) -> tuple[Array, Array]:
    """What shows no event: beside each event in its own films, and films without any."""
    vectors, handicap = [], []
    for event in range(num_events):
        beside = [film.rest for film in films if event in film.shows and len(film.rest)]
        if beside:
            vectors.append(looks.middle(np.stack([looks.middle(each) for each in beside])))
            handicap.append(looks.rule.own_rest)
    for film in films:
        if not film.shows and len(film.rest):
            vectors.append(looks.middle(film.rest))
            handicap.append(0.0)
    none = np.zeros((0, looks.bounds[-1]), np.float32)
    return np.stack(vectors) if vectors else none, np.array(handicap, np.float32)


def weigh(vectors: Array, taught: Taught, looks: Looks) -> Odds:
    """What speaks for each event in seconds with vectors (T, D); zeros where a sense is absent."""
    rule, split = looks.rule, looks.bounds[-2]
    sound = vectors[:, :split] @ taught.events[:, :split].T
    sight = vectors[:, split:] @ taught.events[:, split:].T
    near = hold(sight / rule.sight, 0.0, rule.reach)
    lost = rule.unlike * np.clip(1 - near / rule.alike, 0, 1)
    share = rule.sight / sum(looks.weights)
    heard = rule.sharpness * (sound - (1 - share) * taught.levels)
    seen = rule.sharpness * (sight - share * taught.levels) - lost
    rest = vectors @ taught.rest.T - taught.handicap - rule.ordinary
    none = np.max(np.pad(rule.sharpness * rest, ((0, 0), (1, 0))), 1, keepdims=True)
    odds = np.concatenate([heard + seen, none], 1)
    shares = np.exp(odds - odds.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    return Odds(*(each.astype(np.float32) for each in (heard, seen, shares)))
