"""Boxes in pictures, by torchvision's compiled kernels alone.

Importing torchvision's Python package loads torch's compiler, which takes 130 MB and two seconds.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from avel.extractors.errors import ExtractorError


def suppress(boxes: Tensor, scores: Tensor, owners: Tensor, overlap: float) -> Tensor:
    """Numbers of the boxes that stay, best first: of those that overlap in one picture, the best.

    Args:
        boxes: Corners (M, 4) as left, top, right, bottom in pixels.
        scores: (M,)
        owners: Number (M,) of each box's picture.
        overlap: Intersection over union from which two boxes are the same.
    """
    if not len(boxes):
        return owners.new_zeros(0)
    apart = owners.to(boxes) * (boxes.max() - boxes.min() + 1)  # no box meets another picture's
    kept: Tensor = _kernels().nms(boxes + apart[:, None], scores, overlap)
    return kept


def cut(images: Tensor, owners: Tensor, boxes: Tensor, size: int) -> Tensor:
    """Boxes as pictures (M, C, size, size), two samples to a pixel; what is outside is zero.

    Source: He et al., Mask R-CNN, ICCV 2017, section 3 (RoIAlign).
    """
    numbered = torch.cat([owners[:, None].to(boxes), boxes], 1)
    pictures: Tensor = _kernels().roi_align(images, numbered, 1.0, size, size, 2, True)
    return pictures


@cache
def _kernels() -> Any:
    """The operators `torchvision::…`.

    Raises:
        ExtractorError: torchvision has no compiled kernels.
    """
    spec = find_spec("torchvision")
    folders = [Path(at) for at in (spec.submodule_search_locations or [])] if spec else []
    found = [file for folder in folders for file in sorted(folder.glob("_C*.so"))]
    if not found:
        raise ExtractorError("torchvision is installed without its kernels; install its wheel")
    torch.ops.load_library(found[0])  # type: ignore[no-untyped-call]
    return torch.ops.torchvision
