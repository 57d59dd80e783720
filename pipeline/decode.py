"""File to pictures and sound on one clock: one pass over the packets for both streams.

Only frames that a shot looks at are converted, and most of the others are not decoded:
packets' pts say beforehand which frames will be shown, so every other packet is sent while the
decoder skips frames that no other frame refers to. The pictures are the same bits either way.

The only module of the pipeline that imports `av`.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from av.video.stream import VideoStream
from avel.pipeline.reasons import MediaError, Reason
from avel.pipeline.timeline import REORDER_PACKETS, ShotPlan, StreamClock
from numpy.typing import NDArray

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,mpegts,mpeg,mpegvideo,asf,ogg,wav,w64,mp3,flac,"
    "aac,aiff,caf,ac3,eac3,dv,mxf,gxf,nut,rm,ivf,h264,hevc,m4v,wtv,swf,gif,amr,dts,au,yuv4mpegpipe"
)
"""Demuxers that read one local file. Playlists, concat lists and devices are not among them."""

SKIPPABLE = frozenset({"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "h263", "vc1"})
"""Codecs whose decoders honour `skip_frame` packet by packet."""

SCALER = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT
AUDIO_GAP_SECONDS = Fraction(1, 25)
"""Audio that starts this far from where the last packet ended is a hole, not rounding."""

av.logging.set_level(None)  # libav's log callback contends for the lock between threads


@dataclass(frozen=True, slots=True)
class Picture:
    """What is on screen from shot `first_shot` until the next picture; RGB uint8 (3, H, W)."""

    first_shot: int
    rgb: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sound:
    """Mono int16 samples (S,) from sample `first_sample` of the common clock."""

    first_sample: int
    samples: NDArray[np.int16]


@dataclass
class Reading:
    """What is known of a file while it is read; complete when the iteration has ended."""

    path: Path
    video_stream: int | None = None
    audio_stream: int | None = None
    video_span: tuple[Fraction, Fraction] | None = None
    audio_span: tuple[Fraction, Fraction] | None = None
    damaged_packets: int = 0
    flags: set[Reason] = field(default_factory=set)
    position: int = 0
    """Whole seconds of common time up to which the file has been read."""

    @property
    def duration(self) -> Fraction:
        """Seconds from the common start to the later end of the two streams."""
        return max(
            (span[1] for span in (self.video_span, self.audio_span) if span), default=Fraction(0)
        )


def decode(
    reading: Reading,
    *,
    frames_per_cell: int,
    image_size: int,
    sample_rate: int,
    timeout_seconds: float,
    skip_frames: bool = True,
) -> Iterator[Picture | Sound]:
    """Read one file and give the pictures that shots look at, and all of its sound.

    Args:
        reading: Names the file; filled in while the iteration runs.
        frames_per_cell: F, shots in one second.
        image_size: Side of the square picture, in pixels.
        sample_rate: Of the sound given, in Hz.
        timeout_seconds: Wall time that the whole file may take.
        skip_frames: Whether frames that are never shown may stay undecoded. Changes no bit.

    Raises:
        MediaError: nothing of the file can be used; carries the reason code.
    """
    with open_container(reading.path) as container:
        video = _VideoTrack.choose(container, reading, frames_per_cell, image_size, skip_frames)
        audio = _AudioTrack.choose(container, reading, sample_rate)
        tracks: dict[int, _VideoTrack | _AudioTrack] = {
            track.stream.index: track for track in (video, audio) if track
        }
        if not tracks:
            raise MediaError(*_nothing_to_read(container, reading))
        origin = min(track.start() for track in tracks.values())
        for track in tracks.values():
            track.clock = StreamClock(track.time_base, origin)
        deadline = time.monotonic() + timeout_seconds
        for packet in _packets(container, tracks, reading):
            if time.monotonic() > deadline:
                raise MediaError(
                    Reason.TIMEOUT,
                    f"{reading.path}: decoding took more than {timeout_seconds:g} s, in which "
                    f"{reading.position} s of media were read; raise --timeout",
                )
            track = tracks[packet.stream.index]
            if packet.dts is not None:
                reading.position = max(reading.position, track.clock.whole_seconds(packet.dts))
            yield from track.feed(packet)
        for track in tracks.values():
            yield from track.finish()
        _judge(container, reading, video, audio)


def open_container(path: Path) -> InputContainer:
    """Open one local file, and nothing else: no network protocol, playlist or device.

    Raises:
        MediaError: MISSING_FILE, PERMISSION, EMPTY or DECODE_ERROR, saying what the file is.
    """
    try:
        with path.open("rb") as file:
            head = file.read(64)
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as err:
        raise MediaError(Reason.MISSING_FILE, f"{path}: is not a file") from err
    except PermissionError as err:
        raise MediaError(Reason.PERMISSION, f"{path}: may not be read; check its rights") from err
    if not head:
        raise MediaError(Reason.EMPTY, f"{path}: the file has 0 bytes; copy it again")
    options = {"protocol_whitelist": "file", "format_whitelist": FORMATS}
    try:
        return av.open("file:" + os.fspath(path.absolute()), options=options, timeout=60.0)
    except (av.error.FFmpegError, ValueError, UnicodeError) as err:
        raise MediaError(
            Reason.DECODE_ERROR, f"{path}: {_what_it_is(head)} ({_detail(err)})"
        ) from err


def _what_it_is(head: bytes) -> str:
    if head.startswith((b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml")):
        return "is a playlist or manifest; give the media file itself"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return (
            "is an MP4 without a readable index: cut while it was written or copied; copy it again"
        )
    if all(byte in b"\t\r\n" or byte >= 32 for byte in head) and head.decode("utf-8", "ignore"):
        return "is text, not a video"
    return "is no container that avel reads; see `avel doctor` for the formats"


def _detail(err: Exception) -> str:
    return str(getattr(err, "strerror", None) or err).split(":")[0]


def _packets(
    container: InputContainer, tracks: dict[int, Any], reading: Reading
) -> Iterator[Packet[Any]]:
    """All packets of the tracks; a file that breaks off ends here instead of raising."""
    demuxed = container.demux([track.stream for track in tracks.values()])
    while True:
        try:
            packet = next(demuxed, None)
        except av.error.FFmpegError:
            reading.flags.add(Reason.TRUNCATED)
            return
        if packet is None:
            return
        if packet.size:
            yield packet


def _nothing_to_read(container: InputContainer, reading: Reading) -> tuple[Reason, str]:
    kinds = [f"#{stream.index} {stream.type}" for stream in container.streams]
    if Reason.UNSUPPORTED_CODEC in reading.flags:
        return (
            Reason.UNSUPPORTED_CODEC,
            f"{reading.path}: no decoder for its streams ({', '.join(kinds)}); convert it to H.264",
        )
    return Reason.EMPTY, f"{reading.path}: no video or audio stream (streams: {kinds or 'none'})"


def _judge(
    container: InputContainer,
    reading: Reading,
    video: _VideoTrack | None,
    audio: _AudioTrack | None,
) -> None:
    """Set the flags that only the end can tell."""
    if not reading.video_span and not reading.audio_span:
        raise MediaError(
            Reason.DECODE_ERROR,
            f"{reading.path}: no frame and no sample could be decoded "
            f"({reading.damaged_packets} damaged packets)",
        )
    if not reading.video_span:
        reading.flags.add(Reason.NO_VIDEO)
    if not reading.audio_span:
        reading.flags.add(Reason.NO_AUDIO)
    if reading.damaged_packets:
        reading.flags.add(Reason.DECODE_ERROR)
    tracks = [track for track in (video, audio) if track]
    promised = max((track.promised() for track in tracks), default=Fraction(0))
    if not promised and container.duration and len(container.streams) == len(tracks):
        promised = Fraction(container.duration, av.time_base)  # Matroska says it for the file only
    if promised - reading.duration > Fraction(1, 2):
        reading.flags.add(Reason.TRUNCATED)


class _Track:
    """What video and audio share: the stream, its clock and its place in the reading."""

    def __init__(self, stream: VideoStream | AudioStream, reading: Reading) -> None:
        self.stream = stream
        self.reading = reading
        self.time_base = stream.time_base or Fraction(1, 1000)
        self.clock = StreamClock(self.time_base, Fraction(0))
        stream.codec_context.thread_count = 1

    def start(self) -> Fraction:
        """Seconds of the stream's own time at which it starts."""
        return (self.stream.start_time or 0) * self.time_base

    def promised(self) -> Fraction:
        """Common time at which the header says that the stream ends; 0 where it does not."""
        duration = self.stream.duration
        return (
            self.clock.seconds((self.stream.start_time or 0) + duration)
            if duration
            else Fraction(0)
        )

    def decode(self, packet: Packet[Any] | None) -> list[Any]:
        try:
            return list(self.stream.codec_context.decode(packet))
        except av.error.FFmpegError:
            self.reading.damaged_packets += 1
            return []
        except MemoryError as err:
            raise MediaError(
                Reason.OOM, f"{self.reading.path}: out of memory while decoding"
            ) from err


def _usable(container: InputContainer, kind: str, reading: Reading) -> Any:
    """The best stream of a kind that has a decoder; cover pictures are not video."""
    streams = [s for s in container.streams if s.type == kind]
    streams = [s for s in streams if not s.disposition & Disposition.attached_pic]
    known = [s for s in streams if s.codec_context is not None]
    if len(known) < len(streams):
        reading.flags.add(Reason.UNSUPPORTED_CODEC)
    best = container.streams.best(kind)  # type: ignore[arg-type]
    return best if best in known else next(iter(known), None)


class _VideoTrack(_Track):
    @classmethod
    def choose(
        cls,
        container: InputContainer,
        reading: Reading,
        frames_per_cell: int,
        image_size: int,
        skip_frames: bool,
    ) -> _VideoTrack | None:
        stream = _usable(container, "video", reading)
        if stream is None:
            return None
        reading.video_stream = stream.index
        stream.thread_type = "SLICE"
        return cls(stream, reading, frames_per_cell, image_size, skip_frames)

    def __init__(
        self,
        stream: VideoStream,
        reading: Reading,
        frames_per_cell: int,
        image_size: int,
        skip_frames: bool,
    ) -> None:
        super().__init__(stream, reading)
        self._frames_per_cell = frames_per_cell
        self._scaler = _Scaler(stream, image_size)
        self._skips = skip_frames and stream.codec_context.name in SKIPPABLE
        self._waiting: deque[Packet[Any]] = deque()
        self._plan: ShotPlan | None = None
        self._pending: tuple[int, VideoFrame] | None = None
        self._first_pts: int | None = None
        self._end_pts = 0

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
            yield self._picture()

    def _decode_one(self, packet: Packet[Any]) -> Iterator[Picture]:
        assert self._plan is not None
        shown = not self._skips or packet.pts is None or self._plan.shown(packet.pts)
        self.stream.codec_context.skip_frame = "DEFAULT" if shown else "NONREF"
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
        self._end_pts = max(self._end_pts, pts + self._ticks(frame))
        if self._pending and first_shot > self._pending[0]:
            yield self._picture()
        self._pending = (first_shot, frame)

    def _ticks(self, frame: VideoFrame) -> int:
        if frame.duration:
            return int(frame.duration)
        rate = self.stream.average_rate or Fraction(25)
        return max(1, round(1 / (rate * self.time_base)))

    def _picture(self) -> Picture:
        assert self._pending is not None
        assert self._first_pts is not None
        first_shot, frame = self._pending
        start, end = self.clock.seconds(self._first_pts), self.clock.seconds(self._end_pts)
        self.reading.video_span = (start, end)
        return Picture(first_shot, self._scaler(frame))


class _Scaler:
    """One frame to the encoder's square: short side to `size`, centre crop, as CLIP does.

    Scales in the sample's own shape and colour space straight to RGB in one step of libswscale
    (bicubic, with its support widened when shrinking, as PIL's). Pixels that are not square
    are made so, and the picture is turned as its side data says.
    """

    def __init__(self, stream: VideoStream, size: int) -> None:
        self._size = size
        self._aspect = stream.sample_aspect_ratio or Fraction(1)
        self._reformatter = VideoReformatter()
        self._field: Any = None

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """RGB uint8 (3, size, size)."""
        width, height = self._scaled(frame.width * self._aspect, frame.height)
        turn = round(frame.rotation / 90) % 4
        if frame.interlaced_frame:
            frame = self._one_field(frame)
        scaled = self._reformatter.reformat(
            frame,
            width,
            height,
            "rgb24",
            interpolation=SCALER,
            src_color_range=_range_of(frame),
            dst_color_range=ColorRange.JPEG,
            threads=1,
        )
        rgb = np.rot90(scaled.to_ndarray(), turn)
        top, left = (round((side - self._size) / 2) for side in rgb.shape[:2])
        square = rgb[top : top + self._size, left : left + self._size]
        return np.ascontiguousarray(square.transpose(2, 0, 1))

    def _scaled(self, width: Fraction, height: int) -> tuple[int, int]:
        """Width and height with the short side at `size`, rounded down as torchvision's Resize."""
        if width <= height:
            return self._size, int(self._size * height / width)
        return int(self._size * width / height), self._size

    def _one_field(self, frame: VideoFrame) -> VideoFrame:
        """The first field of an interlaced frame: half the lines, but of one moment."""
        if self._field is None:
            graph = av.filter.Graph()
            source = graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base or Fraction(1, 1000),
            )
            field = graph.add("field", "type=top")
            source.link_to(field)
            field.link_to(graph.add("buffersink"))
            graph.configure()
            self._field = graph
        self._field.push(frame)
        return self._field.pull()  # type: ignore[no-any-return]


def _range_of(frame: VideoFrame) -> ColorRange:
    """Full or limited range as the frame says; a `yuvj` pixel format is full by definition."""
    if frame.format.name.startswith("yuvj"):
        return ColorRange.JPEG
    return ColorRange(frame.color_range)


class _AudioTrack(_Track):
    @classmethod
    def choose(
        cls, container: InputContainer, reading: Reading, sample_rate: int
    ) -> _AudioTrack | None:
        stream = _usable(container, "audio", reading)
        if stream is None:
            return None
        reading.audio_stream = stream.index
        return cls(stream, reading, sample_rate)

    def __init__(self, stream: AudioStream, reading: Reading, sample_rate: int) -> None:
        super().__init__(stream, reading)
        self._sample_rate = sample_rate
        self._run: _AudioRun | None = None
        self._resampler: Any = None
        self._batch: list[AudioFrame] = []
        self._write_at = 0

    def feed(self, packet: Packet[Any]) -> Iterator[Sound]:
        for frame in self.decode(packet):
            if frame.samples:
                yield from self._take(frame)

    def finish(self) -> Iterator[Sound]:
        for frame in self.decode(None):
            yield from self._take(frame)
        yield from self._end_run()

    def _take(self, frame: AudioFrame) -> Iterator[Sound]:
        """Add one frame to the run, or begin a new run where time or format jumps."""
        if self._run is None or not self._run.continues(frame):
            yield from self._end_run()
            pts = frame.pts if frame.pts is not None else (self._run.end_pts if self._run else 0)
            self._run = _AudioRun(frame, pts, self.time_base)
            self._write_at = self.clock.sample(pts, self._sample_rate)
            self._resampler = av.AudioResampler("s16", "mono", self._sample_rate)
        self._run.samples += frame.samples
        self._batch.append(frame)
        # A second at a time: resampling every small frame costs more than decoding it.
        if self._run.samples - self._run.resampled >= frame.sample_rate:
            yield from self._resample()

    def _resample(self) -> Iterator[Sound]:
        assert self._run is not None
        frame = _joined(self._batch)
        self._batch = []
        self._run.resampled = self._run.samples
        start, end = self.clock.seconds(self._run.pts), self.clock.seconds(self._run.end_pts)
        span = self.reading.audio_span or (start, end)
        self.reading.audio_span = (min(span[0], start), max(span[1], end))
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

    def __init__(self, frame: AudioFrame, pts: int, time_base: Fraction) -> None:
        self.pts = pts
        self.samples = 0
        self.resampled = 0
        self._form = (frame.sample_rate, frame.format.name, frame.layout.name)
        # samples per tick = rate * time_base, kept as whole numbers
        self._num = frame.sample_rate * time_base.numerator
        self._den = time_base.denominator
        self._gap = int(AUDIO_GAP_SECONDS * frame.sample_rate) * self._den

    @property
    def end_pts(self) -> int:
        return self.pts + round(Fraction(self.samples * self._den, self._num))

    def continues(self, frame: AudioFrame) -> bool:
        if (frame.sample_rate, frame.format.name, frame.layout.name) != self._form:
            return False
        if frame.pts is None:
            return True
        return abs((frame.pts - self.pts) * self._num - self.samples * self._den) <= self._gap


def _joined(frames: list[AudioFrame]) -> AudioFrame:
    """Frames of one format as one; without a time, so that the resampler fills nothing in."""
    first = frames[0]
    if len(frames) > 1:
        samples = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
        joined = AudioFrame.from_ndarray(samples, first.format.name, first.layout.name)
        joined.sample_rate = first.sample_rate
        first = joined
    first.pts = None
    return first
