"""What every format is: a text per result, each in a file of its own or all in one file."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from avel.pipeline.method.results import Result


@dataclass(frozen=True)
class Format:
    """A way to write results down.

    Attributes:
        suffix: Of its files, with the dot.
        keeps: What of a result it holds, for people.
        loses: What it cannot hold.
        body: The text of one result, line ends included; empty where there is nothing to say.
        head: What a file begins with.
        together: Whether one file holds all results, else each has its own.
    """

    suffix: str
    keeps: str
    loses: str
    body: Callable[[Result], str]
    head: str = ""
    together: bool = False

    def write(self, results: Iterable[Result]) -> str:
        """The text of a file that holds the results, in their order."""
        return self.head + "".join(map(self.body, results))
