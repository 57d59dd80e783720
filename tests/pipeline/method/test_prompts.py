"""Labels in a template, and what competes with them."""

import pytest

from avel.pipeline.method.prompts import CONTRAST, Prompts
from avel.pipeline.reasons import InputError


def test_words_go_where_the_braces_are() -> None:
    prompts = Prompts(("dog", "rain {}"), "a photo of {}, outside")
    assert prompts.of(prompts.labels) == ["a photo of dog, outside", "a photo of rain {}, outside"]


def test_labels_do_not_compete_with_themselves() -> None:
    """`rain` is one of the common sounds; asked for, it is a label alone."""
    beside = Prompts(("rain", "dog"), "the sound of {}").beside_others()
    assert beside[:2] == ["the sound of rain", "the sound of dog"]
    assert len(beside) == len(set(beside)) == len(CONTRAST) + 1


@pytest.mark.parametrize(
    ("labels", "template", "message"),
    [
        ((), "{}", "no label given; --labels takes words or a file with one label a line"),
        (("dog", ""), "{}", "an empty label names nothing; remove it"),
        (("dog", "cat", "dog"), "{}", "label 'dog' is given twice; remove one"),
        (("dog",), "a photo", r"template 'a photo' must hold \{\} once, where the label goes"),
        (("dog",), "{} and {}", r"template '\{\} and \{\}' must hold \{\} once"),
    ],
)
def test_bad_ones(labels: tuple[str, ...], template: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        Prompts(labels, template)
