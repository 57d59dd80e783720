"""How far teaching is, told to who asked for it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from avel.pipeline.server.job_work import Tell
from avel.pipeline.work.progress import Progress

T = TypeVar("T")
STAGE = "teaching"


class Telling(Progress):
    """Tells how many films were read; where that raises, no film more is read.

    Args:
        total: Number of films.
        tell: Told of them; ends the work by an exception.
    """

    def __init__(self, total: int, tell: Tell) -> None:
        super().__init__(total, "films", quiet=True)
        self._tell, self._of = tell, float(total)

    def track(self, items: Iterable[T]) -> Iterator[T]:
        """Pass films through, telling how many were."""
        for item in items:
            yield item
            self._done += 1
            self._say()

    def watch(self, path: Path, seconds: int, promised: float) -> None:
        """Let the work end inside of a long film too, some seconds of which were read."""
        self._say()

    def _say(self) -> None:
        self._tell(STAGE, float(self._done), self._of)
