"""Bars of seconds for a terminal: where in a film something is."""

from collections.abc import Iterable
from itertools import groupby
from math import inf

from avel.pipeline.work.progress import clock
from avel.pipeline.work.screen import DIM, Screen

Stretch = tuple[float, float, int]
"""Onset and offset in seconds, and the code of a colour."""
STEPS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 43200, 86400)
"""Seconds between two marks of the scale."""
MARK_COLUMNS = 8
"""Least distance of two marks."""
MINUTE = 60


def fitting(duration: float, columns: int) -> int:
    """Columns of a bar, at most so many: whole ones for a second, where all seconds have one.

    Args:
        duration: Of the film in seconds.
        columns: How many there are.
    """
    whole = columns // max(1, -int(-duration // 1))
    return max(1, round(whole * duration)) if whole else columns


def bar(stretches: Iterable[Stretch], duration: float, columns: int, screen: Screen) -> str:
    """One line, in halves of a column; what is shorter has one, so that nothing is unseen.

    Args:
        stretches: What to show; of two in one place the first.
        duration: Of the film in seconds, above 0.
        columns: Its length.
        screen: Where it is shown.
    """
    halves: list[int | None] = [None] * (2 * columns)
    for onset, offset, colour in stretches:
        first = min(max(0, round(onset / duration * len(halves))), len(halves) - 1)
        last = min(len(halves), max(first + 1, round(offset / duration * len(halves))))
        for place in range(first, last):
            if halves[place] is None:
                halves[place] = colour
    signs = (_sign(halves[2 * n], halves[2 * n + 1], screen.draws) for n in range(columns))
    runs = groupby(signs, key=lambda sign: sign[1])
    return "".join(screen.paint("".join(s for s, _ in run), colour) for colour, run in runs)


def _sign(left: int | None, right: int | None, draws: bool) -> tuple[str, int]:
    """Of one column, with its colour."""
    if left is None and right is None:
        return "─" if draws else "-", DIM
    colour = left if left is not None else right or DIM
    if not draws:
        return "=", colour
    return "━" if None not in (left, right) else "╺" if left is None else "╸", colour


def scale(duration: float, columns: int) -> str:
    """Marks of seconds, or of minutes where it is longer, under a bar of so many columns."""
    step = next((s for s in STEPS if s * columns / duration >= MARK_COLUMNS), STEPS[-1])
    line = ""
    for second in range(0, int(duration) + 1, step):
        place = round(second / duration * columns)
        mark = f"{second} s" if duration < MINUTE else clock(second)
        if place + len(mark) <= columns and (not line or place > len(line)):
            line = line.ljust(place) + mark
    return line


def when(onset: float, offset: float) -> str:
    """A span in few letters: `2-4.5 s`, or `1:05-1:20` of a minute and later."""
    if offset < MINUTE:
        return f"{round(onset, 1):g}-{round(offset, 1):g} s"
    return f"{clock(onset)}-{clock(offset)}"


def length(duration: float) -> str:
    """Of a film: `9.5 s`, or `1:05` from a minute on."""
    return clock(duration) if MINUTE <= duration < inf else f"{duration:.1f} s"
