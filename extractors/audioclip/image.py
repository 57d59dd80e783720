"""CLIP's image head: a ResNet with a longer stem, anti-aliased strides and attention pooling.

Source: Radford et al., ICML 2021, section 2.4; reference section 3.3. Names are the published ones.
"""

from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.audioclip.pool import AttentionPool
from avel.extractors.convolve import convolve

HEAD_WIDTH = 64
"""Channels of one head of the pooling."""
STRIDE = 32
"""Pixels between two places of the last map."""


class Bottleneck(nn.Module):
    """Narrow, filtered, wide again; strides are averages, so that no pixel is left out."""

    expansion = 4

    def __init__(self, channels: int, planes: int, stride: int) -> None:
        super().__init__()
        self.stride, wide = stride, planes * self.expansion
        self.conv1 = nn.Conv2d(channels, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, wide, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(wide)
        nn.init.zeros_(self.bn3.weight)  # a block begins as the identity
        if stride > 1 or channels != wide:
            names = OrderedDict[str, nn.Module]()
            names["0"] = nn.Conv2d(channels, wide, 1, bias=False)
            names["1"] = nn.BatchNorm2d(wide)
            self.downsample = nn.Sequential(names)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, 4 planes, H / stride, W / stride)."""
        y = convolve(x, self.conv1, self.bn1, "relu")
        y = self._smaller(convolve(y, self.conv2, self.bn2, "relu"))
        y = convolve(y, self.conv3, self.bn3, "")
        if hasattr(self, "downsample"):
            conv, norm = self.downsample
            x = convolve(self._smaller(x), conv, norm, "")  # type: ignore[arg-type]
        return functional.relu(y + x)

    def _smaller(self, x: Tensor) -> Tensor:
        return functional.avg_pool2d(x, self.stride) if self.stride > 1 else x


class ImageHead(nn.Module):
    """Normalised pictures (N, 3, S, S) to maps and vectors.

    Args:
        layers: Blocks of each stage.
        width: Channels after the stem.
        image_size: S, in pixels.
        embed_dim: Of a vector.
    """

    def __init__(self, layers: Sequence[int], width: int, image_size: int, embed_dim: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, width // 2, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width // 2)
        self.conv2 = nn.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width // 2)
        self.conv3 = nn.Conv2d(width // 2, width, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(width)
        channels = width
        for i, depth in enumerate(layers):
            planes = width * 2**i
            blocks = [Bottleneck(channels, planes, 2 if i else 1)]
            channels = planes * Bottleneck.expansion
            blocks += [Bottleneck(channels, planes, 1) for _ in range(depth - 1)]
            self.add_module(f"layer{i + 1}", nn.Sequential(*blocks))
        places = (image_size // STRIDE) ** 2
        self.attnpool = AttentionPool(places, channels, channels // HEAD_WIDTH, embed_dim)

    def stem(self, images: Tensor) -> Tensor:
        """Map (N, C, S / 4, S / 4) before the first stage."""
        x = convolve(images, self.conv1, self.bn1, "relu")
        x = convolve(x, self.conv2, self.bn2, "relu")
        x = convolve(x, self.conv3, self.bn3, "relu")
        return functional.avg_pool2d(x, 2)
