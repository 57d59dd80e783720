"""Seconds to what formats count in: whole numbers, rounded once, halves up.

Results are exact to a microsecond (six places in the JSON), and so is what starts from here.
"""

from fractions import Fraction

from avel.pipeline.method.events import Event

MICROSECONDS = 1_000_000
"""In a second."""


def ticks(seconds: float, rate: Fraction | int) -> int:
    """The nearest of `rate` ticks a second; a half goes up."""
    micros = round(Fraction(seconds) * MICROSECONDS)
    ticks, rest = divmod(Fraction(micros, MICROSECONDS) * rate, 1)
    return int(ticks) + (rest >= Fraction(1, 2))


def span(event: Event, rate: Fraction | int) -> tuple[int, int]:
    """Onset and offset in ticks of 1 / rate seconds; never empty, for readers drop what is."""
    onset = ticks(event.onset, rate)
    return onset, max(ticks(event.offset, rate), onset + 1)


def decimal(seconds: float, least: int = 0) -> str:
    """Seconds to six places, without needless zeros behind the first `least` places."""
    whole, rest = divmod(ticks(seconds, MICROSECONDS), MICROSECONDS)
    places = f"{rest:06}".rstrip("0").ljust(least, "0")
    return f"{whole}.{places}" if places else f"{whole}"


def clock(milliseconds: int, mark: str = ".") -> str:
    """Milliseconds as hours, minutes, seconds: `00:01:02.500`; hours go on behind 99."""
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}{mark}{rest:03}"
