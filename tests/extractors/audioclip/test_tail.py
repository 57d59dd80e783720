"""The rest of AudioCLIP's trunks in training: from a cached stage to what extraction gives."""

import pytest
import torch
from torch import Tensor

from avel.extractors import Choice, choose
from avel.extractors.adapters.adapters import Adapters
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.audioclip.extractor import TinyAudioCLIPExtractor
from avel.extractors.audioclip.tail import TrunkFront
from tests.extractors.adapters.test_adapters import stir
from tests.extractors.made import cells

OUTPUTS = {"audio": 128, "visual": 128, "visual_map": 512}


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor with bfloat16 instructions, whatever this one has: torch emulates them."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})


def loaded(**options: object) -> TinyAudioCLIPExtractor:
    found = choose("audioclip-tiny", options=options).load()
    assert isinstance(found, TinyAudioCLIPExtractor)
    return found


def stage(until: int, **options: object) -> list[Tensor]:
    """What the cache holds of one video of two cells: sound, map, and nothing."""
    found = loaded(until=until, **options)(*cells(2))
    return [found[name][None] for name in ("audio", "visual_map", "visual")]


def front_of(extractor: TinyAudioCLIPExtractor, placement: str, *stages: int) -> TrunkFront:
    config = AdapterConfig(placement, stages)  # type: ignore[arg-type]
    return TrunkFront(extractor, Adapters(config, {**OUTPUTS, **extractor.stage_channels}))


@pytest.mark.usefixtures("able")
@pytest.mark.parametrize(
    ("precision", "until", "tolerance"),
    # the cached map is rounded to float16, which holds all of bfloat16's digits
    [("float32", 3, 2e-3), ("bfloat16", 3, 0.0), ("bfloat16", 1, 0.0)],
)
def test_step_0_is_extraction_in_its_precision(
    precision: str, until: int, tolerance: float
) -> None:
    extractor = loaded(precision=precision)
    expected, inputs = extractor(*cells(2)), stage(until, precision=precision)
    front = front_of(extractor, "trunk", until).eval()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):  # of a training around it
        found = front(*inputs)
    for value, name in zip(found, ("audio", "visual_map", "visual"), strict=True):
        assert value.dtype == torch.float32
        off = (value[0].to(expected[name].dtype) - expected[name]).abs().max()
        assert off <= tolerance * expected[name].abs().max(), name


def test_a_projected_map_is_projected_here_too() -> None:
    extractor = loaded(dense_map=True)
    front = front_of(extractor, "trunk", 4).eval()
    with torch.no_grad():
        _, tokens, _ = front(*stage(4))
    assert tokens.shape == (1, 2, 49, 128)
    expected = extractor(*cells(2))["visual_map"].float()
    assert (tokens[0] - expected).abs().max() < 5e-3 * expected.abs().max()


def test_stages_before_the_cached_one_do_not_matter(tiny: TinyAudioCLIPExtractor) -> None:
    """Everything below the first adapter may be forgotten once the stage is cached."""
    inputs, extractor = stage(3), loaded()
    front = front_of(extractor, "trunk", 3, 4).eval()
    stir(front.adapters)
    with torch.no_grad():
        before = front(*inputs)
        for parameter in extractor.model.visual.layer3.parameters():
            parameter.zero_()
        after = front(*inputs)
        for parameter in extractor.model.visual.layer4.parameters():
            parameter.mul_(2)
        changed = front(*inputs)
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert not torch.equal(changed[1], after[1])


@pytest.mark.parametrize("placement", ["trunk", "both"])
def test_only_adapters_learn_and_no_trunk_buffer_changes(placement: str) -> None:
    extractor = loaded()
    front = front_of(extractor, placement, 3, 4).train()
    trunk = {k: v.clone() for k, v in extractor.model.state_dict().items()}
    assert not any("_extractor" in name for name in front.state_dict())
    optimizer, inputs = torch.optim.SGD(front.parameters(), 0.1), stage(3)
    for _ in range(2):
        audio, visual_map, visual = front(*inputs)
        (audio.square().mean() + visual_map.square().mean() + visual.square().mean()).backward()
        optimizer.step()
    assert {name.split(".")[0] for name, _ in front.named_parameters()} == {"adapters"}
    assert all(p.grad is not None for p in front.parameters())
    for name, value in trunk.items():
        assert torch.equal(extractor.model.state_dict()[name], value), name


def test_sound_that_shares_no_space_with_text_stays_as_channels(
    tiny_choice: Choice, monkeypatch: pytest.MonkeyPatch
) -> None:
    extractor = loaded()
    monkeypatch.setattr(TinyAudioCLIPExtractor, "hears_text", False)
    with torch.no_grad():
        heard, _, _ = front_of(extractor, "trunk", 3).eval()(*stage(3))
    torch.testing.assert_close(heard[0], extractor(*cells(2))["audio"], rtol=1e-4, atol=1e-4)
    assert heard.shape == (1, 2, 256)
