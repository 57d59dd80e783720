"""Workers of a Dask cluster of our own stand aside when signals come.

Ctrl-C and a scheduler's SIGTERM go to every process of our group, and we alone say who ends. A
worker is begun with both held back, leaves the group when it is there, and forgets what came.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import resource_tracker

HELD = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[None]:
    """Begin workers in this block: they, and their keeper, hear nothing; we do after it."""
    resource_tracker.ensure_running()  # whose beginning lets signals through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def dask_setup(worker: object) -> None:
    """Dask calls it in the worker's process, in its main thread."""
    os.setpgid(0, 0)
    for number in HELD:
        signal.signal(number, signal.signal(number, signal.SIG_IGN))  # which forgets what came
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
