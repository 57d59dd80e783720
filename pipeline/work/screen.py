"""What the terminal can show: how many columns, colours or not, and signs that draw."""

import os
import shutil
import sys
import unicodedata
from dataclasses import dataclass

DRAWN = "━╸╺─…"
"""Signs of a bar, and of what is cut off."""
PALETTE = (32, 36, 33, 35, 34, 31)
"""Codes of colours, told apart in dark and light terminals; a label after the last begins anew."""
BOLD, DIM, RED, YELLOW = 1, 2, 31, 33
LEAST_COLUMNS = 20
"""A terminal that says less (or 0) is taken for one of so many."""


@dataclass(frozen=True)
class Screen:
    """Where results are told.

    Attributes:
        columns: Width in letters; None where it is no terminal, whose lines are as long as they be.
        colours: Whether it obeys codes of colour.
        draws: Whether it has the signs of bars; others are drawn by = and -.
    """

    columns: int | None = None
    colours: bool = False
    draws: bool = True

    def paint(self, text: str, code: int) -> str:
        """Text in a colour or weight, where there are any."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours and text else text

    def cut(self, text: str, columns: int) -> str:
        """As much of a text's beginning as so many columns hold, with a sign where it is cut."""
        if width(text) <= columns:
            return text
        mark = "…" if self.draws else "~"
        while text and width(text) > columns - 1:
            text = text[:-1]
        return text + mark if columns > 0 else ""

    def cut_before(self, text: str, columns: int) -> str:
        """The same of its end: paths differ there."""
        if width(text) <= columns:
            return text
        mark = "…" if self.draws else "~"
        while text and width(text) > columns - 1:
            text = text[1:]
        return mark + text if columns > 0 else ""


def screen() -> Screen:
    """The terminal that stdout is, if it is one; `NO_COLOR` and `TERM=dumb` are heeded."""
    stream = sys.stdout
    try:
        if stream is None or not stream.isatty():
            return Screen()
    except ValueError:  # it is closed
        return Screen()
    colours = not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"
    columns = max(LEAST_COLUMNS, shutil.get_terminal_size().columns)
    return Screen(columns, colours, _has(stream.encoding))


def _has(encoding: str | None) -> bool:
    try:
        DRAWN.encode(encoding or "ascii")
    except UnicodeError:
        return False
    return True


def width(text: str) -> int:
    """How many columns a text takes: letters of East Asia two, marks over others none."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def _columns(letter: str) -> int:
    if unicodedata.combining(letter) or unicodedata.category(letter) in ("Cf", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def padded(text: str, columns: int) -> str:
    """A text with spaces after it up to so many columns."""
    return text + " " * (columns - width(text))
