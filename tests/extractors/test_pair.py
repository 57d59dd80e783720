"""Two extractors as one."""

import numpy as np
import torch

from avel.extractors.pair import Pair
from tests.extractors.conftest import Chooser
from tests.extractors.made import cells, parts


def test_a_pair_gives_sight_of_one_and_sound_of_the_other(chosen: Chooser) -> None:
    tiny, vggish = (parts(chosen(name))[0].load() for name in ("audioclip-tiny", "vggish"))
    recipe = {"extractor": "audioclip-tiny+vggish"}
    pair = Pair(recipe, tiny, vggish)
    frames, samples = cells(2, 224, 16_000)
    found, seen, heard = pair(frames, samples), tiny.embed_sight(frames), vggish(frames, samples)
    assert torch.equal(found["visual"], seen["visual"])
    assert torch.equal(found["visual_map"], seen["visual_map"])
    assert torch.equal(found["audio"], heard["audio"])
    assert (pair.name, pair.recipe) == ("audioclip-tiny+vggish", recipe)


def test_its_pooling_is_that_of_sight(chosen: Chooser) -> None:
    tiny, vggish = (parts(chosen(name))[0].load() for name in ("audioclip-tiny", "vggish"))
    pair = Pair({"extractor": "x"}, tiny, vggish)
    assert pair.pooling is not None
    tokens = torch.rand(1, 49, 512)
    assert tiny.pooling is not None
    assert torch.equal(pair.pooling(tokens), tiny.pooling(tokens))
    assert Pair({"extractor": "x"}, vggish, tiny).pooling is None


def test_it_cuts_as_the_one_that_hears(chosen: Chooser) -> None:
    sound, sight = (parts(chosen(name))[0].load() for name in ("mn04", "vggish"))
    spans, wave = [(0, 6_400)], np.arange(9_600, dtype=np.int16).reshape(3, 3_200)
    assert sound.cut_sound is not None
    (expected,) = sound.cut_sound(wave, spans)
    cut = Pair({"extractor": "x"}, sight, sound).cut_sound
    assert cut is not None
    np.testing.assert_array_equal(np.asarray(cut(wave, spans)[0]), np.asarray(expected))
    assert Pair({"extractor": "x"}, sound, sight).cut_sound is None


def test_its_networks_are_those_of_both(chosen: Chooser) -> None:
    tiny, vggish = (parts(chosen(name))[0].load() for name in ("audioclip-tiny", "vggish"))
    model = Pair({"extractor": "x"}, tiny, vggish).model
    assert not model.training
    own = sum(p.numel() for part in (tiny, vggish) for p in part.model.parameters())
    assert sum(p.numel() for p in model.parameters()) == own
