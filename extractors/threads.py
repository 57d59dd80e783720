"""Parts of a batch, each on a processor of its own.

A small network's layers are too short to be shared among processors: two halves of a batch side by
side take three quarters of the time that the whole takes on two processors at once.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from threading import Barrier
from typing import TypeVar

import torch
from torch import Tensor

Found = TypeVar("Found")


def in_threads(
    run: Callable[[Tensor], Found], batch: Tensor, most: int, *, one_each: bool = False
) -> list[Found]:
    """What `run` gives for parts of a batch (N, ...), in their order, without gradients.

    Args:
        run: Of a part (M, ...); it sees no autocast and no mode of the calling thread.
        batch: On the CPU; cut evenly among as many threads as torch may use.
        most: Largest M.
        one_each: Whether a batch of one, too, has one thread: several add in another order.
    """
    threads = torch.get_num_threads()
    threads = threads if one_each else min(threads, len(batch))
    parts = torch.split(batch, min(most, -(-len(batch) // max(1, threads))))

    def alone(part: Tensor) -> Found:
        with torch.inference_mode():
            return run(part)

    if threads < 2:
        return [alone(part) for part in parts]
    return list(_pool(threads).map(alone, parts))


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Threads whose own work torch does not share out again.

    What one thread sets is what torch gives every thread that begins later, so all are begun here
    and the caller's number is set again.
    """
    before, begun = torch.get_num_threads(), Barrier(threads)
    pool = ThreadPoolExecutor(threads, "encode", _alone)
    list(pool.map(lambda _: begun.wait(), range(threads)))
    torch.set_num_threads(before)
    return pool


def _alone() -> None:
    torch.set_num_threads(1)
    torch.get_num_threads()  # torch reads the number of a new thread once: now
