"""MTCNN: how sure it is that there is a face in a picture.

Source: Zhang et al., IEEE Signal Processing Letters 2016: a pyramid of the picture through a small
network that proposes boxes, and two larger ones that judge what is in them. Layers are named as in
the usual PyTorch conversion. Ours differs: only the most probable face's logit is wanted, so the
last network's boxes and landmarks are not computed, and at most `MOST` boxes of a picture are
judged, which bounds the time that a picture full of patterns takes.
"""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors.convolve import in_parts
from avel.extractors.vision.boxes import cut, suppress

SMALLEST = 20
"""Side of the smallest face that is looked for, in pixels."""
CELL, STRIDE = 12, 2
"""Side of what the first network looks at, and how far apart it looks, in pixels."""
FACTOR = 0.709
"""Of one picture of the pyramid to the next: half the area."""
PROPOSED, REFINED = 0.405, 0.847
"""Logits from which a box is judged further: probabilities 0.6 and 0.7."""
OVERLAP_OF_ONE, OVERLAP = 0.5, 0.7
"""Intersection over union from which two boxes of one size, and of any, are the same."""
MOST = 24
"""Boxes of one picture that the second network sees."""
MEAN, SCALE = 127.5, 1 / 128
AREA, FEWEST = 36_000, 4
"""Pixels that go through a network together on a CPU, which bounds its memory, and pictures that
always may: of one alone a convolution's last bits can be others."""
NONE = -10.0
"""Where nothing was found; the other end of the range is +10."""


def _convolutions(*layers: tuple[int, int, int, tuple[int, int] | None]) -> nn.Sequential:
    """Convolutions with PReLU: channels in and out, kernel, and the pooling after them."""
    made = nn.Sequential()
    for i, (channels, width, kernel, pool) in enumerate(layers, 1):
        made.add_module(f"conv{i}", nn.Conv2d(channels, width, kernel))
        made.add_module(f"prelu{i}", nn.PReLU(width))
        if pool:
            made.add_module(f"pool{i}", nn.MaxPool2d(*pool, ceil_mode=True))
    return made


class ProposalNet(nn.Module):
    """Pictures (N, 3, H, W) to logits (N, H', W') and boxes (N, 4, H', W') of cells of 12 px."""

    def __init__(self) -> None:
        super().__init__()
        self.features = _convolutions((3, 10, 3, (2, 2)), (10, 16, 3, None), (16, 32, 3, None))
        self.conv4_1, self.conv4_2 = nn.Conv2d(32, 2, 1), nn.Conv2d(32, 4, 1)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and how far each side is off, in sides of a cell: left, top, right, bottom."""
        x = self.features(images)
        scores = self.conv4_1(x)
        return scores[:, 1] - scores[:, 0], self.conv4_2(x)


class RefineNet(nn.Module):
    """Pictures (N, 3, 24, 24) to logits (N,) and boxes (N, 4)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = _convolutions((3, 28, 3, (3, 2)), (28, 48, 3, (3, 2)), (48, 64, 2, None))
        self.features.add_module("flatten", nn.Flatten())
        self.features.add_module("conv4", nn.Linear(576, 128))
        self.features.add_module("prelu4", nn.PReLU(128))
        self.conv5_1, self.conv5_2 = nn.Linear(128, 2), nn.Linear(128, 4)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and how far each side is off, in sides of the box."""
        x = self.features(images)
        scores = self.conv5_1(x)
        return scores[:, 1] - scores[:, 0], self.conv5_2(x)


class OutputNet(nn.Module):
    """Pictures (N, 3, 48, 48) to logits (N,)."""

    def __init__(self) -> None:
        super().__init__()
        self.features = _convolutions(
            (3, 32, 3, (3, 2)), (32, 64, 3, (3, 2)), (64, 64, 3, (2, 2)), (64, 128, 2, None)
        )
        self.features.add_module("flatten", nn.Flatten())
        self.features.add_module("conv5", nn.Linear(1152, 256))
        self.features.add_module("prelu5", nn.PReLU(256))
        self.conv6_1 = nn.Linear(256, 2)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N,)."""
        scores = self.conv6_1(self.features(images))
        logits: Tensor = scores[:, 1] - scores[:, 0]
        return logits


class FaceDetector(nn.Module):
    """RGB pictures (N, 3, H, W) uint8 to the logit (N,) of the most probable face in each."""

    def __init__(self) -> None:
        super().__init__()
        self.proposal, self.refine, self.output = ProposalNet(), RefineNet(), OutputNet()

    def forward(self, frames: Tensor) -> Tensor:
        """Logits in [-10, 10]; -10 where no box is left to be judged."""
        images = frames.float().sub_(MEAN).mul_(SCALE)
        logits = images.new_full((len(images),), NONE)
        owners, boxes = self.boxes(images)
        if len(owners):
            pictures = _pictures(images, owners, boxes, 48)
            found = torch.cat([self.output(part) for part in _parts(pictures)]).clamp(NONE, -NONE)
            logits.scatter_reduce_(0, owners, found, "amax")
        return logits

    def boxes(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """What may be faces, squared: pictures' numbers (M,) and boxes (M, 4) in pixels."""
        owners, scores, boxes = self._proposed(images)
        kept = _best(owners, scores, suppress(boxes, scores, owners, OVERLAP))
        owners, boxes = owners[kept], _squared(boxes[kept])
        if not len(owners):
            return owners, boxes
        parts = _parts(_pictures(images, owners, boxes, 24))
        scores, offsets = _joined(self.refine(part) for part in parts)
        sure = scores > REFINED
        owners, scores, boxes = owners[sure], scores[sure], _moved(boxes, offsets)[sure]
        kept = suppress(boxes, scores, owners, OVERLAP)
        return owners[kept], _squared(boxes[kept])

    def _proposed(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Numbers, logits and boxes of all sizes; of one size only the best of each place."""
        found = [self._of_one_size(images, size) for size in pyramid(images.shape[2:])]
        if not found:  # a picture that is smaller than any face that is looked for
            none = torch.zeros(0, dtype=torch.long, device=images.device)
            return none, images.new_zeros(0), images.new_zeros(0, 4)
        owners, scores, boxes = (torch.cat(parts) for parts in zip(*found, strict=True))
        return owners, scores, boxes

    def _of_one_size(self, images: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        small = functional.interpolate(images, size, mode="area")
        parts = _parts(small.contiguous(memory_format=torch.channels_last))
        logits, offsets = _joined(self.proposal(part) for part in parts)
        owners, rows, columns = torch.nonzero(logits > PROPOSED, as_tuple=True)
        scores = logits[owners, rows, columns]
        corner = torch.stack([columns, rows], 1) * STRIDE
        cells = torch.cat([corner, corner + CELL], 1).float()
        boxes = cells + offsets[owners, :, rows, columns] * CELL
        height, width = images.shape[2] / size[0], images.shape[3] / size[1]
        boxes = boxes * boxes.new_tensor([width, height, width, height])
        kept = suppress(boxes, scores, owners, OVERLAP_OF_ONE)
        return owners[kept], scores[kept], boxes[kept]


def pyramid(size: tuple[int, ...]) -> list[tuple[int, int]]:
    """Heights and widths in pixels at which a face of 12 px is one of 20, 28, 40 … px."""
    sizes, scale = [], CELL / SMALLEST
    while min(size) * scale >= CELL:
        sizes.append((round(size[0] * scale), round(size[1] * scale)))
        scale *= FACTOR
    return sizes


def _best(owners: Tensor, scores: Tensor, kept: Tensor) -> Tensor:
    """Of what is kept, in the order of its logits, the first `MOST` of each picture."""
    mine = owners[kept][:, None] == torch.unique(owners[kept])
    rank = (mine.cumsum(0) * mine).sum(1)
    return kept[rank <= MOST]


def _squared(boxes: Tensor) -> Tensor:
    """Boxes (M, 4) with both sides as long as the longer one, around the same middle."""
    middle, sides = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
    half = sides.amax(1, keepdim=True) / 2
    return torch.cat([middle - half, middle + half], 1)


def _moved(boxes: Tensor, offsets: Tensor) -> Tensor:
    """Boxes (M, 4) with each side off by so many sides (M, 4)."""
    sides = (boxes[:, 2:] - boxes[:, :2]).repeat(1, 2)
    return boxes + offsets * sides


def _parts(pictures: Tensor) -> tuple[Tensor, ...]:
    """Pictures (N, 3, H, W) in even parts of about `AREA`."""
    most = max(FEWEST, AREA // (pictures.shape[2] * pictures.shape[3]))
    return in_parts(pictures, most)


def _joined(found: Iterable[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    scores, offsets = (torch.cat(parts) for parts in zip(*found, strict=True))
    return scores, offsets


def _pictures(images: Tensor, owners: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Boxes as pictures (M, 3, size, size); what is outside is grey."""
    return cut(images, owners, boxes, size).contiguous(memory_format=torch.channels_last)
