"""Frames of sound made plain where PyAV must not touch them, or the resampler cannot mix them.

PyAV reads one plane too many of a planar frame whose channels fill its eight pointers, and the
process dies: such frames become packed ones, and none of their planes is touched before. The
resampler has no way to mix channels of which nobody says where they stand, and none for
ambisonics: there the first channel, which is the sound from everywhere, or the mean of all is one
channel already.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import av.error
import numpy as np
from av.audio.frame import AudioFrame
from av.filter import Graph
from numpy.typing import NDArray

MOST_PLANES = 7
"""Channels of a planar frame that PyAV can hand out."""
FLOATS = {"flt", "fltp", "dbl", "dblp"}
LOUDEST = 1e9
"""A float sample beyond is no sound; full scale is 1."""


class Plain:
    """Turns frames of one form, one by one, into packed ones of a layout that can be mixed."""

    def __init__(self, frame: AudioFrame) -> None:
        graph = Graph()
        source = graph.add_abuffer(
            sample_rate=frame.sample_rate,
            format=frame.format.name,
            layout=frame.layout.name,
            time_base=Fraction(1, frame.sample_rate),
        )
        mixed = [] if _mixes(frame.layout.name) else [graph.add("pan", _by_hand(frame))]
        packed = graph.add("aformat", f"sample_fmts={frame.format.packed.name}")
        graph.link_nodes(source, *mixed, packed, graph.add("abuffersink")).configure()
        self._graph = graph

    def __call__(self, frame: AudioFrame) -> list[Any]:
        """The samples of a frame (C channels, S samples), without a time."""
        frame.pts = None
        self._graph.push(frame)
        found = []
        while True:
            try:
                found.append(self._graph.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                return found


def is_plain(frame: AudioFrame) -> bool:
    """Whether frames of this form can be joined and mixed as they are."""
    channels: int = frame.layout.nb_channels
    if channels <= 2:
        return True
    return not (frame.format.is_planar and channels > MOST_PLANES) and _mixes(frame.layout.name)


def _mixes(layout: str) -> bool:
    """Whether the resampler knows how to make one channel of a layout."""
    graph = Graph()
    try:
        silence = graph.add("anullsrc", f"channel_layout={layout}:sample_rate=8000:nb_samples=64")
        one = graph.add("aformat", "channel_layouts=mono")
        graph.link_nodes(silence, one, graph.add("abuffersink")).configure()
        graph.pull()
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def _by_hand(frame: AudioFrame) -> str:
    """How channels that cannot be mixed become one."""
    channels: int = frame.layout.nb_channels
    if frame.layout.name.startswith("ambisonic"):
        return "mono|c0=c0"
    return "mono|c0=" + "+".join(f"{1 / channels:.9f}*c{number}" for number in range(channels))


def joined(frames: list[AudioFrame]) -> tuple[AudioFrame, bool]:
    """Frames of one plain form as one, and whether samples of it that are no sound are silence.

    It has no time, so that the resampler fills nothing in.
    """
    first, was_silenced = frames[0], False
    kind = first.format.name
    if len(frames) > 1 or kind in FLOATS:
        samples = _side_by_side(frames)
        was_silenced = kind in FLOATS and silenced(samples)
        whole = AudioFrame.from_ndarray(samples, kind, first.layout.name)
        whole.sample_rate = first.sample_rate
        first = whole
    first.pts = None
    return first, was_silenced


def _side_by_side(frames: list[AudioFrame]) -> NDArray[Any]:
    """Samples (planes, S) of frames of one form, as `to_ndarray` gives them, copied once."""
    found = frames[0].to_ndarray()
    each, kind = found.shape[1] // frames[0].samples, found.dtype
    whole = np.empty((len(found), each * sum(frame.samples for frame in frames)), kind)
    at = 0
    for frame in frames:
        count = each * frame.samples
        for row, plane in zip(whole, frame.planes, strict=True):
            row[at : at + count] = np.frombuffer(plane, kind, count)  # type: ignore[call-overload]
        at += count
    return whole


def silenced(samples: NDArray[np.float32] | NDArray[np.float64]) -> bool:
    """Put zero where samples (any shape) are no sound: NaN, infinite, absurd; whether any were."""
    if samples.min() >= -LOUDEST and samples.max() <= LOUDEST:  # both NaN where any is
        return False
    samples[~(np.abs(samples) <= LOUDEST)] = 0
    return True
