"""Pictures that a file promises and the decoder never gives: counted, and where nothing is seen.

A packet that is asked for and gives no frame is a loss only where frames are missing for longer
than two of them last: fields come in pairs, and some packets are never shown.

```
 asked for     x   x   x   x   x   x        packets, by the time of their frames
 came          x   x               x
 missing               x   x   x            3 of 6
```
"""

from heapq import heappop, heappush

ALWAYS = frozenset({"h264", "hevc", "mpeg2video", "mpeg1video"})
"""Codecs of which every packet gives a frame, or half of one."""
LEAST_BYTES = 12
"""Of the others, a packet of fewer may say that nothing has changed, and no frame comes of it."""
START_SECONDS = 1
"""Frames that are missing before the first one, for longer, are missing: a stream may begin with
frames that refer to what was before it."""


class Losses:
    """Follows one stream's packets and frames; all times are in its ticks.

    Args:
        codec: libav's name of the stream's.
        start_ticks: `START_SECONDS` of the stream.
    """

    def __init__(self, codec: str, start_ticks: int) -> None:
        self._least_bytes = 0 if codec in ALWAYS else LEAST_BYTES
        self._start_ticks = start_ticks
        self._due: list[int] = []
        self._last: int | None = None
        self._single, self._near = codec in ALWAYS, 0
        self.asked = 0
        """Packets of which a frame should have come."""
        self.missing = 0
        """Those of which none came."""

    def ask(self, pts: int, size: int) -> None:
        """A packet of `size` bytes is given to the decoder, and its frame is wanted."""
        if size > self._least_bytes:
            heappush(self._due, pts)
            self.asked += 1

    def came(self, pts: int, ticks: int, *, paired: bool = False) -> bool:
        """A frame came, in the order of time, that lasts `ticks`; whether some are lost before.

        It is `paired` where two packets, each a field, may have given it.
        """
        lost, last = 0, self._last
        self._single &= not paired
        while self._due and self._due[0] <= pts:
            due = heappop(self._due)
            is_lost = self._is_lost(due, last, pts, ticks)
            lost += is_lost
            self._near += due < pts and not is_lost
        self._last = pts
        self.missing += lost
        return lost > 0

    def end(self, ticks: int) -> None:
        """No frame comes any more; they last `ticks`.

        Where some are missing, so are those beside frames that came, unless they are fields.
        """
        last = self._last
        late = [due for due in self._due if last is None or due - last > 2 * ticks]
        self._near += len(self._due) - len(late)
        self.missing += len(late)
        if self.missing and self._single:
            self.missing += self._near

    def _is_lost(self, due: int, last: int | None, pts: int, ticks: int) -> bool:
        if last is None:
            return pts - due > self._start_ticks
        return due - last > 2 * ticks and pts - due > 2 * ticks
