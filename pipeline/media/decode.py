"""File to pictures and sound on one clock: one pass over the packets for both streams.

Only frames that a shot looks at are converted, and most of the others are not decoded:
packets' pts say beforehand which frames will be shown, so every other packet is sent while the
decoder skips frames that no other frame refers to. The pictures are the same bits either way.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import Any

import av
import av.error
from av.container import InputContainer
from av.packet import Packet

from avel.pipeline.media.audio import AudioTrack
from avel.pipeline.media.container import open_container, refused
from avel.pipeline.media.continuity import TS_DISCONT, Continuity
from avel.pipeline.media.limits import MEDIA_SECONDS
from avel.pipeline.media.reading import Picture, Reading, Sound
from avel.pipeline.media.scaler import Square
from avel.pipeline.media.timeline import StreamClock
from avel.pipeline.media.torch_video import TorchTrack
from avel.pipeline.media.video import VideoTrack
from avel.pipeline.reasons import MediaError, Reason


def decode(
    reading: Reading,
    *,
    frames_per_cell: int,
    square: Square,
    sample_rate: int,
    timeout_seconds: float,
    skip_frames: bool = True,
) -> Iterator[Picture | Sound]:
    """Read one file and give the pictures that shots look at, and all of its sound.

    Args:
        reading: Names the file; filled in while the iteration runs.
        frames_per_cell: F, shots in one second.
        square: How a frame becomes the encoder's picture.
        sample_rate: Of the sound given, in Hz.
        timeout_seconds: Wall time that reading the file may take; what the caller does between
            two items does not count.
        skip_frames: Whether frames that are never shown may stay undecoded. Changes no bit.

    Raises:
        MediaError: nothing of the file can be used; carries the reason code.
        NotByTorch: torchcodec was to decode the pictures, and does not.
    """
    with open_container(reading.path, reading.codecs) as container:
        kind = TorchTrack if reading.device else VideoTrack
        video = kind.choose(container, reading, frames_per_cell, square, skip_frames)
        audio = AudioTrack.choose(container, reading, sample_rate)
        tracks: dict[int, VideoTrack | AudioTrack] = {
            track.stream.index: track for track in (video, audio) if track
        }
        if not tracks:
            raise MediaError(*_nothing_to_read(container, reading))
        continuity = _on_one_clock(container, tracks)
        for locked in [t for t in tracks.values() if "enc_key_id" in t.stream.metadata]:  # WebM
            reading.flags.add(Reason.ENCRYPTED)
            _give_up(locked, tracks, reading)
        reading.promised = _promised(container, tracks.values())
        began = time.monotonic()
        for packet in _packets(container, tracks, reading):
            reading.beat()
            track = tracks.get(packet.stream_index)
            if track is None:  # it was given up
                continue
            continuity.place(packet)
            if packet.dts is not None:
                reading.position = max(reading.position, track.clock.whole_seconds(packet.dts))
            items = _fed(packet, track, tracks, reading)
            paused = time.monotonic()
            if paused - began > timeout_seconds:
                _check_pace(reading, paused - began, timeout_seconds, continuity.gaps)
            if items:
                yield from items
                began += time.monotonic() - paused
        for track in list(tracks.values()):
            yield from _whole(track, track.finish(), tracks, reading)
        _judge(reading, continuity.jumps + (video is not None and video.overlong))


def _check_pace(reading: Reading, spent: float, timeout_seconds: float, gaps: Fraction) -> None:
    """Give a file up that takes longer than its seconds allow, empty ones (`gaps`) not counted."""
    held = float(reading.position - gaps)
    if spent > timeout_seconds * max(1.0, held / MEDIA_SECONDS):
        raise MediaError(
            Reason.TIMEOUT,
            f"{reading.path}: decoding took {spent:.0f} s for {held:.0f} s of media, more than "
            f"{timeout_seconds:g} s for each {MEDIA_SECONDS} s; raise --timeout",
        )


def _on_one_clock(
    container: InputContainer, tracks: dict[int, VideoTrack | AudioTrack]
) -> Continuity:
    """Give all tracks the same zero; what keeps time going on through jumps."""
    origin = min(track.start() for track in tracks.values())
    bases = {index: track.time_base for index, track in tracks.items()}
    may_jump = bool(container.format.flags & TS_DISCONT)
    continuity = Continuity(bases, origin, may_jump=may_jump)
    for track in tracks.values():
        track.clock = StreamClock(track.time_base, origin)
        track.continuity = continuity
    return continuity


def _fed(
    packet: Packet[Any],
    track: VideoTrack | AudioTrack,
    tracks: dict[int, VideoTrack | AudioTrack],
    reading: Reading,
) -> list[Picture | Sound]:
    """What comes of a packet; a track that is locked gives what it has, and no more."""
    # Not `has_sidedata`: it takes six times as long to find nothing.
    if not any(data.data_type == "encryption_info" for data in packet.iter_sidedata()):
        return _whole(track, track.feed(packet), tracks, reading)
    reading.flags.add(Reason.ENCRYPTED)
    _give_up(track, tracks, reading)
    return _whole(track, track.finish(), tracks, reading)


def _whole(
    track: VideoTrack | AudioTrack,
    items: Iterator[Picture] | Iterator[Sound],
    tracks: dict[int, VideoTrack | AudioTrack],
    reading: Reading,
) -> list[Picture | Sound]:
    """The items; where libav gives a track up in the middle of them, it costs only the track."""
    found: list[Picture | Sound] = []
    try:
        for item in items:
            found.append(item)
    except (av.error.FFmpegError, ValueError) as err:
        reading.flags.add(Reason.DECODE_ERROR)
        kind = "picture" if isinstance(track, VideoTrack) else "sound"
        reading.notes.append(f"its {kind} could not be decoded ({type(err).__name__}: {err})"[:200])
        _give_up(track, tracks, reading)
    return found


def _give_up(
    track: VideoTrack | AudioTrack, tracks: dict[int, VideoTrack | AudioTrack], reading: Reading
) -> None:
    """Go on without a track; nobody waits for it."""
    tracks.pop(track.stream.index, None)
    if isinstance(track, VideoTrack):
        reading.video_stream = None
    else:
        reading.audio_stream = None


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
    if decoders := refused(container):
        return (
            Reason.UNSUPPORTED_CODEC,
            f"{reading.path}: only usual codecs are decoded, not {', '.join(decoders)}; convert it "
            f"to H.264 and AAC, or allow it with --codec {decoders[0]}",
        )
    if Reason.UNSUPPORTED_CODEC in reading.flags:
        return (
            Reason.UNSUPPORTED_CODEC,
            f"{reading.path}: no decoder for its streams ({', '.join(kinds)}); convert it to H.264",
        )
    return Reason.EMPTY, f"{reading.path}: no video or audio stream (streams: {kinds or 'none'})"


def _judge(reading: Reading, jumps: int) -> None:
    """Set the flags that only the end can tell."""
    locked = Reason.ENCRYPTED in reading.flags
    if not reading.video_span and not reading.audio_span:
        if locked:
            raise MediaError(
                Reason.ENCRYPTED,
                f"{reading.path}: what it holds is encrypted, and avel has no key; "
                "give it decrypted",
            )
        raise MediaError(
            Reason.DECODE_ERROR,
            f"{reading.path}: no frame and no sample could be decoded "
            f"({reading.damaged_packets} damaged packets)",
        )
    if not reading.video_span:
        reading.flags.add(Reason.NO_VIDEO)
    if not reading.audio_span:
        reading.flags.add(Reason.NO_AUDIO)
    if reading.damaged_packets or reading.missing_frames:
        reading.flags.add(Reason.DECODE_ERROR)
    if reading.missing_frames:
        reading.notes.append(
            f"{reading.missing_frames} of {reading.asked_frames} frames that were looked for could "
            "not be decoded"
        )
    if jumps:
        reading.flags.add(Reason.DISCONTINUITY)
        often = "once" if jumps == 1 else f"{jumps} times"
        reading.notes.append(f"time jumps {often}; it goes on from where it was")
    elif reading.promised - reading.duration > Fraction(1, 2) and not locked:
        reading.flags.add(Reason.TRUNCATED)


def _promised(container: InputContainer, tracks: Collection[VideoTrack | AudioTrack]) -> Fraction:
    """Seconds that the headers promise of the chosen streams."""
    promised = max((track.promised() for track in tracks), default=Fraction(0))
    if not promised and container.duration and len(container.streams) == len(tracks):
        # Matroska says it for the file only, and some count it from zero, not from the start
        start = max(0, container.start_time or 0)
        promised = Fraction(container.duration - start, av.time_base)
    return max(promised, Fraction(0))
