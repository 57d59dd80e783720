"""A piece of a film to a file of its own, packet by packet as it is, from a key frame on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.error import FFmpegError

from avel.pipeline.media.container import open_container
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.streams import Stream, Streams, base, choose
from avel.pipeline.media.suffixes import KINDS
from avel.pipeline.reasons import MediaError, Reason

MICROSECONDS = 1_000_000


def copy(
    path: Path, target: str, start: int, stop: int, beat: Callable[[int], object]
) -> dict[str, Any]:
    """Copy the packets from the key frame at or before `start` to `stop`, in microseconds.

    Returns:
        `start`: where the copy begins, in microseconds: at most at the second that was asked for.

    Raises:
        MediaError: DECODE_ERROR: the file's packets have no times, or its container cannot hold
            them; EMPTY: there are none.
    """
    first, last = Fraction(start, MICROSECONDS), Fraction(stop, MICROSECONDS)
    part = Path(target).with_suffix(f".part{Path(target).suffix}")
    kind = KINDS.get(part.suffix, "matroska")
    try:
        with open_container(path) as source, av.open(str(part), "w", format=kind) as written:
            streams = choose(source, Reading(path))
            main: Stream = streams.video or streams.audio  # type: ignore[assignment]
            true = _first(path, first)
            outs = {
                stream.index: written.add_stream_from_template(stream, opaque=True)
                for stream in (streams.video, streams.audio)
                if stream is not None
            }
            second = -1
            for packet in _wanted(path, streams, main, true, last):
                if (now := int(streams.seconds(packet.pts, packet.stream))) > second:
                    beat(second := now)
                shift = round((true + streams.origin) / base(packet.stream))
                packet.pts -= shift
                packet.dts -= shift
                packet.stream = outs[packet.stream.index]
                written.mux(packet)
        os.replace(part, target)
    except (FFmpegError, ValueError) as err:
        raise MediaError(
            Reason.DECODE_ERROR, f"{path}: cannot be copied ({err}); leave --copy out"
        ) from err
    finally:
        part.unlink(missing_ok=True)
    return {"start": round(true * MICROSECONDS)}


def _first(path: Path, start: Fraction) -> Fraction:
    """Second of the last key frame that is not after the start."""
    with open_container(path) as container:
        streams = choose(container, Reading(path))
        return _key_frame(streams, streams.video or streams.audio, start)  # type: ignore[arg-type]


def _key_frame(streams: Streams, main: Stream, start: Fraction) -> Fraction:
    found = None
    for packet in streams.packets(main, start):
        if packet.pts is None:
            break
        time = streams.seconds(packet.pts, main)
        if time > start and found is not None:
            break
        if packet.is_keyframe:
            found = time
    if found is None:
        raise ValueError("its packets have no times of their own")
    return found


def _wanted(
    path: Path, streams: Streams, main: Stream, true: Fraction, stop: Fraction
) -> Iterator[Any]:
    """Packets of both streams from the key frame to the end, in an order that a file can have."""
    with open_container(path) as other:
        both = choose(other, Reading(path))
        heard = both.audio if main.type == "video" else None
        sound = _between(both, heard, true, stop) if heard is not None else iter(())
        waiting = next(sound, None)
        begun = False
        for packet in _between(streams, main, true, stop):
            begun = begun or packet.is_keyframe
            if not begun:
                continue
            time = streams.seconds(packet.dts, main)
            while waiting is not None and both.seconds(waiting.dts, waiting.stream) <= time:
                yield waiting
                waiting = next(sound, None)
            yield packet
        while waiting is not None:
            yield waiting
            waiting = next(sound, None)


def _between(streams: Streams, stream: Stream, true: Fraction, stop: Fraction) -> Iterator[Any]:
    """Packets that are shown before the end, and those that they need.

    One that is shown later is held back until one comes that is not: only then it is needed.
    """
    held: list[Any] = []
    for packet in streams.packets(stream, true):
        if packet.pts is None or packet.dts is None:
            raise ValueError("its packets have no times of their own")
        time = streams.seconds(packet.pts, stream)
        if streams.seconds(packet.dts, stream) >= stop:
            return
        # what is shown before the key frame needs frames that are not here
        if time >= true:
            held.append(packet)
            if time < stop:
                yield from held
                held = []
