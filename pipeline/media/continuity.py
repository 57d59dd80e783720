"""Time that jumps goes on from where it was: joined files, lost reception, broken time stamps.

Packets of both streams come through here before anything looks at their time stamps. A stretch is
time without a jump; each has one shift, which is the same for both streams, so that picture and
sound stay together.

```
 as stamped    5.8 5.9 | 0.0 0.1 0.2        back: always a jump
 goes on as    5.8 5.9 | 6.0 6.1 6.2

 as stamped    5.8 5.9 |  ....  | 95.0      ahead: a gap, as surveillance and live recordings have,
 goes on as    5.8 5.9 |  ....  | 95.0      if it is short and nothing was lost on the way
```

Seconds are whole numbers of a unit that all time bases divide. No time can be reached that the
packets so far could not hold, whatever their stamps and durations say.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from fractions import Fraction
from math import lcm
from typing import Any

from av.packet import Packet

TS_DISCONT = 0x200
"""libav's flag of containers in which time may jump."""
BACK_SECONDS = Fraction(1, 2)
"""A step back by more is a jump; broken muxers jitter by less."""
UNORDERED_SECONDS = 10
"""The same where packets have no decoding time, and frames are out of order."""
NEAR_SECONDS = 10
"""A step ahead by more asks for a reason."""
GAP_SECONDS = 600
"""A step ahead by more is a jump, not a gap."""
PACKET_SECONDS = 20
"""What one packet can hold at most, as a slide does."""
HOLD_SECONDS = 60
"""What a last picture may last beyond all packets, whatever it says."""
FRAMES_PER_SECOND = 25
"""Of a stream whose packets claim to last longer than any can."""
BYTES_PER_SECOND = 16
"""What a packet needs at least for a second: no picture or sound is coded in less."""
APART_SECONDS = 60
"""No codec shows a frame so long after it is decoded: the stamp is wrong."""
STRETCHES = 8
"""How many are remembered: streams pass a jump one after the other, and single stamps are wrong."""


class Continuity:
    """Moves packets' time stamps so that time goes on through jumps.

    Args:
        time_bases: Seconds per tick of each stream that is read, by its index.
        origin: Second of the streams' own time at which common time is zero.
        may_jump: Whether the container is one in which time may jump.
    """

    def __init__(
        self, time_bases: Mapping[int, Fraction], origin: Fraction, *, may_jump: bool
    ) -> None:
        self._unit = lcm(origin.denominator, *(base.denominator for base in time_bases.values()))
        self._origin = origin.numerator * (self._unit // origin.denominator)
        self._lines = {index: _Line(base, self._unit) for index, base in time_bases.items()}
        self._may_jump = may_jump
        self._shifts = deque([0], STRETCHES)
        self._end = 0
        self._reach = HOLD_SECONDS * self._unit
        self._near, self._most = NEAR_SECONDS * self._unit, PACKET_SECONDS * self._unit
        self._gaps = 0
        self._lost_at: int | None = None
        self.jumps = 0
        """How often time jumped so far."""

    @property
    def reach(self) -> Fraction:
        """Second of common time up to which the packets so far can hold anything."""
        return Fraction(self._reach, self._unit)

    @property
    def gaps(self) -> Fraction:
        """Seconds without a packet that were left as they are."""
        return Fraction(self._gaps, self._unit)

    def held_until(self, start: Fraction, end: Fraction) -> Fraction:
        """Second until which a picture from `start` may stay on screen, if it says until `end`.

        While other packets go on, and a while after them.
        """
        return min(end, max(start + HOLD_SECONDS, Fraction(self._end, self._unit)))

    def place(self, packet: Packet[Any]) -> None:
        """Move the packet's time stamps (ticks), if its stretch of time is shifted."""
        line, pts, dts = self._lines[packet.stream_index], packet.pts, packet.dts
        holds = packet.size * self._unit // BYTES_PER_SECOND
        self._reach += holds if holds < self._most else self._most
        if packet.is_corrupt:
            self._lost_at = self._end
        if pts is not None and dts is not None and abs(pts - dts) > line.apart:
            packet.pts = pts = dts
        # What an edit list leaves out is decoded for others, and time goes back to them.
        if not packet.is_discard and line.passes(pts, dts):
            self._pass(line, pts, dts, packet.duration or 0)
        if line.shift:
            ticks = round(Fraction(line.shift, line.scale))
            packet.pts = None if pts is None else pts + ticks
            packet.dts = None if dts is None else dts + ticks

    def _pass(self, line: _Line, pts: int | None, dts: int | None, ticks: int) -> None:
        """A packet with these stamps, of which one is there, and of this length."""
        at = (pts if dts is None else dts) * line.scale - self._origin  # type: ignore[operator]
        shown = at if pts is None else pts * line.scale - self._origin
        if line.end is None:
            line.shift = self._shifts[-1]
        if not self._goes_on(line, at + line.shift):
            line.shift, line.end = self._shift(line, at, shown), None
        lasts = ticks * line.scale if ticks > 0 else 0
        if lasts > self._most:  # it is not believed
            lasts = self._unit // FRAMES_PER_SECOND
        here, end = at + line.shift, shown + line.shift + lasts
        if line.end is None:
            line.last = line.end = here
        # Not `max`: this is done for each packet of a file.
        if here > line.last:
            line.last = here
        if here + lasts > line.end:
            line.end = here + lasts
        if end > self._end:
            self._end = end

    def _goes_on(self, line: _Line, at: int) -> bool:
        """Whether a packet that would come `at` follows its stream's last one without a jump."""
        if line.end is None:
            return -self._near <= at <= self._end + self._near
        return line.last - line.back <= at <= line.end + self._near and at <= self._reach

    def _shift(self, line: _Line, at: int, shown: int) -> int:
        """Shift of the stretch to which a packet belongs that does not simply go on.

        A new one begins to be shown where all that was before has ended.
        """
        expected = self._end if line.end is None else line.end
        fitting = [shift for shift in self._shifts if self._goes_on(line, at + shift)]
        if fitting:
            return min(fitting, key=lambda shift: abs(at + shift - expected))
        here = at + line.shift
        ahead = here - max(expected, self._end)
        lost = self._lost_at is not None and self._end - self._lost_at <= self._near
        most = self._near if self._may_jump and lost else GAP_SECONDS * self._unit
        if here >= expected and ahead <= most and here <= self._reach:
            self._gaps += max(0, ahead)
            return line.shift
        self.jumps += 1
        self._shifts.append(self._end - shown)
        return self._end - shown


class _Line:
    """One stream's way through time: its last packet, the end of it and its shift, in units."""

    def __init__(self, time_base: Fraction, unit: int) -> None:
        self.scale = time_base.numerator * (unit // time_base.denominator)
        self.shift = 0
        self.last = 0
        self.end: int | None = None
        self.back = UNORDERED_SECONDS * unit
        self.apart = int(APART_SECONDS / time_base)
        self._ordered = False
        self._strict = int(BACK_SECONDS * unit)

    def passes(self, pts: int | None, dts: int | None) -> bool:
        """Whether a packet's stamps say how far the stream is: those that go steadily up."""
        if dts is None:
            return pts is not None and not self._ordered
        if not self._ordered:  # what came before was in the order of pictures
            self._ordered, self.back, self.end = True, self._strict, None
        return True
