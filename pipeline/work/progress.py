"""Progress for people, on stderr: a bar with rate and time left, or plain lines in a log."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from avel.pipeline.work.say import giving_way, shown, warn
from avel.pipeline.work.talk import is_quiet, is_verbose

T = TypeVar("T")
LINE_SECONDS = 10.0
"""Between two plain lines."""
Show = Callable[[int, str], None]
"""Shows how many items are done, and where inside of one the work is."""


def track(items: Iterable[T], total: int, what: str, *, quiet: bool = False) -> Iterator[T]:
    """Pass items through, showing how many of `total` are done and the seconds that are left."""
    yield from Progress(total, what, quiet=quiet).track(items)


class Progress:
    """Shows how far a run is: in items, and inside a long one.

    Args:
        total: Number of items.
        what: They are, in the plural.
        quiet: Whether to show nothing of single items; what is inside a long one is shown.
        line_seconds: Between two plain lines.
        note: What else there is to say, at the moment.
    """

    def __init__(
        self,
        total: int,
        what: str,
        *,
        quiet: bool = False,
        line_seconds: float = LINE_SECONDS,
        note: Callable[[], str] = str,
    ) -> None:
        self._total, self._what, self._quiet = total, what, quiet
        self._line_seconds, self._note = line_seconds, note
        self._show: Show = lambda done, inside: None
        self._done = 0

    def track(self, items: Iterable[T]) -> Iterator[T]:
        """Pass items through; nothing is shown where a command is quiet."""
        if is_quiet():
            yield from items
            return
        with (_bar if sys.stderr and sys.stderr.isatty() else _lines)(self) as self._show:
            for item in items:
                self._done += 1
                yield item
                self._show(self._done, "")

    def watch(self, path: Path, seconds: int, promised: float) -> None:
        """Show where inside a file the work is, in seconds; `promised` is 0 where not known."""
        of = f" of {clock(promised)}" if promised else ""
        self._show(self._done, f"{shown(path.name)}: {clock(seconds)}{of}")


@contextmanager
def _bar(progress: Progress) -> Iterator[Show]:
    from rich.console import Console  # slow to import
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    what = TextColumn("{task.description}", markup=False)  # a name is none
    rate = TextColumn("{task.fields[rate]}")
    columns = (what, BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    started, total = time.monotonic(), progress._total

    @contextmanager
    def pause() -> Iterator[None]:
        bar.stop()
        try:
            yield
        finally:
            bar.start()

    # what is printed goes where it was sent: rich would take it all to its own stream
    bar = Bar(
        *columns,
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )
    with giving_way(pause), bar:
        task = bar.add_task(progress._what, total=total, rate="", visible=not progress._quiet)

        def show(done: int, inside: str) -> None:
            text = f"{progress._what}  {inside}" if inside else progress._what
            rate = _joined(_rate(done, started), progress._note())
            there = bool(inside) or not progress._quiet
            bar.update(task, completed=done, description=text, rate=rate, visible=there)

        yield show


@contextmanager
def _lines(progress: Progress) -> Iterator[Show]:
    started = last = time.monotonic()
    total, what = progress._total, progress._what

    def show(done: int, inside: str) -> None:
        nonlocal last
        now = time.monotonic()
        soon = now - last < progress._line_seconds and not is_verbose()
        if soon or (progress._quiet and not inside):
            return
        if done == total and not inside:  # the last line says so
            return
        last = now
        if inside:
            warn(inside)
            return
        left = (last - started) / done * (total - done)
        rest = _joined(f"{left:.0f} s left", progress._note())
        warn(f"{what}: {done} of {total}, {_rate(done, started)}, {rest}")

    yield show
    if not progress._quiet:
        done = progress._done
        warn(f"{what}: {done} of {total}, {_rate(done, started)}")


def _joined(said: str, note: str) -> str:
    return f"{said}, {note}" if note else said


def _rate(done: int, started: float) -> str:
    return f"{done / max(1e-9, time.monotonic() - started):.1f}/s"


def clock(seconds: float) -> str:
    """`1:05` or `2:00:00`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
