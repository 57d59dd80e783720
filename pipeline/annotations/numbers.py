"""Times as tools write them, with a point or, in many countries, a comma."""

import math
import re

DECIMAL = re.compile(r"[-+]?(\d+([.,]\d*)?|[.,]\d+)([eE][-+]?\d+)?", re.ASCII)
CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)", re.ASCII)

MOST_LETTERS = 40
"""Of a time: more is none."""


def number(text: str) -> float:
    """A finite number in decimal, with a point or a comma before its places.

    Raises:
        ValueError: it is none.
    """
    if not DECIMAL.fullmatch(text.strip()):
        raise ValueError(f"{text!r:.40} is no number")
    value = float(text.strip().replace(",", "."))
    if not math.isfinite(value):
        raise ValueError(f"{text!r:.40} is no finite number")
    return value


def clock(text: str) -> float:
    """Seconds of `HH:MM:SS.mmm` or `MM:SS.mmm`, with a point or a comma.

    Raises:
        ValueError: it is none.
    """
    found = CLOCK.fullmatch(text.strip())
    if found is None or len(text.strip()) > MOST_LETTERS:
        raise ValueError(f"{text!r:.40} is no time such as 00:01:02.500")
    hours, minutes, seconds = found.groups()
    whole, _, places = seconds.replace(",", ".").partition(".")
    # as one division, so that 00:00:01.100 is 1.1 and not the sum of three roundings
    total = (int(hours or 0) * 60 + int(minutes)) * 60 + int(whole)
    return int(f"{total}{places}") / 10 ** len(places) if places else float(total)
