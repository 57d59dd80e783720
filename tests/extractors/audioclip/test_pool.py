"""CLIP's attention pooling of tokens, with CLIP's own module as the oracle."""

import torch

from avel.extractors.audioclip.extractor import TinyAudioCLIPExtractor
from avel.extractors.audioclip.pool import TokenPooling


def tokens() -> torch.Tensor:
    """Two leading axes as in training: (B, T, P, C)."""
    return torch.randn(2, 3, 49, 512, generator=torch.Generator().manual_seed(5)).relu() * 3


def test_pooling_of_tokens_is_the_encoders_own(tiny: TinyAudioCLIPExtractor) -> None:
    found = TokenPooling(tiny.model.visual.attnpool)(tokens())
    maps = tokens().flatten(0, 1).transpose(1, 2).reshape(6, 512, 7, 7)
    expected = tiny.model.pool_map(maps)
    torch.testing.assert_close(found.flatten(0, 1), expected, rtol=1e-5, atol=1e-4)


def test_leading_axes_do_not_matter(tiny: TinyAudioCLIPExtractor) -> None:
    pool = TokenPooling(tiny.model.visual.attnpool)
    together, alone = pool(tokens()), pool(tokens()[1])
    assert together.shape == (2, 3, 128)
    assert alone.shape == (3, 128)
    torch.testing.assert_close(together[1], alone, rtol=1e-5, atol=1e-5)


def test_the_order_of_places_matters(tiny: TinyAudioCLIPExtractor) -> None:
    """Each place has its position's embedding, so a turned map is another picture."""
    pool = TokenPooling(tiny.model.visual.attnpool)
    assert not torch.allclose(pool(tokens()), pool(tokens().flip(-2)), atol=1e-3)


def test_gradients_pass_to_the_tokens_and_not_into_the_pool(tiny: TinyAudioCLIPExtractor) -> None:
    pool = tiny.pooling
    assert pool is not None
    x = tokens().requires_grad_(True)
    pool(x).square().sum().backward()
    assert x.grad is not None
    assert (x.grad.abs().amax(-1) > 0).all()  # every place has its say
    assert all(p.grad is None for p in tiny.model.visual.attnpool.parameters())
