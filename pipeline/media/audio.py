"""An audio stream to mono samples on the common clock; holes stay holes."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from avel.pipeline.media.mixing import Plain, is_plain, joined
from avel.pipeline.media.reading import Reading, Sound
from avel.pipeline.media.track import Track, best_stream
from avel.pipeline.reasons import Reason

AUDIO_GAP_SECONDS = Fraction(1, 25)
"""Audio that starts this far from where the last packet ended is a hole, not rounding."""
LOOSE = {"asf": Fraction(1, 10)}
"""Formats whose packets say when they are sent, which is by a frame or two beside the sound's time;
the same tolerance as that of FFmpeg's resampler."""
RATES = (1_000, 768_000)
"""Sample rates in Hz that are sound; others cost the resampler minutes or gigabytes."""
UNSTAMPED = {"aac", "ac3", "eac3", "dts", "mp3", "amr", "loas"}
"""Formats of packets alone: their times are counted by a rate that the packets may leave."""


class AudioTrack(Track):
    """One audio stream, resampled a second at a time."""

    @classmethod
    def choose(
        cls, container: InputContainer, reading: Reading, sample_rate: int
    ) -> AudioTrack | None:
        stream = best_stream(container, "audio", reading)
        if stream is None:
            return None
        reading.audio_stream = stream.index
        track = cls(stream, reading, sample_rate)
        track._stamped = container.format.name not in UNSTAMPED
        track._gap_seconds = LOOSE.get(container.format.name, AUDIO_GAP_SECONDS)
        return track

    def __init__(self, stream: AudioStream, reading: Reading, sample_rate: int) -> None:
        super().__init__(stream, reading)
        self._sample_rate = sample_rate
        self._run: _AudioRun | None = None
        self._resampler: Any = None
        self._plain: Plain | None = None
        self._batch: list[AudioFrame] = []
        self._write_at = 0
        self._spoken = False
        self._stamped, self._counts = True, False
        self._gap_seconds = AUDIO_GAP_SECONDS

    def feed(self, packet: Packet[Any]) -> Iterator[Sound]:
        for frame in self.decode(packet):
            yield from self._take(frame)

    def finish(self) -> Iterator[Sound]:
        for frame in self.decode(None):
            yield from self._take(frame)
        yield from self._end_run()

    def _take(self, frame: AudioFrame) -> Iterator[Sound]:
        """Add one frame to the run, or begin a new run where time or format jumps."""
        if not frame.samples:
            return
        if not RATES[0] <= frame.sample_rate <= RATES[1]:
            self._leave_out(frame)
            return
        if not self._stamped and self._run and frame.sample_rate != self._run.rate:
            self._counts = True
        if self._counts:
            frame.pts = None
        if self._run is None or not self._run.continues(frame):
            yield from self._end_run()
            self._begin_run(frame)
        assert self._run is not None
        self._run.samples += frame.samples
        self._batch += self._plain(frame) if self._plain else [frame]
        # A second at a time: resampling every small frame costs more than decoding it.
        if self._run.samples - self._run.resampled >= frame.sample_rate:
            yield from self._resample()

    def _leave_out(self, frame: AudioFrame) -> None:
        """Count a frame of an absurd rate as damaged; the first is spoken of."""
        self.reading.damaged_packets += 1
        if not self._spoken:
            self._spoken = True
            self.reading.notes.append(
                f"its sound claims {frame.sample_rate} samples a second and could not be decoded"
            )

    def _begin_run(self, frame: AudioFrame) -> None:
        pts = frame.pts if frame.pts is not None else (self._run.end_pts if self._run else 0)
        self._run = _AudioRun(frame, pts, self.time_base, self._gap_seconds)
        self._write_at = self.clock.sample(pts, self._sample_rate)
        self._plain = None if is_plain(frame) else Plain(frame)
        self._resampler = av.AudioResampler("s16", "mono", self._sample_rate)

    def _resample(self) -> Iterator[Sound]:
        assert self._run is not None
        batch, self._batch = self._batch, []
        self._run.resampled = self._run.samples
        start, end = self.clock.seconds(self._run.pts), self.clock.seconds(self._run.end_pts)
        span = self.reading.audio_span or (start, end)
        self.reading.audio_span = (min(span[0], start), max(span[1], end))
        if batch:
            frame, silenced = joined(batch)
            if silenced:
                self.reading.flags.add(Reason.NAN_AUDIO)
            yield from self._sounds(frame)

    def _end_run(self) -> Iterator[Sound]:
        if self._resampler is not None:
            if self._batch:
                yield from self._resample()
            yield from self._sounds(None)
            self._resampler = None

    def _sounds(self, frame: AudioFrame | None) -> Iterator[Sound]:
        for resampled in self._resampler.resample(frame):
            samples = resampled.to_ndarray().reshape(-1)
            yield Sound(self._write_at, samples)
            self._write_at += len(samples)


class _AudioRun:
    """Frames that follow one another without a hole, of one format."""

    def __init__(
        self,
        frame: AudioFrame,
        pts: int,
        time_base: Fraction,
        gap_seconds: Fraction = AUDIO_GAP_SECONDS,
    ) -> None:
        self.pts = pts
        self.rate = frame.sample_rate
        self.samples = 0
        self.resampled = 0
        self._form = (frame.sample_rate, frame.format.name, frame.layout.name)
        # samples per tick = rate * time_base, kept as whole numbers
        self._num = frame.sample_rate * time_base.numerator
        self._den = time_base.denominator
        self._gap = int(gap_seconds * frame.sample_rate) * self._den

    @property
    def end_pts(self) -> int:
        return self.pts + round(Fraction(self.samples * self._den, self._num))

    def continues(self, frame: AudioFrame) -> bool:
        if (frame.sample_rate, frame.format.name, frame.layout.name) != self._form:
            return False
        if frame.pts is None:
            return True
        return abs((frame.pts - self.pts) * self._num - self.samples * self._den) <= self._gap
