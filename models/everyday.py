"""Everyday events in the scores of sounds and sights, with no training: log-odds by second.

A sound network says how likely each of its classes is to be heard; a table says which classes an
event is heard as. A picture network says how much likelier an event's sights are here than in an
ordinary picture. An event is there where it is heard and sight supports it, or cannot tell and has
nothing better to say.

Source: ours; the constants were chosen on about fifty clips, see docs/real.md. Taking unrelated
pictures as the measure follows the likelihood ratio of detection theory.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

UNHEARD = -20.0
"""Log-odds of what cannot be there: without sound, or without its sight where sight can tell."""
CELLS_AT_ONCE = 256
"""Bounds the memory of long videos."""


@dataclass(frozen=True)
class Rule:
    """Every constant of the decision; log-odds and log-likelihood ratios are natural logarithms."""

    sound_mix: tuple[float, ...] = (0.5, 0.5)
    """Weights of the windows of sound, as `segment.sound_seconds` lists them."""
    word_weight: float = 2.0
    """Of the logarithm of a table's weight for a class of sound."""
    usual: float = 1.2
    """Added to the mean log-probability in ordinary pictures, for what is usual."""
    sight_weight: float = 0.4
    """Of sight's ratio beside sound's log-odds."""
    most_sight: float = 7.0
    """Largest ratio that sight is believed."""
    support: float = 3.0
    """Ratio from which sight supports an event; below it one that sight can tell is not seen."""
    unseen: float = 2.0
    """Ratio that stands for an event that sight cannot tell, beside what is seen."""
    rivalry: float = 3.0
    """Log-odds lost for each unit of ratio by which something else is seen more clearly."""
    rivalry_after: float = 0.75
    """The same once an event has begun."""
    fade: float = 1.0
    """Of a sight, per second before and after it; once an event has begun nothing fades."""
    reach: int = 5
    """Seconds before and after that a sight counts for."""
    offset: float = -2.5
    """Log-odds under which an event ends."""
    drop: float = 2.5
    """Log-odds under its peak at which an event ends."""
    gap: int = 1
    """Seconds between two parts of one event."""


class Events(NamedTuple):
    """A table's events as arrays, E of them."""

    heard: Array
    """Weight (K', E) of each class of sound, 0 where it says nothing."""
    seen: Array
    """Weight (K, E) of each class of pictures."""
    face: Array
    """Weight (E,) of a face."""
    tells: NDArray[np.bool_]
    """Bool (E,), whether sight can tell that the event is not there."""


class Evidence(NamedTuple):
    """What speaks for each event in each second, (T, E)."""

    onset: Array
    """Log-odds that the event is both heard and seen, to begin with."""
    going: Array
    """The same for one that has begun."""
    sight: Array
    """Ratio by sight, held over time and bounded; 0 or more where sight cannot tell."""


def make_events(
    table: Mapping[str, Mapping[str, object]],
    audio_classes: Sequence[str],
    visual_classes: Sequence[str],
) -> Events:
    """Arrays of a table whose rows have `heard` and `seen` (weight by class), `face` and `tells`.

    Classes that a network does not have are left out, so that one table serves several networks.
    """
    rows = list(table.values())
    heard, seen = (
        np.zeros((len(classes), len(rows)), np.float32)
        for classes in (audio_classes, visual_classes)
    )
    for part, classes, key in ((heard, audio_classes, "heard"), (seen, visual_classes, "seen")):
        place = {name: number for number, name in enumerate(classes)}
        for event, row in enumerate(rows):
            weights: Mapping[str, float] = row.get(key, {})  # type: ignore[assignment]
            for name, weight in weights.items():
                if name in place:
                    part[place[name], event] = weight
    face = np.array([row.get("face", 0.0) for row in rows], np.float32)
    tells = np.array([bool(row.get("tells", True)) for row in rows]) & (seen.max(0) > 0)
    return Events(heard, seen, face, tells)


def mix_sounds(scores: Array, mix: Sequence[float]) -> Array:
    """Logits (T, K') of windows (T, W, K') as one."""
    return np.asarray(np.einsum("twk,w->tk", scores, np.asarray(mix, np.float32)))


def hear(sounds: Array, events: Events, rule: Rule) -> Array:
    """Log-odds (T, E) that each event is heard: its strongest class, of logits (T, K')."""
    odds = np.full((len(sounds), events.heard.shape[1]), UNHEARD, np.float32)
    for event, weights in enumerate(events.heard.T):
        (known,) = np.nonzero(weights)
        if len(known):
            worth = rule.word_weight * np.log(weights[known])
            odds[:, event] = (sounds[:, known] + worth).max(1)
    return odds


def hear_any(sounds: Array, events: Events, rule: Rule, alike: float) -> Array:
    """Log-odds (T, E) that any of an event's classes is heard, of logits (T, K').

    Several weak signs are one clear one: chances are put together as those of independent classes,
    and since names of one sound partly say the same, `alike` is taken off. Never less than the
    strongest class alone, see `hear`.
    """
    odds = hear(sounds, events, rule)
    for event, weights in enumerate(events.heard.T):
        (known,) = np.nonzero(weights)
        if len(known):
            each = sounds[:, known] + rule.word_weight * np.log(weights[known])
            surprise = np.logaddexp(0, each).sum(1)  # of hearing none: minus its log-probability
            with np.errstate(divide="ignore"):  # no chance at all: the strongest class stays
                together = surprise + np.log(-np.expm1(-surprise)) - alike
            odds[:, event] = np.maximum(odds[:, event], together)
    return odds


def see(scores: Array, faces: Array | None, events: Events, typical: Array, rule: Rule) -> Array:
    """How much likelier (T, E) each event's sight is here than in an ordinary picture: log of odds.

    Args:
        scores: Logits (T, V, K) by view; the best view counts.
        faces: Logit (T,) of a face, None where none was looked for.
        events: The table's.
        typical: Mean log-probability (K,) of each class in ordinary pictures, its best view.
        rule: The constants.
    """
    usual = _log_odds(np.exp(typical) @ events.seen) + rule.usual
    ratio = np.concatenate(
        [_best_view(part, events.seen) for part in _parts(scores)] or [usual[None][:0]]
    )
    ratio = (ratio - usual).astype(np.float32)
    if faces is not None:
        face = np.clip(faces, 0, None)[:, None] * events.face
        ratio = np.where(events.face > 0, np.maximum(ratio, face), ratio)
    return np.asarray(ratio, np.float32)


def weigh(heard: Array, seen: Array, events: Events, rule: Rule) -> Evidence:
    """What speaks for each event, of its log-odds by sound and its ratio by sight, both (T, E)."""
    rival = np.where(events.tells, seen, -np.inf).max(1, keepdims=True)
    rival = np.where(np.isfinite(rival), rival, 0)
    held = hold(seen, rule.fade, rule.reach)
    onset, sight = _joint(heard, held, rival, events, rule, rule.rivalry)
    going, _ = _joint(heard, hold(seen, 0.0, rule.reach), rival, events, rule, rule.rivalry_after)
    return Evidence(onset, np.maximum(onset, going), sight)


def hold(values: Array, fade: float, reach: int) -> Array:
    """The largest (T, E) within `reach` seconds, `fade` less for each second away."""
    held = values.copy()
    for away in range(1, min(reach, len(values) - 1) + 1):
        np.maximum(held[away:], values[:-away] - fade * away, out=held[away:])
        np.maximum(held[:-away], values[away:] - fade * away, out=held[:-away])
    return held


def _joint(
    heard: Array, seen: Array, rival: Array, events: Events, rule: Rule, rivalry: float
) -> tuple[Array, Array]:
    """Log-odds (T, E) of both senses, and what sight adds."""
    sight = np.clip(seen, -rule.most_sight, rule.most_sight)
    sight = np.where(events.tells, sight, np.maximum(sight, 0))
    own = np.where(events.tells, seen, np.maximum(seen, rule.unseen))
    odds = heard + rule.sight_weight * sight - rivalry * np.maximum(rival - own, 0)
    unseen = events.tells & (sight < rule.support)
    return np.where(unseen, UNHEARD, odds).astype(np.float32), sight.astype(np.float32)


def _best_view(scores: Array, weights: Array) -> Array:
    """Log-odds (T, E) of the weighted share in the best view of logits (T, V, K)."""
    shifted = np.exp(scores - scores.max(-1, keepdims=True), dtype=np.float32)
    shares = (shifted @ weights) / shifted.sum(-1, keepdims=True)
    return _log_odds(shares.max(1))


def _log_odds(share: Array) -> Array:
    """Of shares in [0, 1], bounded so that none is infinite."""
    return np.asarray(np.log(share + 1e-9) - np.log1p(1e-3 - share), np.float32)


def _parts(scores: Array) -> list[Array]:
    return [scores[at : at + CELLS_AT_ONCE] for at in range(0, len(scores), CELLS_AT_ONCE)]
