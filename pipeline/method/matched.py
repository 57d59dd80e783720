"""Labels as classes of sound: heard as those whose names are near in a text head's space.

A label named as a class (or as one of its synonyms, which AudioSet separates by commas) is as near
as can be. Towers spread their texts differently, so nearness is counted in standard deviations over
all K classes: a class k weighs

    w(k) = exp((cos(k) - max cos) / std cos),

the nearest 1; few are kept. What is heard is then the everyday model's rule, the largest of
logit(k) + 2 ln w(k).

Source: ours; unmeasured with published towers.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from avel.models.everyday import UNHEARD, Events, Rule, hear, mix_sounds
from avel.pipeline.method.agreement import probability
from avel.pipeline.method.extract import Features
from avel.pipeline.method.senses import Texts

Array = NDArray[np.float32]

MOST = 5
"""Classes of one label."""
LEAST = 0.3
"""Weight under which a class is left out: 1.2 deviations less near than the nearest."""
VERSION = 1


@dataclass(frozen=True)
class Matched:
    """A sense of sound that names classes, each label heard as those whose names are near it."""

    texts: Texts
    classes: tuple[str, ...]
    rule: Rule = field(default_factory=Rule)
    sound_seconds: ClassVar[tuple[int, ...]] = (2, 10)
    """Windows of sound in which classes are heard, as by the everyday model."""

    @property
    def recipe(self) -> dict[str, Any]:
        """The classes, and how labels are matched with them and then heard."""
        rule = {name: asdict(self.rule)[name] for name in ("sound_mix", "word_weight")}
        kept = {"most": MOST, "least": LEAST, "version": VERSION}
        return {**self.texts.recipe, "classes": list(self.classes), **rule, **kept}

    @cached_property
    def weights(self) -> Array:
        """Weight (K, L) of each class for each label."""
        names, _ = synonyms(self.classes)
        labels = self.texts.embeddings[: len(self.texts.prompts.labels)]
        cosines = labels @ self.texts.head.text(self.texts.prompts.of(names)).T
        return weigh_classes(self.texts.prompts.labels, self.classes, cosines.numpy())

    def named(self, label: str) -> dict[str, float]:
        """The classes that a label is heard as, the nearest first, with weights in (0, 1]."""
        column = self.weights[:, self.texts.prompts.labels.index(label)]
        order = [k for k in np.argsort(-column, kind="stable").tolist() if column[k] > 0]
        return {self.classes[k]: float(column[k]) for k in order}

    def sounds(self, features: Features) -> Array:
        """Logits (T, K) of all classes, of the windows of sound together; none without sound."""
        assert features.audio_scores is not None  # as the encoder's declaration says
        logits = mix_sounds(features.audio_scores, self.rule.sound_mix)
        return np.where(features.audio_mask[:, None], logits, UNHEARD).astype(np.float32)

    def shares(self, features: Features) -> Array:
        """Probability (T, L) of each label: of the loudest of its classes."""
        L = self.weights.shape[1]
        sight = np.zeros((0, L), np.float32)
        events = Events(self.weights, sight, np.zeros(L, np.float32), np.zeros(L, bool))
        odds = hear(self.sounds(features), events, self.rule)
        return probability(odds)


def synonyms(classes: Sequence[str]) -> tuple[list[str], list[int]]:
    """Every name of every class, whole and its parts, and the class of each, counted from 0."""
    names, owners = [], []
    for number, name in enumerate(classes):
        for each in dict.fromkeys([name, *name.split(", ")]):
            names.append(each)
            owners.append(number)
    return names, owners


def weigh_classes(labels: Sequence[str], classes: Sequence[str], cosines: Array) -> Array:
    """Weights (K, L) in [0, 1] of classes for labels; 0 where a label is not heard as a class.

    Args:
        labels: L of them.
        classes: K names, synonyms separated by commas.
        cosines: (L, N) with the N `synonyms` of the classes.
    """
    names, owners = synonyms(classes)
    weights = np.zeros((len(classes), len(labels)), np.float32)
    for number, label in enumerate(labels):
        same = np.array([_plain(label) == _plain(name) for name in names])
        named, near = np.zeros(len(classes), bool), np.full(len(classes), -np.inf)
        np.logical_or.at(named, owners, same)
        np.maximum.at(near, owners, np.where(same, 1, cosines[number]))
        each = np.exp((near - near.max()) / (near.std() or 1))
        kept = np.lexsort((~named, -each))[:MOST]  # what is named before what is as near
        weights[kept, number] = np.where(each[kept] >= LEAST, each[kept], 0)
    return weights


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
