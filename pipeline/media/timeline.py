"""The one clock of avel: integer ticks and exact fractions inside, cells half-open.

A video is cut into one-second cells `[t, t + 1)`. All timestamp arithmetic of the project is
here; floats appear only where a time leaves for a person or a file.

```
 time   0 s          1 s          2 s
        |  cell 0    |  cell 1    |          frame k of F in cell t is the one on screen at
 F = 1  |     x      |     x      |          the shot t + (k + 0.5) / F: the last frame whose
 F = 2  |  x     x   |  x     x   |          pts is not after it
```
"""

from bisect import bisect_right, insort
from fractions import Fraction
from math import ceil, lcm

TAIL_SECONDS = Fraction(1, 10)
"""A rest of at most this length makes no cell of its own: ten-second files run 10.03 s."""

REORDER_PACKETS = 32
"""Look-ahead that knows every neighbour in time: codecs reorder by 16 frames at most."""


def num_cells(duration_seconds: Fraction) -> int:
    """T of a video: ceil(duration - 0.1 s), at least one."""
    return max(1, ceil(duration_seconds - TAIL_SECONDS))


def shot_seconds(index: int, frames_per_cell: int) -> Fraction:
    """Second at which shot `index` (cell t, frame k: index = t * F + k) looks at the screen."""
    return Fraction(2 * index + 1, 2 * frames_per_cell)


class StreamClock:
    """Turns one stream's pts into common time, in whole numbers.

    Common time is `pts * time_base - origin` = `(pts * a - b) / c` with integers a, b, c.

    Args:
        time_base: Seconds per tick of the stream.
        origin: Second of the stream's own time at which common time is zero: the smaller
            start of the chosen video and audio stream.
    """

    def __init__(self, time_base: Fraction, origin: Fraction) -> None:
        self._c = lcm(time_base.denominator, origin.denominator)
        self._a = time_base.numerator * (self._c // time_base.denominator)
        self._b = origin.numerator * (self._c // origin.denominator)

    def seconds(self, pts: int) -> Fraction:
        """Common time of `pts`, in seconds."""
        return Fraction(pts * self._a - self._b, self._c)

    def whole_seconds(self, pts: int) -> int:
        """Common time of `pts`, in seconds rounded down."""
        return (pts * self._a - self._b) // self._c

    def first_shot(self, pts: int, frames_per_cell: int) -> int:
        """Index of the first shot that is not before `pts` (ticks, not seconds); never negative."""
        ticks = pts * self._a - self._b
        return max(0, -((self._c - 2 * ticks * frames_per_cell) // (2 * self._c)))

    def sample(self, pts: int, sample_rate: int) -> int:
        """Index of the audio sample nearest to `pts` at a rate in Hz; halves go up, always."""
        ticks = pts * self._a - self._b
        return (2 * ticks * sample_rate + self._c) // (2 * self._c)


class ShotPlan:
    """Says from packets' pts alone which frames will be on screen at a shot.

    Packets come in decode order. `add` their pts as they are read, and ask `shown` for each
    `REORDER_PACKETS` later (or at the end): by then all its neighbours in time are known.
    """

    def __init__(self, clock: StreamClock, frames_per_cell: int) -> None:
        self._clock = clock
        self._frames_per_cell = frames_per_cell
        self._known: list[int] = []
        self._first: int | None = None

    def add(self, pts: int) -> None:
        """Take the pts, in ticks, of one more packet."""
        insort(self._known, pts)

    def shown(self, pts: int) -> bool:
        """Whether a shot falls between the frame at `pts` (ticks) and the next; yes at the ends."""
        if self._first is None:
            self._first = self._known[0]
        after = bisect_right(self._known, pts)
        if pts == self._first or after == len(self._known):
            return True
        following = self._known[after]
        if after > 4 * REORDER_PACKETS:
            del self._known[: after - 2 * REORDER_PACKETS]
        first_shot, per_cell = self._clock.first_shot, self._frames_per_cell
        return first_shot(pts, per_cell) < first_shot(following, per_cell)
