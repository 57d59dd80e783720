"""What a worker of a Dask cluster of our own does first.

It leaves our group of processes: Ctrl-C and a scheduler's SIGTERM go to every process of it, and we
alone say who ends.
"""

import os


def dask_setup(worker: object) -> None:
    """Dask calls it in the worker's process."""
    os.setpgid(0, 0)
