"""Convolutions padded as TensorFlow pads them."""

from torch import Tensor, nn
from torch.nn import functional


class SameConv2d(nn.Conv2d):
    """TensorFlow's padding "SAME": as many outputs as inputs / stride, the odd zero at the end."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', ceil(H / stride), ceil(W / stride))."""
        (k, _), (s, _) = self.kernel_size, self.stride
        pads = [max((-(-size // s) - 1) * s + k - size, 0) for size in x.shape[2:]]
        (top, left), (bottom, right) = ([p // 2 for p in pads], [p - p // 2 for p in pads])
        if (top, left) == (bottom, right):
            return functional.conv2d(
                x, self.weight, self.bias, self.stride, (top, left), 1, self.groups
            )
        x = functional.pad(x, (left, right, top, bottom))
        return functional.conv2d(x, self.weight, self.bias, self.stride, 0, 1, self.groups)
