"""How a file's picture runs: rate, whether it is constant, size; nothing is decoded."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
from av.video.stream import VideoStream

from avel.pipeline.media.container import open_container
from avel.pipeline.media.reading import Reading
from avel.pipeline.media.streams import Streams, base, choose

MOST_PACKETS = 20_000
"""That are looked at: ten minutes at a usual rate tell whether it is constant."""
SLACK = Fraction(1, 500)
"""Seconds by which two intervals may differ where a clock of milliseconds rounds them."""


def probe(path: Path, beat: Callable[[int], object]) -> dict[str, Any]:
    """Frames a second and more, as JSON has it; 0 frames a second where there is no picture.

    Args:
        path: The file.
        beat: Told how far it is, in seconds.

    Raises:
        MediaError: the file cannot be opened or has nothing in it.
    """
    reading = Reading(path)
    with open_container(path) as container:
        streams = choose(container, reading)
        video, audio = streams.video, streams.audio
        duration = Fraction(container.duration or 0, av.time_base)
        found: dict[str, Any] = {
            "frame_rate": "0",
            "variable": False,
            "width": 0,
            "height": 0,
            "duration": str(duration),
            "sample_rate": audio.sample_rate if audio is not None else 0,
        }
        if video is not None:
            rate, variable = _rate(streams, video)
            found |= {
                "frame_rate": str(rate),
                "variable": variable,
                "width": video.width,
                "height": video.height,
            }
    return found


def _rate(streams: Streams, video: VideoStream) -> tuple[Fraction, bool]:
    """Frames a second, and whether their intervals differ by more than a clock's rounding."""
    times: list[int] = []
    for packet in streams.packets(video, Fraction(0)):
        if packet.pts is not None:
            times.append(packet.pts)
        if len(times) == MOST_PACKETS:
            break
    times = sorted(set(times))
    declared = video.average_rate or video.guessed_rate or Fraction(25)
    if len(times) < 3:
        return Fraction(declared), False
    tick = base(video)
    steps = [later - earlier for earlier, later in pairwise(times)]
    usual = sorted(steps)[len(steps) // 2] * tick
    room = max(SLACK, 2 * tick) if tick >= Fraction(1, 2000) else SLACK
    variable = any(abs(step * tick - usual) > room for step in steps)
    measured = Fraction(len(steps)) / ((times[-1] - times[0]) * tick)
    near = abs(measured - declared) <= declared / 100
    return (Fraction(declared) if near else measured), variable
