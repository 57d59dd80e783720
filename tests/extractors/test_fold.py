"""Batch normalisation folded into the convolution before it."""

import torch
from torch import nn

from avel.extractors.audioclip.joint import TINY, AudioCLIP
from avel.extractors.fold import fold_batch_norms
from tests import fill


def normed(channels: int) -> nn.BatchNorm2d:
    """One that has seen data, so that leaving it out would show."""
    norm = nn.BatchNorm2d(channels)
    for value in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
        assert value is not None
        value.uniform_(0.5, 2)
    return norm


def test_a_convolution_and_its_norm() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), normed(4), nn.ReLU(), nn.Conv2d(4, 2, 1), normed(2))
    x = torch.randn(2, 3, 8, 8)
    with torch.no_grad():
        expected = network.eval()(x)
        found = fold_batch_norms(network)(x)
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert [type(layer) for layer in network] == [
        nn.Conv2d,
        nn.Identity,
        nn.ReLU,
        nn.Conv2d,
        nn.Identity,
    ]


def test_a_norm_without_its_convolution_stays() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), normed(4)).train()
    x = torch.randn(2, 3, 4, 4)
    with torch.no_grad():
        found = fold_batch_norms(network)(x)
        assert torch.equal(found, network[2](network[1](network[0](x))))
    assert isinstance(network[2], nn.BatchNorm2d)
    assert not network.training


def test_audioclip_keeps_its_outputs() -> None:
    model = AudioCLIP(TINY)
    model.load_state_dict(fill.weights(model.state_dict(), 5))
    model.eval()
    images, sound = torch.randn(2, 3, 224, 224), torch.randn(2, 44_100) * 5000
    with torch.no_grad():
        before = model.image_map(images), model.audio(sound)
        fold_batch_norms(model)
        after = model.image_map(images), model.audio(sound)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in model.modules())
    for a, b in zip(before, after, strict=True):
        assert (a - b).abs().max() < 1e-5 * a.abs().max()
