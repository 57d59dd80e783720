"""CIC: its equations out of its own layers, and what the modalities may know of each other."""

import pytest
import torch
from torch import nn

from avel.models.dmsf.cic import CIC, Concatenation

D, T = 8, 5


@pytest.fixture
def cic() -> CIC:
    torch.manual_seed(0)
    return CIC(D, 2, 0.1).eval()


def inputs(B: int = 2) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(B, T, D), torch.randn(B, T, D), torch.zeros(B, T, dtype=torch.bool)


def attend(
    module: nn.MultiheadAttention, query: torch.Tensor, key: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Two heads, as products of matrices; the weights are the heads' mean."""
    weights, biases = module.in_proj_weight.chunk(3), module.in_proj_bias.chunk(3)
    q, k, v = (
        (x @ w.T + b).view(len(x), -1, 2, D // 2).transpose(1, 2)
        for x, w, b in zip((query, key, key), weights, biases, strict=True)
    )
    shares = (q @ k.transpose(-1, -2) / (D // 2) ** 0.5).softmax(-1)
    return module.out_proj((shares @ v).transpose(1, 2).flatten(2)), shares.mean(1)


@torch.no_grad()
def test_it_is_its_equations(cic: CIC) -> None:
    v, a, padding = inputs()
    c_v, seen = attend(cic.visual_cross, v, a)
    c_a, heard = attend(cic.audio_cross, a, v)
    rho = torch.sigmoid(cic.filter(torch.cat([v * a, c_v * c_a], -1)))
    f = cic.norm_joint(cic.joint(torch.cat([rho * c_v, rho * c_a], -1)).relu())
    expected_v = cic.visual_feed(cic.norm_visual(v + attend(cic.visual_guide, v, f)[0]))
    expected_a = cic.audio_feed(cic.norm_audio(a + attend(cic.audio_guide, a, f)[0]))
    found_v, found_a, weights = cic(v, a, padding)
    torch.testing.assert_close(found_v, expected_v, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(found_a, expected_a, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(weights["visual_to_audio"], seen)
    torch.testing.assert_close(weights["audio_to_visual"], heard)


@torch.no_grad()
def test_both_streams_hear_of_either_sense(cic: CIC) -> None:
    v, a, padding = inputs()
    base = cic(v, a, padding)[:2]
    for changed in ((-v, a), (v, -a)):
        for before, after in zip(base, cic(*changed, padding)[:2], strict=True):
            assert not torch.allclose(before, after, atol=1e-4)


@torch.no_grad()
def test_a_shut_filter_leaves_each_stream_to_itself(cic: CIC) -> None:
    """rho = 0: the joint sequence is a constant, and nothing of the other sense comes through."""
    v, a, padding = inputs()
    nn.init.zeros_(cic.filter.weight)
    nn.init.constant_(cic.filter.bias, -1e4)
    base, other = cic(v, a, padding), cic(v, -a, padding)
    torch.testing.assert_close(base[0], other[0])
    assert not torch.allclose(base[1], other[1])


@torch.no_grad()
@pytest.mark.parametrize("kind", [CIC, Concatenation])
@pytest.mark.parametrize("length", [1, 3])
def test_padding_changes_nothing(kind: type[nn.Module], length: int) -> None:
    torch.manual_seed(0)
    module, (v, a, padding) = kind(D, 2, 0.1) if kind is CIC else kind(D, 0.1), inputs()
    module.eval()
    padding[0, length:] = True
    whole = module(v, a, padding)
    cut = module(v[:1, :length], a[:1, :length], padding[:1, :length])
    for found, expected in zip(whole[:2], cut[:2], strict=True):
        torch.testing.assert_close(found[:1, :length], expected, atol=1e-5, rtol=1e-5)
    for weights in whole[2].values():
        assert (weights[0, :, length:] == 0).all()


@torch.no_grad()
def test_concatenation_adds_one_shared_layer_to_both() -> None:
    torch.manual_seed(0)
    module, (v, a, padding) = Concatenation(D, 0.1).eval(), inputs()
    joint = (torch.cat([v, a], -1) @ module.joint.weight.T + module.joint.bias).clamp_min(0)
    found_v, found_a, weights = module(v, a, padding)
    torch.testing.assert_close(found_v, module.visual_feed(v + joint))
    torch.testing.assert_close(found_a, module.audio_feed(a + joint))
    assert weights == {}


@torch.no_grad()
def test_concatenation_looks_at_one_segment_at_a_time() -> None:
    torch.manual_seed(0)
    module, (v, a, padding) = Concatenation(D, 0.1).eval(), inputs()
    changed = a.clone()
    changed[:, 2] += 1
    for before, after in zip(
        module(v, a, padding)[:2], module(v, changed, padding)[:2], strict=True
    ):
        moved = (before - after).abs().amax((0, 2)) > 1e-6
        assert moved.tolist() == [False, False, True, False, False]
