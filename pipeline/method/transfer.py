"""Batches of cells to where the encoder is, and what it says of them back.

On a GPU both are copied while it computes: cells lie in pinned memory and go there as they are, by
a stream of their own, and features come back by another. One batch is begun before the one before
it is asked for.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Arrays = dict[str, NDArray[Any]]
"""What an encoder says of a batch, (N, ...) by name, or of one piece, without the first axis."""
ALIKE = 16
"""On a CPU: for smaller batches oneDNN and BLAS choose other kernels, and sums other orders."""
Embed = Callable[[Tensor], dict[str, Tensor]]


class Transfer(Protocol):
    """How batches get to the encoder.

    Attributes:
        ahead: Batches that are begun before the first of them is asked for.
        alike: Pieces from which on a batch of any power of 2 times as many gives each the same
            bits; 0 where nobody knows.
    """

    ahead: int
    alike: int

    def room(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Zeros, into which a batch of a shape is laid."""

    def start(self, given: NDArray[Any]) -> Callable[[], Arrays]:
        """Begin with a batch (N, ...) of pictures or sound; gives what waits for its features.

        Raises:
            torch.OutOfMemoryError: it does not fit.
        """


class Here:
    """Encodes in place; nothing is begun ahead."""

    ahead = 0
    alike = ALIKE

    def __init__(self, embed: Embed) -> None:
        self._embed = embed

    def room(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Zeros of a shape."""
        return np.zeros(shape, dtype)

    def start(self, given: NDArray[Any]) -> Callable[[], Arrays]:
        """Encode a batch (N, ...) at once."""
        found = {key: value.numpy() for key, value in self._embed(torch.from_numpy(given)).items()}
        return lambda: found


class Across:
    """Encodes on a GPU, and copies there and back while it computes.

    Args:
        embed: Takes cells (N, ...) on the device and leaves its answer there.
        device: The GPU.
        cuda: `torch.cuda`, or what stands for it.
    """

    ahead = 1
    alike = 0  # cuDNN chooses its kernels by the batch, too

    def __init__(self, embed: Embed, device: torch.device, cuda: Any = torch.cuda) -> None:
        self._embed, self._device, self._cuda = embed, device, cuda
        self._there, self._back = cuda.Stream(device), cuda.Stream(device)
        """Two, or the next batch would wait behind the features of the one before."""

    def room(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Zeros in pinned memory, from which a GPU copies without help."""
        zeros = self._pinned(shape, torch.from_numpy(np.empty(0, dtype)).dtype).zero_()
        room: NDArray[Any] = zeros.numpy()
        return room

    def start(self, given: NDArray[Any]) -> Callable[[], Arrays]:
        """Send a batch (N, ...) as it is, encode it, and send its features back, in that order.

        All this is only asked of the device; nothing waits for it but what is given back.

        Raises:
            torch.OutOfMemoryError: it does not fit; what was kept for later batches is freed.
        """
        try:
            return self._begun(given)
        except torch.OutOfMemoryError:
            self._cuda.empty_cache()
            raise

    def _begun(self, given: NDArray[Any]) -> Callable[[], Arrays]:
        cuda, back = self._cuda, dict[str, Tensor]()
        computing = cuda.current_stream(self._device)
        with cuda.stream(self._there):
            cells = torch.from_numpy(given).to(self._device, non_blocking=True)
        computing.wait_stream(self._there)
        cells.record_stream(computing)  # whose memory is used again only after it
        found = self._embed(cells)
        self._back.wait_stream(computing)
        with cuda.stream(self._back):
            for key, value in found.items():
                place = self._pinned(value.shape, value.dtype)
                back[key] = place.copy_(value, non_blocking=True)
                value.record_stream(self._back)
        done = cuda.Event()
        done.record(self._back)

        def arrays(_: object = given) -> Arrays:  # which must not be changed before
            done.synchronize()
            return {key: value.numpy() for key, value in back.items()}

        return arrays

    def _pinned(self, shape: tuple[int, ...], dtype: torch.dtype) -> Tensor:
        return torch.empty(shape, dtype=dtype, pin_memory=bool(self._cuda.is_available()))


def transfer(embed: Embed, model: nn.Module) -> Transfer:
    """How batches get to an encoder whose networks are `model`."""
    first = next(model.parameters(), None)
    if first is None or first.device.type != "cuda":
        return Here(embed)
    return Across(embed, first.device)
