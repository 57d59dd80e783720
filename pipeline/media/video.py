"""A video stream to the pictures that shots look at, decoding as little as they need."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from avel.pipeline.media.brightness import is_hdr
from avel.pipeline.media.cropping import Cropping, cropping_of
from avel.pipeline.media.losses import START_SECONDS, Losses
from avel.pipeline.media.reading import Picture, Reading
from avel.pipeline.media.scaler import Scaler, Square
from avel.pipeline.media.timeline import REORDER_PACKETS, ShotPlan
from avel.pipeline.media.track import Track, best_stream
from avel.pipeline.media.transparency import alpha_decoder
from avel.pipeline.reasons import Reason

SKIPPABLE = frozenset({"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "h263", "vc1"})
"""Codecs whose decoders honour `skip_frame` packet by packet."""


class VideoTrack(Track):
    """One video stream; the plan says which packets matter, the frames' own pts what is shown."""

    @classmethod
    def choose(
        cls,
        container: InputContainer,
        reading: Reading,
        frames_per_cell: int,
        square: Square,
        skip_frames: bool,
    ) -> VideoTrack | None:
        stream = best_stream(container, "video", reading)
        if stream is None:
            return None
        reading.video_stream = stream.index
        stream.thread_type = "SLICE"
        cropping = cropping_of(container, stream)
        return cls(stream, reading, frames_per_cell, square, skip_frames, cropping)

    def __init__(
        self,
        stream: VideoStream,
        reading: Reading,
        frames_per_cell: int,
        square: Square,
        skip_frames: bool,
        cropping: Cropping,
    ) -> None:
        super().__init__(stream, reading)
        self.context = alpha_decoder(stream) or self.context
        self._frames_per_cell = frames_per_cell
        self._scaler = Scaler(stream, square, cropping)
        self._skips = skip_frames and stream.codec_context.name in SKIPPABLE
        rate = stream.codec_context.framerate or stream.average_rate or Fraction(25)
        self._step = max(1, round(1 / (rate * self.time_base)))
        self._waiting: deque[Packet[Any]] = deque()
        self._plan: ShotPlan | None = None
        self._pending: tuple[int, VideoFrame] | None = None
        self._first_pts: int | None = None
        self._end_pts = self._last_pts = 0
        self._losses = Losses(stream.codec_context.name, int(START_SECONDS / self.time_base))

    def feed(self, packet: Packet[Any]) -> Iterator[Picture]:
        if self._plan is None:
            self._plan = ShotPlan(self.clock, self._frames_per_cell)
        if packet.pts is None:
            self._skips = False
        else:
            self._plan.add(packet.pts)
        self._waiting.append(packet)
        if len(self._waiting) > REORDER_PACKETS:
            yield from self._decode_one(self._waiting.popleft())

    def finish(self) -> Iterator[Picture]:
        while self._waiting:
            yield from self._decode_one(self._waiting.popleft())
        for frame in self.decode(None):
            yield from self._show(frame)
        if self._pending:
            self._losses.end(max(self._ticks(self._pending[1]), self._step))
            yield self._picture()
        self.reading.asked_frames += self._losses.asked
        self.reading.missing_frames += self._losses.missing

    def _decode_one(self, packet: Packet[Any]) -> Iterator[Picture]:
        assert self._plan is not None
        shown = not self._skips or packet.pts is None or self._plan.shown(packet.pts)
        if shown and packet.pts is not None and not packet.is_discard:
            self._losses.ask(packet.pts, packet.size)
        self.context.skip_frame = "DEFAULT" if shown else "NONREF"
        for frame in self.decode(packet):
            yield from self._show(frame)

    def _show(self, frame: VideoFrame) -> Iterator[Picture]:
        """Take the next decoded frame; the one before it is converted if a shot fell on it."""
        pts = frame.pts if frame.pts is not None else frame.dts
        if pts is None:
            pts = self._end_pts
        if self._first_pts is None:
            self._first_pts = pts
            first_shot = 0
        else:
            first_shot = self.clock.first_shot(pts, self._frames_per_cell)
        self._note_losses(pts, first_shot, frame)
        self._end_pts = max(self._end_pts, pts + self._ticks(frame))
        self._last_pts = pts
        if self._pending and first_shot > self._pending[0]:
            yield self._picture()
        self._pending = (first_shot, frame)

    def _note_losses(self, pts: int, first_shot: int, frame: VideoFrame) -> None:
        """Count what is lost before a frame; cells of which no frame came show nothing."""
        ticks = max(self._ticks(frame), self._step)  # of few ticks where packets say so wrongly
        if self._losses.came(pts, ticks, paired=frame.interlaced_frame):
            self._skips = False  # so that the others are counted
            following = (self.clock.whole_seconds(self._last_pts) + 1) * self._frames_per_cell
            if following < first_shot:
                self.reading.unseen.append((following, first_shot))

    def _ticks(self, frame: VideoFrame) -> int:
        """How long a frame lasts; of raw streams, whose frames have no time, libav may say 1."""
        if frame.duration and (frame.pts is not None or frame.dts is not None):
            return int(frame.duration)
        return self._step

    def _picture(self) -> Picture:
        assert self._pending is not None
        assert self._first_pts is not None
        first_shot, frame = self._pending
        if is_hdr(frame):
            self.reading.flags.add(Reason.HDR)
        start = self.clock.seconds(self._first_pts)
        end = self.held_until(self._last_pts, self._end_pts)
        self.reading.video_span = (start, end)
        return Picture(first_shot, self._scaler(frame))
