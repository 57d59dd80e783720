"""Convolutions of frozen networks, with what follows each in the same pass over memory."""

from collections.abc import Callable
from typing import Literal
from weakref import WeakKeyDictionary

import torch
from torch import Tensor, nn
from torch.nn import functional

Activation = Literal["", "relu", "relu6", "hardswish"]

FUSED: dict[Activation, tuple[str, list[float]]] = {
    "": ("none", []),
    "relu": ("relu", []),
    "relu6": ("hardtanh", [0.0, 6.0]),
    "hardswish": ("hardswish", []),
}
"""What oneDNN calls them."""
PACKED: WeakKeyDictionary[nn.Conv2d, tuple[tuple[int, ...], Tensor]] = WeakKeyDictionary()
"""Weights of convolutions that ran, in oneDNN's order, and of which state they are."""
ALONE: dict[Activation, Callable[[Tensor], Tensor]] = {
    "": lambda x: x,
    "relu": functional.relu,
    "relu6": functional.relu6,
    "hardswish": functional.hardswish,
}


class SameConv2d(nn.Conv2d):
    """TensorFlow's padding "SAME": as many outputs as inputs / stride, the odd zero at the end."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', ceil(H / stride), ceil(W / stride))."""
        return convolve(x, self, None, "")


def convolve(x: Tensor, conv: nn.Conv2d, norm: nn.Module | None, activation: Activation) -> Tensor:
    """A convolution, its norm and its activation: (N, C, H, W) to (N, C', H', W').

    On a CPU oneDNN computes all three at once where `fold_batch_norms` made the norm a part of the
    weights: the maps of these small networks take longer to write and read than to compute.

    Args:
        x: Any memory format; the output's is the same.
        conv: Square kernel and stride; a `SameConv2d` or one with its own padding.
        norm: After the convolution; None or Identity for none.
        activation: After both; empty for none.
    """
    padding = conv.padding[0]
    if isinstance(conv, SameConv2d):
        x, padding = _same(x, conv.kernel_size[0], conv.stride[0])
    pads = [int(padding)] * 2
    if norm is None or isinstance(norm, nn.Identity):
        if _in_one_pass(x, conv.weight):
            how, numbers = FUSED[activation]
            weight = _packed(conv, x, pads)
            fused: Tensor = torch.ops.mkldnn._convolution_pointwise(
                x, weight, conv.bias, pads, conv.stride, [1, 1], conv.groups, how, numbers, ""
            )
            return fused
        norm = None
    found = functional.conv2d(x, conv.weight, conv.bias, conv.stride, pads, 1, conv.groups)
    return ALONE[activation](norm(found) if norm is not None else found)


def in_parts(x: Tensor, count: int, dim: int = 0) -> tuple[Tensor, ...]:
    """A batch in even parts of at most so many on a CPU, whose cache holds them; else whole."""
    if x.device.type != "cpu" or torch.compiler.is_compiling() or not x.shape[dim]:
        return (x,)
    return torch.tensor_split(x, -(-x.shape[dim] // count), dim)


def _packed(conv: nn.Conv2d, x: Tensor, pads: list[int]) -> Tensor:
    """The weights in oneDNN's own order: with small maps that takes as long as their use.

    Made once, and again where the weights are others.
    """
    weight, known = conv.weight, PACKED.get(conv)
    version = 0 if weight.is_inference() else weight._version
    state = (id(weight), weight.data_ptr(), version)
    if known is None or known[0] != state:
        made: Tensor = torch.ops.mkldnn._reorder_convolution_weight(
            weight, pads, conv.stride, [1, 1], conv.groups, list(x.shape)
        )
        PACKED[conv] = known = (state, made)
    return known[1]


def _in_one_pass(x: Tensor, weight: Tensor) -> bool:
    """Whether oneDNN's own kernels do: in float32, without gradients, not while compiling."""
    if torch.compiler.is_compiling():  # before all that a compiler cannot follow
        return False
    return (
        x.device.type == "cpu"
        and x.dtype == weight.dtype == torch.float32
        and bool(torch.backends.mkldnn.is_available())  # type: ignore[no-untyped-call]
        and not torch.is_autocast_enabled("cpu")
        and not (torch.is_grad_enabled() and (x.requires_grad or weight.requires_grad))
    )


def _same(x: Tensor, kernel: int, stride: int) -> tuple[Tensor, int]:
    """The map, with zeros around it where they are not the same on both sides; else how many."""
    H, W = (max((-(-size // stride) - 1) * stride + kernel - size, 0) for size in x.shape[2:])
    if H == W and H % 2 == 0:
        return x, H // 2
    return functional.pad(x, (W // 2, W - W // 2, H // 2, H - H // 2)), 0
