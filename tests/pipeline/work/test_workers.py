"""Jobs over processes: a worker that dies costs the job that it held, and nothing else."""

import os
import signal

import pytest

from avel.pipeline.work.workers import Crashed, map_unordered


def square(number: int) -> int:
    if number == 13:
        os._exit(1)  # as a codec does that writes where it must not
    return number * number


@pytest.mark.parametrize("workers", [1, 2])
def test_results_carry_their_number(workers: int) -> None:
    found = dict(map_unordered(square, [(n,) for n in range(6)], workers))
    assert found == {n: n * n for n in range(6)}


def test_a_dead_worker_costs_one_job() -> None:
    found = dict(map_unordered(square, [(n,) for n in (1, 2, 13, 3, 4)], 2))
    assert isinstance(found.pop(2), Crashed)
    assert found == {0: 1, 1: 4, 3: 9, 4: 16}


def signalled(number: int) -> int:
    os.kill(os.getpid(), number)
    return number


def test_workers_leave_stopping_to_the_parent() -> None:
    """A signal to the whole group must not kill a worker that is writing its result."""
    jobs = [(signal.SIGTERM,), (signal.SIGINT,)] * 4
    assert dict(map_unordered(signalled, jobs, 2)) == {n: job[0] for n, job in enumerate(jobs)}
