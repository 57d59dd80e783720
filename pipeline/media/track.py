"""What video and audio share: a stream, its clock, its decoder."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

from avel.pipeline.media.codecs import decoding_options, is_allowed
from avel.pipeline.media.continuity import Continuity
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.timeline import StreamClock
from avel.pipeline.reasons import MediaError, Reason


class Track:
    """What video and audio share: the stream, its clock and its place in the reading."""

    def __init__(self, stream: VideoStream | AudioStream, reading: Reading) -> None:
        self.stream = stream
        self.reading = reading
        self.time_base = stream.time_base or Fraction(1, 1000)
        self.clock = StreamClock(self.time_base, Fraction(0))
        self.continuity: Continuity | None = None
        self.overlong = False
        """Whether its last picture says that it lasts longer than it can."""
        self.context: Any = stream.codec_context
        self.context.thread_count = 1
        self.context.options = decoding_options(reading.codecs)

    def start(self) -> Fraction:
        """Seconds of the stream's own time at which it starts."""
        return (self.stream.start_time or 0) * self.time_base

    def promised(self) -> Fraction:
        """Common time in seconds at which the header ends the stream; 0 where it does not say."""
        duration = self.stream.duration
        return (
            self.clock.seconds((self.stream.start_time or 0) + duration)
            if duration
            else Fraction(0)
        )

    def held_until(self, pts: int, end_pts: int) -> Fraction:
        """Common time in seconds until which what came at `pts` can last, if it says `end_pts`."""
        end = self.clock.seconds(end_pts)
        if self.continuity is None:
            return end
        held = self.continuity.held_until(self.clock.seconds(pts), end)
        self.overlong = held < end
        return held

    def decode(self, packet: Packet[Any] | None) -> list[Any]:
        try:
            return list(self.context.decode(packet))
        except av.error.FFmpegError:
            self.reading.damaged_packets += 1
            return []
        except MemoryError as err:
            raise MediaError(
                Reason.OOM, f"{self.reading.path}: out of memory while decoding"
            ) from err


def best_stream(container: InputContainer, kind: str, reading: Reading) -> Any:
    """The best stream of a kind that has a decoder; cover pictures are not video."""
    streams = [s for s in container.streams if s.type == kind]
    streams = [s for s in streams if not s.disposition & Disposition.attached_pic]
    known = [
        s for s in streams if s.codec_context and is_allowed(s.codec_context.name, reading.codecs)
    ]
    if len(known) < len(streams):
        reading.flags.add(Reason.UNSUPPORTED_CODEC)
    best = container.streams.best(kind)  # type: ignore[arg-type]
    return best if best in known else next(iter(known), None)
