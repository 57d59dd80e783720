"""Adapters: nothing at step 0, the trunk untouched, and the same features in training and after."""

from pathlib import Path

import pytest
import torch

from avel.extractors import AdaptedChoice, Choice, choose
from avel.extractors.adapters.adapters import (
    Adapter,
    Adapters,
    load_adapters,
    save_adapters,
)
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.weights.files import WeightsError
from avel.pipeline.learning.fronts import cached_before, make_front, tuned
from avel.pipeline.method.extract import CellBatches, Features

TINY = choose("audioclip-tiny")


def batch(count: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(7)
    frames = torch.randint(0, 256, (count, 1, 3, 224, 224), generator=g, dtype=torch.uint8)
    return frames, torch.randint(-9000, 9000, (count, 44_100), generator=g, dtype=torch.int16)


def cached(choice: Choice) -> Features:
    arrays = {key: value.numpy() for key, value in choice.load()(*batch()).items()}
    there = torch.ones(3, dtype=torch.bool).numpy()
    return Features(**arrays, visual_mask=there, audio_mask=there, duration=3.0, flags=())


def stir(adapters: Adapters) -> None:
    """Make every adapter do something, as training would."""
    g = torch.Generator().manual_seed(3)
    for parameter in adapters.parameters():
        with torch.no_grad():
            parameter.add_(torch.randn(parameter.shape, generator=g) * 0.05)


def test_an_adapter_is_the_formula() -> None:
    adapter = Adapter(8, 4, 0.0).eval()
    torch.nn.init.normal_(adapter.up.weight)
    adapter.scale.data.fill_(0.5)
    x = torch.randn(2, 3, 8)
    normed = (x - x.mean(-1, keepdim=True)) / (
        x.var(-1, keepdim=True, unbiased=False) + 1e-5
    ).sqrt()
    hidden = normed @ adapter.down.weight.T + adapter.down.bias
    hidden = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))
    change = x.square().mean(-1, keepdim=True).sqrt() * (hidden @ adapter.up.weight.T)
    torch.testing.assert_close(adapter(x), x + 0.5 * change)


@pytest.mark.parametrize("placement", ["output", "trunk", "both"])
@pytest.mark.parametrize("stages", [(1, 4), (3, 4), (4,)])
def test_step_0_is_the_frozen_encoder(
    tmp_path: Path, placement: str, stages: tuple[int, ...]
) -> None:
    """Bit for bit, as an extractor and in training's path from the cached stage."""
    config = AdapterConfig(placement, stages)  # type: ignore[arg-type]
    plain = TINY.load()(*batch())
    before = cached(cached_before(TINY, config))  # type: ignore[arg-type]
    front = make_front(TINY, config, before)
    save_adapters(tmp_path / "a.safetensors", front.adapters, TINY.recipe)
    adapted = AdaptedChoice(TINY, tmp_path / "a.safetensors").load()(*batch())
    assert all(torch.equal(adapted[key], plain[key]) for key in plain)
    trained = tuned(front.eval())(before)
    for key, value in plain.items():
        found = torch.from_numpy(getattr(trained, key)).float()
        # the cached stage is rounded to 16 bits
        assert torch.cosine_similarity(found, value.float(), -1).min() > 0.9999


@pytest.mark.parametrize("placement", ["output", "trunk", "both"])
def test_tuned_features_are_those_of_training(tmp_path: Path, placement: str) -> None:
    config = AdapterConfig(placement)  # type: ignore[arg-type]
    before = cached(cached_before(TINY, config))  # type: ignore[arg-type]
    front = make_front(TINY, config, before)
    stir(front.adapters)
    save_adapters(tmp_path / "a.safetensors", front.adapters, TINY.recipe)
    choice = AdaptedChoice(TINY, tmp_path / "a.safetensors")
    extractor = choice.load()
    adapted, plain = extractor(*batch()), TINY.load()(*batch())
    trained = tuned(front.eval())(before)
    for key, value in adapted.items():
        found = torch.from_numpy(getattr(trained, key)).float()
        assert torch.cosine_similarity(found, value.float(), -1).min() > 0.9999
        assert torch.cosine_similarity(plain[key].float(), value.float(), -1).min() < 0.9999
    assert choice.recipe != TINY.recipe
    assert not any(p.requires_grad for p in extractor.model.parameters())
    CellBatches(extractor, 4)  # frozen again, so it may go into the cache


@pytest.mark.parametrize("placement", ["output", "trunk", "both"])
def test_only_adapters_learn_and_no_trunk_buffer_changes(placement: str) -> None:
    config = AdapterConfig(placement)  # type: ignore[arg-type]
    before = cached(cached_before(TINY, config))  # type: ignore[arg-type]
    front = make_front(TINY, config, before).train()
    trunk = {}
    if hasattr(front, "_extractor"):
        trunk = {k: v.clone() for k, v in front._extractor.model.state_dict().items()}
        assert "_extractor" not in str(list(front.state_dict()))
    optimizer = torch.optim.SGD(front.parameters(), 0.1)
    inputs = [
        torch.from_numpy(a.copy())[None] for a in (before.audio, before.visual_map, before.visual)
    ]
    for _ in range(2):
        audio, visual_map, visual = front(*inputs)
        (audio.square().mean() + visual_map.square().mean() + visual.square().mean()).backward()
        optimizer.step()
    assert {name.split(".")[0] for name, _ in front.named_parameters()} == {"adapters"}
    assert all(p.grad is not None for p in front.parameters())
    for name, value in trunk.items():
        assert torch.equal(front._extractor.model.state_dict()[name], value), name


def test_training_adapters_may_not_fill_the_cache(tmp_path: Path) -> None:
    adapters = Adapters(AdapterConfig("output"), {"audio": 128, "visual": 128, "visual_map": 512})
    save_adapters(tmp_path / "a.safetensors", adapters, TINY.recipe)
    extractor = AdaptedChoice(TINY, tmp_path / "a.safetensors").load()
    extractor.model.requires_grad_(True)
    with pytest.raises(ValueError, match="'audioclip-tiny, adapted' has parameters in training"):
        CellBatches(extractor, 4)


def test_placements_that_do_not_exist() -> None:
    with pytest.raises(ValueError, match=r"adapter\.placement 'inside' is none of none, output, t"):
        AdapterConfig("inside")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"adapter\.stages \[5\] must be some of 1, 2, 3, 4"):
        AdapterConfig("trunk", (5,))
    with pytest.raises(ValueError, match="has no place 'visual3'; in-trunk adapters need an Aud"):
        Adapters(AdapterConfig("trunk"), {"audio": 8})


def test_adapters_of_another_encoder(tmp_path: Path) -> None:
    adapters = Adapters(AdapterConfig("output"), {"audio": 128, "visual": 128, "visual_map": 512})
    save_adapters(tmp_path / "a.safetensors", adapters, {**TINY.recipe, "weights_sha256": "0" * 64})
    with pytest.raises(WeightsError, match="was tuned on another encoder: weights_sha256 is b86f"):
        load_adapters(tmp_path / "a.safetensors", TINY.recipe)
    with pytest.raises(
        WeightsError, match=r"no such adapters; `avel train --set adapter\.placement"
    ):
        load_adapters(tmp_path, TINY.recipe)
    (tmp_path / "adapters.safetensors").write_bytes(b"junk")
    with pytest.raises(WeightsError, match="cannot be read as adapters"):
        load_adapters(tmp_path, TINY.recipe)
    with pytest.raises(WeightsError, match="is no file of adapters"):
        load_adapters(TINY.weights.files[0].path, TINY.recipe)  # type: ignore[union-attr]


def test_pooling_of_tokens_is_the_encoders_own() -> None:
    """CLIP's module is the oracle; two leading axes as in training."""
    extractor = TINY.load()
    tokens = torch.randn(2, 3, 49, 512, generator=torch.Generator().manual_seed(5)).relu() * 3
    found = extractor.pooling(tokens)
    maps = tokens.flatten(0, 1).transpose(1, 2).reshape(6, 512, 7, 7)
    expected = extractor.model.pool_map(maps)
    torch.testing.assert_close(found.flatten(0, 1), expected, rtol=1e-5, atol=1e-4)
    with_projected_map = choose("audioclip-tiny", (), {"dense_map": True}).load()
    assert with_projected_map.pooling is None


def test_the_vector_follows_its_tokens() -> None:
    """An adapter of the tokens alone moves the picture's vector by what the pooling moves."""
    before = cached(TINY)
    front = make_front(TINY, AdapterConfig("output"), before).eval()
    torch.nn.init.normal_(front.adapters.at["visual_map"].up.weight)
    audio, tokens, visual = (
        torch.from_numpy(a.copy())[None].float()
        for a in (before.audio, before.visual_map, before.visual)
    )
    heard, corrected, seen = front(audio, tokens, visual)
    pool = TINY.load().pooling
    assert torch.equal(heard, audio)
    moved = pool(corrected) - pool(tokens)
    torch.testing.assert_close(seen - visual, moved, rtol=1e-4, atol=1e-4)
    assert (seen - visual).abs().max() > 0.1


def test_lora_would_do_nothing_in_the_attention_pool() -> None:
    """Why there is no third kind: the pool reads its projections' weights and never calls them.

    peft puts its change into the call of a linear layer.
    """
    extractor = TINY.load()
    called = []
    for name in ("q_proj", "k_proj", "v_proj", "c_proj"):
        layer = getattr(extractor.model.visual.attnpool, name)
        layer.register_forward_hook(lambda *_, name=name: called.append(name))
    extractor(*batch(1))
    assert called == []
