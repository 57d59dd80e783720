"""Progress for people, on stderr: a bar with rate and time left, or plain lines in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
LINE_SECONDS = 10.0


def track(items: Iterable[T], total: int, what: str, *, quiet: bool = False) -> Iterator[T]:
    """Pass items through, showing how many of `total` are done."""
    if quiet:
        yield from items
    elif sys.stderr.isatty():
        yield from _bar(items, total, what)
    else:
        yield from _lines(items, total, what)


def _bar(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    from rich.console import Console  # slow to import
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=total, rate="")
        for done, item in enumerate(items, 1):
            yield item
            progress.update(task, completed=done, rate=_rate(done, started))


def _lines(items: Iterable[T], total: int, what: str) -> Iterator[T]:
    started = last = time.monotonic()
    done = 0
    for done, item in enumerate(items, 1):
        yield item
        if time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            left = (last - started) / done * (total - done)
            print(
                f"{what}: {done} of {total}, {_rate(done, started)}, {left:.0f} s left",
                file=sys.stderr,
            )
    print(f"{what}: {done} of {total}, {_rate(done, started)}", file=sys.stderr)


def _rate(done: int, started: float) -> str:
    return f"{done / max(1e-9, time.monotonic() - started):.1f}/s"
