"""Telling a share that is gone from files that are: the first ends a run, the second are failures.

A network share that is lost takes every file with it, and a run would call thousands of films
missing. Of each file system the highest folder that all films read so far have in common is looked
at whenever one fails.
"""

import os
import time
from collections.abc import Callable, Iterator

from avel.pipeline.method.outcome import Outcome
from avel.pipeline.reasons import EnvironmentProblem

LOOKS = 3
"""At a folder that seems to be gone, before it counts as gone: shares stumble."""
LOOK_SECONDS = 1.0
"""Between two looks."""


class Shares:
    """Watches over the folders that films come from.

    Args:
        wait: Waits so many seconds.
    """

    def __init__(self, wait: Callable[[float], object] = time.sleep) -> None:
        self._wait = wait
        self._parents: set[str] = set()
        self._roots: dict[int, str] = {}
        """The highest folder known of each file system, by the system's number for it."""

    def look(self, outcome: Outcome) -> None:
        """Remember where a film was read, or see whether one failed for want of its share.

        Raises:
            EnvironmentProblem: a folder from which films were read is gone.
        """
        if outcome.reason is None:
            self._remember(os.path.dirname(outcome.path))
            return
        for root in self._gone():
            raise EnvironmentProblem(
                f"{root}: is gone since films were read from it, or does not answer; mount or "
                f"restore it, and run again ({outcome.path} and what comes after it is not "
                "counted as failed)"
            )

    def _remember(self, parent: str) -> None:
        if parent in self._parents:
            return
        name = os.path.abspath(parent)
        try:
            device = os.stat(name).st_dev
        except OSError:  # gone since
            return
        self._parents.add(parent)
        self._roots[device] = os.path.commonpath([self._roots.get(device, name), name])

    def _gone(self) -> Iterator[str]:
        for device, root in self._roots.items():
            looks = 1
            while not _is_there(root, device):
                if looks == LOOKS:
                    yield root
                    break
                looks += 1
                self._wait(LOOK_SECONDS)


def _is_there(root: str, device: int) -> bool:
    """Whether a folder is on the file system that it was on, and holds anything."""
    try:
        if os.stat(root).st_dev != device:
            return False
        with os.scandir(root) as entries:
            return next(entries, None) is not None
    except OSError:
        return False
