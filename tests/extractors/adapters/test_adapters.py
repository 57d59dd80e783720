"""The adapter's formula, where adapters sit, and that they do nothing before they learn."""

import pytest
import torch
from torch import Tensor

from avel.extractors import ExtractorError
from avel.extractors.adapters.adapters import Adapter, Adapters
from avel.extractors.adapters.config import AdapterConfig
from avel.extractors.audioclip.extractor import TinyAudioCLIPExtractor
from tests.extractors.made import cells

WIDTHS = {"audio": 6, "visual": 4, "visual_map": 8}


def stir(adapters: Adapters) -> Adapters:
    """Make every adapter do something, as training would."""
    g = torch.Generator().manual_seed(3)
    for parameter in adapters.parameters():
        with torch.no_grad():
            parameter.add_(torch.randn(parameter.shape, generator=g) * 0.05)
    return adapters.eval()


def features() -> tuple[Tensor, Tensor, Tensor]:
    """Sound (B, T, D), map (B, T, P, C) and picture (B, T, D) of the widths above."""
    g = torch.Generator().manual_seed(1)
    return (
        torch.randn(2, 3, 6, generator=g),
        torch.randn(2, 3, 5, 8, generator=g),
        torch.randn(2, 3, 4, generator=g),
    )


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


def test_a_correction_grows_with_what_it_corrects() -> None:
    """Outputs in the hundreds are felt as those in units are."""
    adapter = Adapter(8, 2, 0.0).eval()
    torch.nn.init.normal_(adapter.up.weight)
    x = torch.randn(5, 8)
    torch.testing.assert_close(adapter(300 * x), 300 * adapter(x), rtol=1e-3, atol=1e-2)


def test_the_bottleneck_is_never_empty() -> None:
    assert Adapter(3, 8, 0.0).down.weight.shape == (1, 3)
    assert Adapter(64, 4, 0.0).down.weight.shape == (16, 64)


def test_dropout_is_of_training_alone() -> None:
    torch.manual_seed(0)
    adapter = Adapter(32, 1, 0.9)
    torch.nn.init.normal_(adapter.up.weight)
    x = torch.randn(4, 32)
    assert not torch.equal(adapter.train()(x), adapter(x))
    assert torch.equal(adapter.eval()(x), adapter(x))


def test_a_fresh_adapter_gives_what_it_gets_and_learns() -> None:
    """Zero at the start, yet its gradient is not."""
    adapter = Adapter(8, 4, 0.0)
    x = torch.randn(2, 8)
    assert torch.equal(adapter(x), x)
    adapter(x).square().sum().backward()
    assert adapter.up.weight.grad is not None
    assert adapter.up.weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    ("placement", "places"),
    [
        ("none", set()),
        ("output", {"audio", "visual", "visual_map"}),
        ("trunk", {"audio3", "audio4", "visual3", "visual4"}),
        ("both", {"audio", "visual", "visual_map", "audio3", "audio4", "visual3", "visual4"}),
    ],
)
def test_places(placement: str, places: set[str], tiny: TinyAudioCLIPExtractor) -> None:
    channels = {**WIDTHS, **tiny.stage_channels}
    adapters = Adapters(AdapterConfig(placement), channels)  # type: ignore[arg-type]
    assert set(adapters.at) == places
    for place in places:
        assert adapters.at[place].down.weight.shape[1] == channels[place]


def test_sides_that_an_encoder_has_not_get_none() -> None:
    """VGGish's width of sight is 0."""
    adapters = stir(Adapters(AdapterConfig("output"), {"audio": 6, "visual": 0, "visual_map": 0}))
    assert set(adapters.at) == {"audio"}
    audio, _, _ = features()
    nothing = torch.zeros(2, 3, 0)
    heard, tokens, seen = adapters.outputs(audio, nothing[..., None, :], nothing, None)
    assert not torch.equal(heard, audio)
    assert tokens.shape == (2, 3, 1, 0)
    assert seen.shape == (2, 3, 0)


def test_trunks_without_stages() -> None:
    with pytest.raises(
        ExtractorError,
        match=r"adapter\.placement 'trunk': this extractor has no place 'visual3'; in-trunk adapte",
    ):
        Adapters(AdapterConfig("trunk"), WIDTHS)


def test_outputs_are_each_corrected_by_their_own() -> None:
    adapters = stir(Adapters(AdapterConfig("output"), WIDTHS))
    given = features()
    found = adapters.outputs(*given, None)
    for name, before, after in zip(("audio", "visual_map", "visual"), given, found, strict=True):
        assert torch.equal(after, adapters.at[name](before))
        assert not torch.equal(after, before)


def test_outputs_are_left_where_adapters_are_inside(tiny: TinyAudioCLIPExtractor) -> None:
    adapters = stir(Adapters(AdapterConfig("trunk"), dict(tiny.stage_channels)))
    given = features()
    assert all(a is b for a, b in zip(adapters.outputs(*given, None), given, strict=True))


def test_the_vector_follows_its_tokens() -> None:
    """It moves by as much as the pooling of the tokens does."""
    adapters = Adapters(AdapterConfig("output"), WIDTHS).eval()
    torch.nn.init.normal_(adapters.at["visual_map"].up.weight)
    audio, tokens, visual = features()

    def pooling(tokens: Tensor) -> Tensor:
        return tokens.mean(-2)[..., :4] * 3

    heard, corrected, seen = adapters.outputs(audio, tokens, visual, pooling)
    assert torch.equal(heard, audio)
    torch.testing.assert_close(seen - visual, pooling(corrected) - pooling(tokens))
    assert (seen - visual).abs().max() > 0.1


def test_a_stages_map_is_corrected_over_its_channels(tiny: TinyAudioCLIPExtractor) -> None:
    adapters = stir(Adapters(AdapterConfig("trunk", (3,)), dict(tiny.stage_channels)))
    x = torch.randn(2, tiny.stage_channels["audio3"], 4, 5)
    found = adapters.after("audio", 3, x)
    assert found.shape == x.shape
    one = adapters.at["audio3"](x[1:, :, 2, 3])[0]
    torch.testing.assert_close(found[1, :, 2, 3], one)
    assert adapters.after("audio", 4, x) is x  # no adapter there


def test_lora_would_do_nothing_in_the_attention_pool(tiny: TinyAudioCLIPExtractor) -> None:
    """Why there is no third kind: the pool reads the weights that meet a map, and never calls them.

    peft puts its change into the call of a linear layer.
    """
    called: list[str] = []
    layers = [getattr(tiny.model.visual.attnpool, f"{name}_proj") for name in "kv"]
    hooks = [layer.register_forward_hook(lambda *_: called.append("once")) for layer in layers]
    tiny(*cells(1))
    for hook in hooks:
        hook.remove()
    assert called == []
