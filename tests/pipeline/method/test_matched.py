"""Labels as classes of sound: by name, and by how near names are in a space of text."""

from math import exp
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from avel.cache.fingerprint import fingerprint
from avel.extractors.sound.declarations import MN04, YAMNET
from avel.pipeline.method import matched
from avel.pipeline.method.matched import MOST, Matched, synonyms, weigh_classes
from avel.pipeline.method.prompts import Prompts
from avel.pipeline.method.senses import Texts
from tests.pipeline.method.towers import features, pair

CLASSES = ("Dog", "Bark", "Rain", "Vehicle horn, car horn, honking", "Silence")
ALL = (*CLASSES, *(f"Noise {n}" for n in range(30)))
SPACE = {
    "dog": (1.0, 0.0, 0.0),
    "a barking dog": (0.95, 0.3, 0.0),
    "bark": (0.9, 0.4, 0.1),
    "rain": (0.0, 1.0, 0.0),
    "car horn": (0.0, 0.1, 1.0),
    "vehicle horn": (0.0, 0.0, 0.8),
    "honking": (0.1, 0.1, 0.7),
    "vehicle horn, car horn, honking": (0.0, 0.3, 0.9),
    "silence": (-0.8, -0.2, 0.1),
}
"""A made space of text, in which dogs and barks are near."""


class MadeWords:
    """Looks texts up in the made space; remembers what it was asked."""

    hears_text, text_bias = False, None

    def __init__(self) -> None:
        self.asked: list[str] = []

    def text(self, prompts: list[str]) -> Tensor:
        self.asked += prompts
        plain = [prompt.lower().removeprefix("the sound of ") for prompt in prompts]
        vectors = torch.tensor([SPACE.get(p, (-0.3, -0.3, -0.9)) for p in plain])
        return torch.nn.functional.normalize(vectors, dim=-1)


def heard_as(
    label: str, monkeypatch: pytest.MonkeyPatch, folder: Path, template: str = "{}"
) -> tuple[dict[str, float], list[str]]:
    """The classes of a label in the made space, and what the text head was asked."""
    words = MadeWords()
    texts = Texts(pair(folder).sight, Prompts((label,), template))
    monkeypatch.setattr(type(texts.kind), "words", lambda *_: words)
    return Matched(texts, ALL).named(label), words.asked


def test_a_dog_is_heard_as_dog_and_bark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found, _ = heard_as("dog", monkeypatch, tmp_path)
    assert list(found) == ["Dog", "Bark"]
    assert found["Dog"] == 1 > found["Bark"] > 0.5


def test_a_phrase_is_heard_as_what_is_near(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Named as no class, in the template's words on both sides."""
    found, asked = heard_as("a barking dog", monkeypatch, tmp_path, "the sound of {}")
    assert set(found) == {"Dog", "Bark"}
    assert "the sound of a barking dog" in asked
    assert "the sound of Vehicle horn, car horn, honking" in asked
    assert "the sound of honking" in asked


def test_a_synonym_is_the_class(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found, _ = heard_as("Car Horn", monkeypatch, tmp_path)
    assert found == {"Vehicle horn, car horn, honking": 1}


def test_names_win_over_nearness() -> None:
    """A tower that finds a cat nearer to the word than the class of that name."""
    cosines = np.array([[0.6, 0.9, 0.1]], np.float32)
    np.testing.assert_allclose(
        weigh_classes(["rain"], ["Rain", "Cat", "Dog"], cosines)[:2, 0],
        [1, exp((0.9 - 1) / np.std([1, 0.9, 0.1]))],
        rtol=1e-5,
    )


def test_weights_by_hand() -> None:
    """exp of the distance to the nearest in deviations; what weighs under 0.3 is left out."""
    one = np.array([0.9, 0.85, 0.5, 0.5, 0.4], np.float32)
    weights = weigh_classes(["x"], ["a", "b", "c", "d", "e"], one[None])[:, 0]
    np.testing.assert_allclose(weights, [1, exp(-0.05 / one.std()), 0, 0, 0], rtol=1e-4)


def test_the_best_synonym_counts() -> None:
    names, owners = synonyms(["Horn, honking", "Dog"])
    assert names == ["Horn, honking", "Horn", "honking", "Dog"]
    assert owners == [0, 0, 0, 1]
    weights = weigh_classes(["x"], ["Horn, honking", "Dog"], np.array([[0.1, 0.2, 0.9, 0.0]]))
    assert weights[:, 0].tolist() == [1, 0]  # the dog would weigh exp(-2)


@given(st.integers(0, 999), st.floats(0.1, 3), st.floats(-1, 1))
def test_a_towers_own_spread_does_not_count(seed: int, scale: float, shift: float) -> None:
    """Cosines all squeezed and moved, as towers differ: the same classes and weights; few."""
    cosines = np.random.default_rng(seed).random((3, 40)).astype(np.float32)
    classes, labels = [f"c{n}" for n in range(40)], ["x", "y", "z"]
    weights = weigh_classes(labels, classes, cosines)
    moved = weigh_classes(labels, classes, (scale * cosines + shift).astype(np.float32))
    np.testing.assert_allclose(weights, moved, atol=1e-2)
    assert (weights.max(0) == 1).all()
    assert ((weights > 0).sum(0) <= MOST).all()


def test_all_alike_is_no_division_by_zero() -> None:
    """Few are kept even so, and what is named is among them."""
    classes = [f"c{n}" for n in range(9)]
    weights = weigh_classes(["C8"], classes, np.ones((1, 9), np.float32))
    assert np.flatnonzero(weights[:, 0]).tolist() == [0, 1, 2, 3, 8]
    assert weigh_classes(["  a\tb "], ["A B", "c"], np.zeros((1, 2)))[:, 0].tolist() == [1, 0]


@pytest.mark.parametrize("declared", [MN04, YAMNET], ids=lambda d: d.name)
def test_every_class_is_heard_as_itself(declared: object) -> None:
    """Named in full, whatever the tower says."""
    classes = declared.audio_classes  # type: ignore[attr-defined]
    few = [*classes[:3], *classes[-3:]]
    names, _ = synonyms(classes)
    cosines = np.random.default_rng(0).random((6, len(names))).astype(np.float32) * 0.9
    weights = weigh_classes(few, classes, cosines)
    assert [weights[classes.index(name), n] for n, name in enumerate(few)] == [1] * 6


@pytest.fixture(scope="module")
def sense(tmp_path_factory: pytest.TempPathFactory) -> Matched:
    """A made tower's text head over AudioSet's 527."""
    choice = pair(tmp_path_factory.mktemp("pair"))
    return Matched(Texts(choice.sight, Prompts(("dog", "a dog or so"))), choice.audio_classes)


def test_the_loudest_of_its_classes_is_heard(sense: Matched) -> None:
    """Windows of 2 and 10 s in equal parts; a weight w costs 2 ln w."""
    nearest = next(iter(sense.named("dog")))
    phrase, second, *_ = sense.named("a dog or so")
    sounds = np.full((4, 2, 527), -9.0)
    sounds[0, :, sense.classes.index(nearest)] = 2
    sounds[1, :, sense.classes.index(nearest)] = (4, -2)
    sounds[3, :, sense.classes.index(second)] = 3
    given = features(4, sounds=sounds)
    np.testing.assert_allclose(sense.sounds(given)[:2, sense.classes.index(nearest)], [2, 1])
    odds = np.log(sense.shares(given) / (1 - sense.shares(given)))
    np.testing.assert_allclose(odds[:2, 0], [2, 1], rtol=1e-4)
    assert sense.named("a dog or so")[phrase] == 1
    cost = 2 * np.log(sense.named("a dog or so")[second])
    assert odds[3, 1] == pytest.approx(3 + cost, rel=1e-3)
    assert cost < -0.01


def test_classes_and_constants_are_in_the_recipe(
    sense: Matched, monkeypatch: pytest.MonkeyPatch
) -> None:
    marks = {fingerprint(sense.recipe), fingerprint(Matched(sense.texts, ("Dog",)).recipe)}
    monkeypatch.setattr(matched, "LEAST", 0.5)
    marks.add(fingerprint(sense.recipe))
    assert len(marks) == 3
