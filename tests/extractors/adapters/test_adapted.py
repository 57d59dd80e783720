"""An encoder with adapters in it: nothing at step 0, the same as in training after."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avel.extractors import AdaptedChoice, Choice, PairChoice
from avel.extractors.adapters.adapters import Adapters
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.adapters.files import save_adapters
from avel.extractors.audioclip.extractor import TinyAudioCLIPExtractor
from avel.pipeline.learning.fronts import cached_before, make_front, tuned
from avel.pipeline.method.encode import CellBatches
from avel.pipeline.method.extract import Features
from tests.extractors.adapters.test_adapters import stir
from tests.extractors.conftest import Chooser
from tests.extractors.made import cells, parts

COUNT = 2
CASES = [("output", (3, 4)), ("trunk", (3, 4)), ("trunk", (1, 4)), ("both", (4,))]


@pytest.fixture(scope="module")
def plain(tiny: TinyAudioCLIPExtractor) -> dict[str, torch.Tensor]:
    """What the frozen encoder says of the cells."""
    return tiny(*cells(COUNT))


def cached(choice: Choice | PairChoice) -> Features:
    """The stage that training reads, as the cache gives it."""
    arrays = {key: value.numpy() for key, value in choice.load()(*cells(COUNT)).items()}
    there = torch.ones(COUNT, dtype=torch.bool).numpy()
    return Features(**arrays, visual_mask=there, audio_mask=there, duration=2.0, flags=())


def alike(found: torch.Tensor, value: torch.Tensor) -> float:
    return float(torch.cosine_similarity(found.float(), value.float(), -1).min())


@pytest.mark.parametrize(("placement", "stages"), CASES)
def test_at_step_0_and_after_it(
    tmp_path: Path,
    tiny_choice: Choice,
    plain: dict[str, torch.Tensor],
    placement: str,
    stages: tuple[int, ...],
) -> None:
    """Bit for bit the frozen encoder, and then what training's path from the cache says."""
    config = AdapterConfig(placement, stages)  # type: ignore[arg-type]
    before, path = cached(cached_before(tiny_choice, config)), tmp_path / "a.safetensors"
    front = make_front(tiny_choice, config, before)
    assert front is not None
    assert isinstance(front.adapters, Adapters)
    save_adapters(path, front.adapters, tiny_choice.recipe)
    fresh = AdaptedChoice(tiny_choice, path).load()(*cells(COUNT))
    trained = tuned(front.eval())(before)
    for key, value in plain.items():
        assert torch.equal(fresh[key], value)
        # the cached stage is rounded to 16 bits
        assert alike(torch.from_numpy(getattr(trained, key)), value) > 0.9999
    stir(front.adapters)
    save_adapters(path, front.adapters, tiny_choice.recipe)
    choice = AdaptedChoice(tiny_choice, path)
    extractor = choice.load()
    adapted, trained = extractor(*cells(COUNT)), tuned(front)(before)
    for key, value in adapted.items():
        assert alike(torch.from_numpy(getattr(trained, key)), value) > 0.9999
        assert alike(plain[key], value) < 0.9999
        assert value.dtype == plain[key].dtype
    assert choice.recipe == extractor.recipe != tiny_choice.recipe
    CellBatches(extractor, 4)  # frozen again, so it may go into the cache


def test_a_pair_is_corrected_at_its_outputs(tmp_path: Path, chosen: Chooser) -> None:
    sight, sound = (parts(chosen(name))[0] for name in ("audioclip-tiny", "vggish"))
    pair = PairChoice(sight, sound)
    frames, samples = cells(COUNT, 224, 16_000)
    adapters = stir(
        Adapters(AdapterConfig("output"), {"audio": 128, "visual": 128, "visual_map": 512})
    )
    save_adapters(tmp_path / "a.safetensors", adapters, pair.recipe)
    found = AdaptedChoice(pair, tmp_path / "a.safetensors").load()(frames, samples)
    given = pair.load()(frames, samples)
    torch.testing.assert_close(found["audio"], adapters.at["audio"](given["audio"]))
    assert not torch.equal(found["audio"], given["audio"])


def test_its_name_says_that_it_is_adapted(tmp_path: Path, tiny_choice: Choice) -> None:
    adapters = Adapters(AdapterConfig("output"), {"audio": 128, "visual": 128, "visual_map": 512})
    save_adapters(tmp_path / "a.safetensors", adapters, tiny_choice.recipe)
    extractor = AdaptedChoice(tiny_choice, tmp_path / "a.safetensors").load()
    assert extractor.name == "audioclip-tiny, adapted"
    extractor.model.requires_grad_(True)
    with pytest.raises(ValueError, match="'audioclip-tiny, adapted' has parameters in training"):
        CellBatches(extractor, 4)


def test_scores_of_a_pair_pass_through(chosen: Chooser, tmp_path: Path) -> None:
    """They are the frozen encoder's; vectors and map are corrected."""
    pair = chosen("efficientnet-lite0+mn04")
    frozen = pair.load()(*cells(COUNT, 64, 32_000))
    widths = {"audio": 512, "visual": 1280, "visual_map": 1280}
    adapters = Adapters(AdapterConfig("output"), widths)
    path = tmp_path / "a.safetensors"
    save_adapters(path, adapters, pair.recipe)
    fresh = AdaptedChoice(pair, path)
    assert fresh.visual_classes == pair.visual_classes
    assert fresh.audio_classes == pair.audio_classes
    loaded = fresh.load()
    found = loaded(*cells(COUNT, 64, 32_000))
    assert loaded.cut_sound is not None  # it hears as the frozen one does
    (cut,) = loaded.cut_sound(np.zeros((2, 6_400), np.int16), [(3_200, 6_400)])
    assert np.asarray(cut).shape == (128, 20)
    assert found.keys() == frozen.keys()
    assert all(torch.equal(found[name], value) for name, value in frozen.items())
    stir(adapters)
    save_adapters(path, adapters, pair.recipe)
    stirred = AdaptedChoice(pair, path).load()(*cells(COUNT, 64, 32_000))
    for name, value in frozen.items():
        assert torch.equal(stirred[name], value) == name.endswith("_scores")
