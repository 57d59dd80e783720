"""One contract for all extractors that know words, planned and loaded."""

from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from avel.cache.fingerprint import fingerprint
from avel.extractors import EXTRACTORS, Choice, Words, WordsDeclaration, choose
from tests.extractors.towers import KINDS, tower


class Case(NamedTuple):
    """One extractor that knows words, loaded."""

    choice: Choice
    kind: WordsDeclaration
    words: Words
    labels: list[str]


@pytest.fixture(scope="module", params=["audioclip-tiny", *KINDS])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    name = request.param
    made = [] if name in EXTRACTORS else [tower(tmp_path_factory.mktemp("words") / name, name)]
    choice = choose(name if not made else "openclip", made)
    assert isinstance(choice, Choice)
    assert isinstance(choice.kind, WordsDeclaration)
    words = choice.kind.words(choice.weights, choice.options)
    known = list(choice.kind.known_labels()) or ["dog", "church bell", "a barking dog"]
    return Case(choice, choice.kind, words, known[:3])


def test_who_knows_words() -> None:
    knows = {name for name, kind in EXTRACTORS.items() if isinstance(kind, WordsDeclaration)}
    assert knows == {"audioclip", "audioclip-tiny", "openclip"}


def test_words_are_rows_of_length_one(case: Case) -> None:
    text = case.words.text(case.labels)
    assert text.dtype == torch.float32
    assert not text.requires_grad
    torch.testing.assert_close(text.norm(dim=1), torch.ones(3))
    assert len(text.unique(dim=0)) == 3


def test_each_word_is_its_own(case: Case) -> None:
    """Company and order change nothing."""
    text = case.words.text(case.labels)
    torch.testing.assert_close(case.words.text(case.labels[::-1]).flip(0), text)
    torch.testing.assert_close(case.words.text(case.labels[1:2]), text[1:2], atol=1e-5, rtol=1e-4)


def test_scales_are_positive(case: Case) -> None:
    assert case.words.text_scale("visual") >= 1
    assert case.words.text_scale("audio") >= 1
    assert case.words.text_bias is None or case.words.text_bias < 0


def test_attention_is_shares_or_nothing(case: Case) -> None:
    text = case.words.text(case.labels)
    channels = 512 if case.words.hears_text else 16
    found = case.words.text_attention(torch.randn(3, 49, channels), text)
    if found.shape[1]:
        torch.testing.assert_close(found.sum(1), torch.ones(3))
    assert found.shape in ((3, 49), (3, 0))


def test_tokens_are_counted(case: Case) -> None:
    tokens = case.kind.tokens(case.choice.weights)
    assert tokens(case.labels).shape == (3, tokens.context_length)
    case.kind.check_text(case.choice.weights, case.labels)
    longest = " ".join(["dog"] * (tokens.context_length - 2))
    assert tokens.count(longest) == tokens.context_length
    with pytest.raises(ValueError, match=r"has \d+ tokens, the text head reads \d+; shorten it"):
        case.kind.check_text(case.choice.weights, [longest + " dog"])


def test_recipes_name_the_weights(case: Case) -> None:
    recipe = case.kind.text_recipe(case.choice.weights)
    assert recipe["weights_sha256"] == case.choice.weights.sha256
    assert len(fingerprint(recipe)) == 64


def test_towers_of_sight_have_other_words(tmp_path: Path) -> None:
    texts = []
    for kind in ("clip", "siglip"):
        (choice,) = [choose("openclip", [tower(tmp_path / kind, kind)])]
        assert isinstance(choice, Choice)
        assert isinstance(choice.kind, WordsDeclaration)
        texts.append(choice.kind.words(choice.weights, choice.options).text(["dog"]))
    assert not torch.allclose(*texts)
