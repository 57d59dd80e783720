"""What a sense says of labels by words in its own space."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from avel.cache.fingerprint import fingerprint
from avel.extractors import Choice, choose
from avel.pipeline.method.prompts import CONTRAST, Prompts
from avel.pipeline.method.senses import Compared, Texts
from avel.pipeline.reasons import InputError
from avel.pipeline.synth.script import class_names
from tests.pipeline.method.towers import features, pair

LABELS = ("dog", "church bell")


@pytest.fixture(scope="module")
def towers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Choice]:
    root = tmp_path_factory.mktemp("senses")
    return {kind: pair(root / kind, kind).sight for kind in ("clip", "siglip")}


def test_words_learned_against_each_other_compete(towers: dict[str, Choice]) -> None:
    """A softmax over labels and common things, of scaled cosines."""
    sense = Compared(Texts(towers["clip"], Prompts(LABELS)), "visual")
    given, head = features(4), sense.texts.head
    prompts = [*LABELS, *CONTRAST]
    assert sense.texts.asked == prompts
    vectors = functional.normalize(torch.from_numpy(given.visual), dim=-1)
    logits = head.text_scale("visual") * vectors @ head.text(prompts).T
    np.testing.assert_allclose(sense.shares(given), logits.softmax(1)[:, :2].numpy(), atol=1e-6)


def test_words_learned_alone_do_not_compete(towers: dict[str, Choice]) -> None:
    """With a bias, another label takes nothing away; what is common does."""
    one, two = (
        Compared(Texts(towers["siglip"], Prompts(labels)), "visual")
        for labels in (LABELS[:1], LABELS)
    )
    given = features(5)
    np.testing.assert_allclose(one.shares(given)[:, 0], two.shares(given)[:, 0], atol=1e-6)
    head = two.texts.head
    assert head.text_bias is not None
    logits = head.text_scale("visual") * (
        functional.normalize(torch.from_numpy(given.visual), dim=-1)
        @ head.text([*LABELS, *CONTRAST]).T
    )
    odds = logits[:, :2] - logits[:, 2:].logsumexp(1, keepdim=True)
    np.testing.assert_allclose(two.shares(given), odds.sigmoid().numpy(), atol=1e-5)


def test_a_picture_of_a_label_is_seen_as_it(towers: dict[str, Choice]) -> None:
    """Vectors that are the words' own."""
    for choice in towers.values():
        sense = Compared(Texts(choice, Prompts(LABELS)), "visual")
        own = sense.texts.embeddings[:2].numpy()
        shares = sense.shares(features(2, seen=own))
        assert shares.argmax(1).tolist() == [0, 1]
        plain = sense.shares(features(2, seen=3 * own))
        np.testing.assert_allclose(plain, shares, atol=1e-5)  # lengths say nothing


def test_common_things_asked_for_all_leave_the_bias(towers: dict[str, Choice]) -> None:
    """Nothing is left to compete: the sigmoid of the logit itself."""
    sense = Compared(Texts(towers["siglip"], Prompts(CONTRAST)), "visual")
    given, head = features(2), sense.texts.head
    vectors = functional.normalize(torch.from_numpy(given.visual), dim=-1)
    bias = head.text_bias or 0
    logits = head.text_scale("visual") * vectors @ sense.texts.embeddings.T + bias
    np.testing.assert_allclose(sense.shares(given), logits.sigmoid().numpy(), atol=1e-6)


def test_a_calibrated_rest_needs_no_others() -> None:
    names = class_names()[:2]
    tiny = choose("audioclip-tiny")
    assert isinstance(tiny, Choice)
    texts = Texts(tiny, Prompts(tuple(names)))
    assert texts.asked == list(names)
    sense = Compared(texts, "audio")
    given = replace(features(2), audio=texts.embeddings.numpy())
    shares = sense.shares(given)
    near, scale = texts.embeddings @ texts.embeddings.T, texts.head.text_scale("audio")
    logits = torch.cat([scale * near, torch.full((2, 1), scale * 0.82)], 1)
    np.testing.assert_allclose(shares, logits.softmax(1)[:, :2].numpy(), atol=1e-5)
    assert (shares.sum(1) < 1).all()
    attention = sense.attention(replace(given, visual_map=np.ones((2, 49, 512))), np.array([0, 1]))
    np.testing.assert_allclose(attention, 1 / 49, atol=1e-4)  # a map alike everywhere


def test_a_towers_map_has_no_words(towers: dict[str, Choice]) -> None:
    sense = Compared(Texts(towers["clip"], Prompts(LABELS)), "visual")
    assert sense.attention(features(3), np.zeros(3, np.int64)).shape == (3, 0)


def test_sound_that_met_no_text(towers: dict[str, Choice]) -> None:
    with pytest.raises(InputError, match=r"shares no space with text; --labels needs AudioCLIP-F"):
        Compared(Texts(towers["clip"], Prompts(LABELS)), "audio").shares(features(1))


def test_names_that_the_weights_do_not_know() -> None:
    tiny = choose("audioclip-tiny")
    assert isinstance(tiny, Choice)
    with pytest.raises(InputError, match=r"audioclip-tiny knows 28 names only .* not 'dog'"):
        Texts(tiny, Prompts(("dog",)))


def test_labels_longer_than_the_towers_context(towers: dict[str, Choice]) -> None:
    with pytest.raises(ValueError, match="has 65 tokens, the text head reads 64; shorten it"):
        Texts(towers["siglip"], Prompts((" ".join(["dog"] * 63),)))


def test_what_decides_is_in_the_recipe(towers: dict[str, Choice], tmp_path: Path) -> None:
    asked = [
        (towers["clip"], Prompts(LABELS)),
        (towers["clip"], Prompts(LABELS, "a photo of {}")),
        (towers["siglip"], Prompts(LABELS)),
    ]
    marks = {fingerprint(Compared(Texts(*each), "visual").recipe) for each in asked}
    assert len(marks) == 3
