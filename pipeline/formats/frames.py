"""Seconds to frames, for editors of film that know no other time."""

from collections.abc import Iterator
from fractions import Fraction

from avel.pipeline.formats.shape import Entry
from avel.pipeline.formats.times import MICROSECONDS, span, ticks

EDITING_RATES = (
    Fraction(24_000, 1001),
    Fraction(24),
    Fraction(25),
    Fraction(30_000, 1001),
    Fraction(30),
    Fraction(48),
    Fraction(50),
    Fraction(60_000, 1001),
    Fraction(60),
)
"""Frames a second that editors have a timeline for, and timecode a meaning."""
SAME = Fraction(1, 2000)
"""Share by which a rate may differ from one of these and be it: files say 29.97 in many ways."""


def editing_rate(entry: Entry) -> Fraction:
    """Frames a second to count in: the video's own, or the nearest that an editor has."""
    own = entry.frames.frame_rate
    return min(EDITING_RATES, key=lambda rate: abs(rate - own))


def own_rate(entry: Entry) -> Fraction:
    """The video's own frames a second, written as a film's where it is one of them."""
    nearest, own = editing_rate(entry), entry.frames.frame_rate
    return nearest if _same(nearest, own) else own


def num_frames(entry: Entry, rate: Fraction) -> int:
    """The whole video in frames at a rate, so that every event lies within; at least one."""
    result = entry.result
    known = result.duration if result.duration == result.duration else 0.0
    return max(1, ticks(known, rate), *(span(event, rate)[1] for event in result.events))


def timecode(frames: int, rate: Fraction) -> str:
    """A number of frames as `HH:MM:SS:FF` without dropped numbers: 29.97 counts as 30 do."""
    base = int(rate + Fraction(1, 2))
    seconds, rest = divmod(frames, base)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}:{rest:02}"


def exact(time: float) -> float:
    """Seconds as a number of JSON, to the microsecond that the results have."""
    return ticks(time, MICROSECONDS) / MICROSECONDS


def rate_cautions(entry: Entry) -> Iterator[str]:
    """What a reader must be told of a video whose times are in frames."""
    footage = entry.footage
    if entry.result.status == "failed":
        return
    if footage is None or not footage.width:
        yield f"no picture, so that times are counted in frames of 1/{float(25):g} s"
    elif footage.variable:
        yield (
            f"its frames come at changing intervals, {_words(footage.frame_rate)} a second on "
            "average: editors may show events earlier or later; formats in seconds are exact, or "
            "convert it to a constant rate first (`ffmpeg -i IN -fps_mode cfr OUT`)"
        )


def editing_cautions(entry: Entry) -> Iterator[str]:
    """The same in frames of editors' rates alone."""
    yield from rate_cautions(entry)
    footage, rate = entry.footage, editing_rate(entry)
    if footage is not None and footage.width and not _same(rate, footage.frame_rate):
        yield (
            f"no editor has a timeline of {_words(footage.frame_rate)} frames a second; times are "
            f"counted in frames of 1/{_words(rate)} s"
        )


def _same(rate: Fraction, own: Fraction) -> bool:
    return abs(rate - own) <= SAME * own


def _words(rate: Fraction) -> str:
    return f"{float(rate):.2f}".rstrip("0").rstrip(".")
