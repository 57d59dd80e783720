"""Float32 on a GPU as it is on a CPU: TF32 rounds it to 10 bits where nobody says otherwise."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

ROUNDED = False
"""Whether encoders may use TF32: faster, and other features. For measurements alone."""


@contextmanager
def exact(device: torch.device) -> Iterator[None]:
    """Products and convolutions of float32 on a GPU round nothing inside the block.

    cuDNN's convolutions do by default, so that features would be others than a CPU's. On a CPU this
    does nothing.
    """
    if device.type != "cuda":
        yield
        return
    products, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_tf32, cudnn.allow_tf32
    products.allow_tf32 = cudnn.allow_tf32 = ROUNDED
    try:
        yield
    finally:
        products.allow_tf32, cudnn.allow_tf32 = before
