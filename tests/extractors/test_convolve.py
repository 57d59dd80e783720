"""Convolutions in one pass against the same in three, and TensorFlow's padding against its rule."""

from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.convolve import ALONE, FUSED, Activation, SameConv2d, convolve, in_parts
from avel.extractors.fold import fold_batch_norms

SIZES = st.integers(1, 13)
KERNELS, STRIDES = st.sampled_from([1, 3, 5]), st.sampled_from([1, 2])


def naive(x: np.ndarray, weight: np.ndarray, stride: int) -> np.ndarray:
    """TensorFlow's rule, output by output: (H, W) and (k, k) to (ceil(H / s), ceil(W / s))."""
    k = len(weight)
    sizes = [-(-size // stride) for size in x.shape]
    before = [
        max((out - 1) * stride + k - size, 0) // 2 for out, size in zip(sizes, x.shape, strict=True)
    ]
    found = np.zeros(sizes)
    for i in range(sizes[0]):
        for j in range(sizes[1]):
            for a in range(k):
                for b in range(k):
                    y, z = i * stride - before[0] + a, j * stride - before[1] + b
                    if 0 <= y < x.shape[0] and 0 <= z < x.shape[1]:
                        found[i, j] += x[y, z] * weight[a, b]
    return found


@given(SIZES, SIZES, KERNELS, STRIDES)
def test_same_padding_is_tensorflows(H: int, W: int, kernel: int, stride: int) -> None:
    g = np.random.default_rng(H * 100 + W)
    x, weight = g.normal(size=(H, W)), g.normal(size=(kernel, kernel))
    conv = SameConv2d(1, 1, kernel, stride, bias=False)
    conv.weight.data = torch.from_numpy(weight).float()[None, None]
    with torch.inference_mode():
        found = conv(torch.from_numpy(x).float()[None, None])
    np.testing.assert_allclose(found[0, 0], naive(x, weight, stride), atol=1e-5)


def test_an_even_map_gets_its_odd_zero_at_the_end() -> None:
    conv = SameConv2d(1, 1, 3, 2, bias=False)
    conv.weight.data = torch.zeros(1, 1, 3, 3)
    conv.weight.data[..., 0, 0] = 1
    with torch.inference_mode():
        found = conv(torch.arange(16.0).view(1, 1, 4, 4))
    assert found.flatten().tolist() == [0, 2, 8, 10]


def unit(groups: int = 1) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    conv, norm = nn.Conv2d(8, 8, 3, padding=1, groups=groups, bias=False), nn.BatchNorm2d(8)
    for value in (norm.weight.data, norm.bias.data, norm.running_mean, norm.running_var):
        assert value is not None
        value.uniform_(0.5, 2)
    return conv.eval(), norm.eval()


def by_hand(x: Tensor, conv: nn.Conv2d, norm: nn.BatchNorm2d, activation: Activation) -> Tensor:
    return ALONE[activation](norm(functional.conv2d(x, conv.weight, None, 1, 1, 1, conv.groups)))


@pytest.mark.parametrize("activation", get_args(Activation))
@pytest.mark.parametrize("groups", [1, 8])
def test_one_pass_is_three(activation: Activation, groups: int) -> None:
    conv, norm = unit(groups)
    x = torch.randn(3, 8, 9, 6) * 3
    with torch.inference_mode():
        expected = by_hand(x, conv, norm, activation)
        torch.testing.assert_close(convolve(x, conv, norm, activation), expected)
        folded = fold_batch_norms(nn.Sequential(conv, norm))
        assert isinstance(folded[0], nn.Conv2d)
        for given in (x, x.contiguous(memory_format=torch.channels_last)):
            found = convolve(given, folded[0], folded[1], activation)
            torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_every_activation_has_both_forms() -> None:
    assert ALONE.keys() == FUSED.keys() == set(get_args(Activation))


@pytest.mark.parametrize("activation", ["relu6", "hardswish"])
def test_gradients_pass_where_they_are_wanted(activation: Activation) -> None:
    """Adapters inside a trunk are trained through the layers after them."""
    conv, _ = unit()
    x = torch.randn(1, 8, 5, 5, requires_grad=True)
    convolve(x, conv.requires_grad_(False), None, activation).sum().backward()
    other = x.detach().clone().requires_grad_(True)
    ALONE[activation](conv(other)).sum().backward()
    assert x.grad is not None
    assert other.grad is not None
    torch.testing.assert_close(x.grad, other.grad)
    assert x.grad.abs().max() > 0


def test_other_precisions_take_torchs_own_way() -> None:
    conv, _ = unit()
    x = torch.randn(1, 8, 5, 5)
    with torch.inference_mode():
        exact = convolve(x, conv, None, "relu")
        with torch.autocast("cpu", torch.bfloat16):
            mixed = convolve(x, conv, None, "relu")
        double = convolve(x.double(), conv.double(), None, "relu")
    assert (mixed.dtype, double.dtype) == (torch.bfloat16, torch.float64)
    torch.testing.assert_close(double.float(), exact)
    torch.testing.assert_close(mixed.float(), exact, atol=0.05, rtol=0.05)


@torch.inference_mode()
def test_weights_that_change_are_seen() -> None:
    """Packed ones are kept from call to call, but not when they are others, at any size of map."""
    with torch.inference_mode(False):
        conv = nn.Conv2d(8, 16, 1).requires_grad_(False)
    x = torch.randn(2, 8, 6, 4)
    for change in (
        lambda: None,
        lambda: conv.weight.mul_(2),
        lambda: setattr(conv, "weight", nn.Parameter(torch.randn(16, 8, 1, 1), False)),
        lambda: setattr(conv.weight, "data", torch.randn(16, 8, 1, 1)),
    ):
        change()
        for maps in (x, x[:1, :, :3]):
            expected = functional.relu(functional.conv2d(maps, conv.weight, conv.bias))
            torch.testing.assert_close(convolve(maps, conv, None, "relu"), expected)


def test_parts_are_the_batch() -> None:
    x = torch.randn(5, 2)
    parts = in_parts(x, 2)
    assert [len(part) for part in parts] == [2, 2, 1]
    assert torch.equal(torch.cat(parts), x)
    elsewhere = in_parts(x.to("meta"), 2)  # only a CPU's cache is small
    assert [len(part) for part in elsewhere] == [5]


def test_parts_are_even() -> None:
    """One picture alone at the end would be computed in another way than the rest."""
    x = torch.arange(30).view(3, 10)
    parts = in_parts(x, 4, 1)
    assert [part.shape[1] for part in parts] == [4, 3, 3]
    assert torch.equal(torch.cat(parts, 1), x)
    assert [len(part) for part in in_parts(x[:0], 4)] == [0]


def test_a_compiler_follows_it_whole() -> None:
    """A break in every layer would exceed what torch compiles anew, and leave the rest as it is."""
    conv = SameConv2d(3, 4, 3, 2).requires_grad_(False)
    found = torch._dynamo.explain(lambda x: convolve(x, conv, None, "relu6"))(
        torch.ones(1, 3, 8, 8)
    )
    assert (found.graph_count, found.graph_break_count) == (1, 0)
