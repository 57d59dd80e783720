"""The one place that maps work over processes: joblib, one machine now, a cluster by its backend."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

Result = TypeVar("Result")


def default_workers() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def map_unordered(
    function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], workers: int
) -> Iterator[Result]:
    """Results of `function(*job)` as they come, in any order.

    Processes are loky's: started fresh, never forked with open files, each with one thread for
    numeric libraries so that workers do not fight over the processors.
    """
    from joblib import Parallel, delayed, parallel_config  # slow to import

    if workers <= 1 or len(jobs) <= 1:
        yield from (function(*job) for job in jobs)
        return
    with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
        run = Parallel(return_as="generator_unordered")
        yield from run(delayed(function)(*job) for job in jobs)
