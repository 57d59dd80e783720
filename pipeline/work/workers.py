"""The one place that maps work over processes: joblib, whose backends reach from one machine on."""

import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class Crashed(Generic[Result]):
    """Stands for the result of a job whose worker process died."""


def map_unordered(
    function: Callable[..., Result], jobs: Sequence[tuple[Any, ...]], workers: int
) -> Iterator[tuple[int, Result | Crashed[Result]]]:
    """Pairs (place of the job, counted from 0; result of `function(*job)`) in any order.

    Processes are loky's: started fresh, never forked with open files, each with one thread for
    numeric libraries so that workers do not fight over the processors. A worker that dies
    takes the whole pool with it; the jobs without a result are then run one by one, so that it
    costs only the job that killed it.
    """
    if workers <= 1 or len(jobs) <= 1:
        yield from ((number, function(*job)) for number, job in enumerate(jobs))
        return
    from joblib.externals.loky.process_executor import TerminatedWorkerError  # slow to import

    missing = dict(enumerate(jobs))
    try:
        for number, result in _parallel(function, dict(missing), workers):
            del missing[number]
            yield number, result
    except TerminatedWorkerError:
        for number, job in list(missing.items()):
            try:
                yield from _parallel(function, {number: job}, workers)
            except TerminatedWorkerError:
                yield number, Crashed()


def _parallel(
    function: Callable[..., Result], jobs: dict[int, tuple[Any, ...]], workers: int
) -> Iterator[tuple[int, Result]]:
    from joblib import Parallel, delayed, parallel_config  # slow to import

    with parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
        run = Parallel(return_as="generator_unordered")
        yield from run(delayed(_numbered)(function, number, job) for number, job in jobs.items())


def _numbered(
    function: Callable[..., Result], number: int, job: tuple[Any, ...]
) -> tuple[int, Result]:
    _leave_stopping_to_the_parent()
    return number, function(*job)


def _leave_stopping_to_the_parent() -> None:
    """Ignore the signals that a terminal or a scheduler sends to the whole group.

    A worker that dies while it writes a result leaves half a message in the pipe, and the
    parent would wait for the other half for ever. The parent kills its workers when it stops.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
