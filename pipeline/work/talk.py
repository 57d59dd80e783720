"""How much a command tells beside its answer: as it was asked, for whatever tells something.

Answers (stdout) and failures are told always; notes and progress as `--quiet` and `--verbose` say.
"""

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

from avel.pipeline.work.say import warn


class Talk(IntEnum):
    """How much is told."""

    QUIET = 0
    """Failures alone."""
    USUAL = 1
    VERBOSE = 2
    """Every item, and at the end what it took."""


_talk = Talk.USUAL


@contextmanager
def talking(talk: Talk) -> Iterator[None]:
    """In a block so much is told; where it ends well, what it took in seconds and MB."""
    global _talk
    before, _talk, started = _talk, talk, time.monotonic()
    try:
        yield
        if is_verbose():
            warn(_took(time.monotonic() - started))
    finally:
        _talk = before


def is_quiet() -> bool:
    """Whether notes and progress are not wanted."""
    return _talk == Talk.QUIET


def is_verbose() -> bool:
    """Whether every item is wanted."""
    return _talk == Talk.VERBOSE


def note(*lines: str) -> None:
    """Tell what is good to know and no failure, such as where files were written."""
    if not is_quiet():
        warn(*lines)


def _took(seconds: float) -> str:
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    own, others = map(resource.getrusage, whose)
    busy = own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime
    most = max(own.ru_maxrss, others.ru_maxrss) / 1024
    return f"took {seconds:.1f} s, {busy:.1f} s of processors, {most:.0f} MB at most in one process"
