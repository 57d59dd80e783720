"""Parts of a batch, each on a processor of its own.

A small network's layers are too short to be shared among processors: two halves of a batch side by
side take three quarters of the time that the whole takes on two processors at once.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

import torch
from torch import Tensor

Found = TypeVar("Found")


def in_threads(run: Callable[[Tensor], Found], batch: Tensor, most: int) -> list[Found]:
    """What `run` gives for parts of a batch (N, ...), in their order, without gradients.

    Args:
        run: Of a part (M, ...); it sees no autocast and no mode of the calling thread.
        batch: On the CPU; cut evenly among as many threads as torch may use.
        most: Largest M.
    """
    threads = min(torch.get_num_threads(), len(batch))
    parts = torch.split(batch, min(most, -(-len(batch) // max(1, threads))))

    def alone(part: Tensor) -> Found:
        with torch.inference_mode():
            return run(part)

    def on_one_processor(part: Tensor) -> Found:
        torch.set_num_threads(1)  # of this thread; it is cheap, and holds whatever others set
        return alone(part)

    if threads < 2:
        return [alone(part) for part in parts]
    return list(_pool(threads).map(on_one_processor, parts))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, "encode")
