"""How far avel's decode of a file is from the ffmpeg program's, and by which rule it may be."""

import hashlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from avel.pipeline.media.cells import SegmentConfig, Segments
from avel.pipeline.media.container import FORMATS
from avel.pipeline.reasons import MediaError, Reason
from benchmarks import oracle

MOMENTS = 5
FRAME_LEVELS = 6.0
"""Mean difference of two scalers of one frame: less, also where every other pixel is an edge."""
NEIGHBOUR = 3.0
"""A frame that fits so much worse than the one before or after it is not the one on screen."""
TIE_SECONDS = 0.002
"""A frame that begins this near a moment may be shown at it or not: the program prints roundly."""
SECONDS = 1.0
"""Of length: the last frame's own, and a start that is cut off."""
SOUND_DB = 1.0
QUIET = 50.0
"""Of 32768: a floor under energies, so that silence and almost silence are near."""


@dataclass
class Read:
    """What avel made of a file: some pictures, and the energy of each second."""

    config: SegmentConfig
    dice: random.Random
    cells: int = 0
    duration: float = 0.0
    flags: tuple[Reason, ...] = ()
    error: MediaError | None = None
    pictures: dict[float, oracle.Picture] = field(default_factory=dict)
    first: dict[float, oracle.Picture] = field(default_factory=dict)
    """The first, for a video that no shot falls on."""
    seen: int = 0
    energy: list[float] = field(default_factory=list)
    heard: int = 0

    def add(self, segments: Segments) -> None:
        """Take the next cells; of the pictures a random choice stays, by reservoir."""
        shots = self.config.frames_per_cell
        if not self.cells and Reason.NO_VIDEO not in segments.flags:
            self.first = {0.5 / shots: segments.frames[0, 0].copy()}
        for number in np.flatnonzero(segments.visual_mask):
            for shot, picture in enumerate(segments.frames[number]):
                self._consider(self.cells + int(number) + (shot + 0.5) / shots, picture)
        self.energy += [energy(second) for second in segments.samples]
        self.heard += int(segments.audio_mask.sum())
        self.cells += len(segments.frames)
        self.duration, self.flags = segments.duration, segments.flags

    def digest(self, name: str) -> str:
        """Of all that a comparison sees."""
        what = hashlib.sha256(
            repr((name, self.cells, self.duration, self.error, self.seen)).encode()
        )
        what.update(repr((self.energy, self.heard, sorted(self.pictures))).encode())
        for _, picture in sorted({**self.first, **self.pictures}.items()):
            what.update(picture.tobytes())
        return what.hexdigest()[:16]

    def _consider(self, moment: float, picture: oracle.Picture) -> None:
        self.seen += 1
        if len(self.pictures) == MOMENTS:
            if self.dice.random() > MOMENTS / self.seen:
                return
            del self.pictures[self.dice.choice(sorted(self.pictures))]
        self.pictures[moment] = picture.copy()


@dataclass
class Theirs:
    """What the program says of the file, and how far avel is from it (None: nothing to compare)."""

    probed: dict[str, Any]
    times: list[float] = field(default_factory=list)
    """At which frames begin, of the video stream that fits best."""
    samples: int = 0
    decoded: float = 0.0
    """Seconds of sound that are not filled holes."""
    interlaced: bool = False
    errors: list[str] = field(default_factory=list)
    levels: float | None = None
    off: str = ""
    """Where a neighbouring frame fits better."""
    neighbour: float = 0.0
    """How far its neighbour is from the picture at the worst moment."""
    decibels: float | None = None
    loudest: str = ""

    @property
    def format(self) -> str:
        return str(self.probed.get("format", {}).get("format_name", ""))

    def least(self, found: Read) -> float:
        """Seconds to where the last frame begins or the sound ends, whichever is later."""
        return max([self.samples / found.config.sample_rate, *self.times[-1:]])

    def most(self, found: Read) -> float:
        """The same, or what the file says of itself: a last picture may stay for long."""
        said = [self.probed.get("format", {}), *self.probed.get("streams", [])]
        return max([self.least(found), *(float(one.get("duration", 0) or 0) for one in said)])

    @property
    def decodes(self) -> bool:
        return bool(self.times or self.samples)


def theirs(path: Path, found: Read) -> Theirs:
    """Each stream of the file by the program; where there are several, the one that fits best."""
    told = Theirs(oracle.probe(path))
    video, audio = (oracle.streams(told.probed, kind) for kind in ("video", "audio"))
    for stream in video[:4]:
        _see(told, found, path, stream, oracle.shift_of(told.probed, stream, audio[:1]))
    for stream in audio[:4]:
        _hear(told, found, path, stream, oracle.shift_of(told.probed, stream, video[:1]))
    return told


def _see(told: Theirs, found: Read, path: Path, stream: dict[str, Any], shift: float) -> None:
    """The worst moment of a stream, where it fits better than the stream before."""
    ours = found.pictures or found.first
    size = found.config.image_size
    shown = oracle.pictures(path, stream, size, list(ours), shift)
    apart = _apart(ours, shown)
    if shown.interlaced:  # frame by frame: avel takes a field of those that are
        fields = _apart(ours, oracle.pictures(path, stream, size, list(ours), shift, True))
        apart = {moment: min(apart[moment], fields.get(moment, apart[moment])) for moment in apart}
    told.interlaced |= shown.interlaced
    told.errors += shown.errors
    worst = max(apart.values(), default=None)
    better = worst is not None and (told.levels is None or worst[0] < told.levels)
    if better or not told.times:
        told.times = shown.times
    if better and worst is not None:
        told.levels, told.neighbour = worst
        off = [moment for moment, (now, near) in apart.items() if now > max(1.0, NEIGHBOUR * near)]
        told.off = f"at {off[0]:.2f} s a neighbour fits better" if off else ""


def _apart(
    ours: dict[float, oracle.Picture], shown: oracle.Shown
) -> dict[float, tuple[float, float]]:
    """Of each moment before the end: mean difference from the frame, and from a neighbour."""
    last = shown.times[-2:]
    end = last[-1] + max(0.04, last[-1] - last[0]) if last[1:] else 1.0
    return {
        moment: _levels(moment, ours[moment], frames)
        for moment, frames in shown.at.items()
        if moment < end
    }


def _levels(
    moment: float, picture: oracle.Picture, frames: list[oracle.Timed]
) -> tuple[float, float]:
    """Mean difference from the frame on screen, and from the nearer of its neighbours."""
    before, now, after = (
        float(np.mean(np.abs(picture.astype(np.int16) - frame))) for _, frame in frames
    )
    nearest = min(before, after)
    if moment - frames[1][0] < TIE_SECONDS:
        now = min(now, before)
    if frames[2][0] - moment < TIE_SECONDS:
        now = min(now, after)
    return now, nearest


def _hear(told: Theirs, found: Read, path: Path, stream: dict[str, Any], shift: float) -> None:
    rate = found.config.sample_rate
    heard = oracle.sound(path, stream, rate, shift)
    told.samples = max(told.samples, len(heard.samples))
    told.decoded = max(told.decoded, heard.decoded)
    told.errors += heard.errors
    if not found.heard or not len(heard.samples):
        return
    apart = []
    for second, ours in enumerate(found.energy[: oracle.MOST_SECONDS]):
        part = heard.samples[second * rate : (second + 1) * rate]
        padded = np.concatenate([part, np.zeros(rate - len(part), np.int16)])
        apart.append(abs(20 * float(np.log10((ours + QUIET) / (energy(padded) + QUIET)))))
    if told.decibels is None or max(apart) < told.decibels:
        told.decibels, told.loudest = max(apart), f"second {int(np.argmax(apart))}"


def energy(samples: NDArray[np.int16]) -> float:
    """Root of the mean square, in levels of 32768."""
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))))


def verdict(found: Read, told: Theirs) -> tuple[str, str]:
    """One of agrees, explained, differs and alone (nothing to compare), and why."""
    wrong = list(_wrong(found, told))
    if not told.decodes:
        return (
            "alone",
            "ffmpeg decodes nothing" if found.error else "ffmpeg decodes nothing, avel does",
        )
    if not wrong:
        return "agrees", ""
    for name, holds in RULES.items():
        if holds(found, told):
            return "explained", name
    return "differs", "; ".join(wrong)


def _wrong(found: Read, told: Theirs) -> Iterator[str]:
    if found.error is not None:
        yield f"refused, ffmpeg decodes {len(told.times)} frames, {told.samples} samples"
        return
    if told.off:
        yield f"picture {told.off}"
    elif (told.levels or 0) > FRAME_LEVELS:
        yield "picture"
    if (told.decibels or 0) > SOUND_DB:
        yield f"sound in {told.loudest}"
    if told.times and not found.seen:
        yield "no picture"
    if told.samples and not found.heard:
        yield "no sound"
    if (
        told.decodes
        and not told.least(found) - SECONDS < found.duration < told.most(found) + SECONDS
    ):
        yield f"{found.duration:.1f} s of {told.least(found):.1f} s"


Rule = Callable[[Read, Theirs], bool]
RULES: dict[str, Rule] = {
    "ENCRYPTED": lambda found, _: bool(found.error) and found.error.reason == "ENCRYPTED",
    "TIMEOUT: more than 20 s of work": lambda found, _: (
        bool(found.error) and found.error.reason == Reason.TIMEOUT
    ),
    "a codec that is not on avel's list": lambda found, _: (
        Reason.UNSUPPORTED_CODEC in (*found.flags, found.error and found.error.reason)
    ),
    "a container that is not on avel's list": lambda found, told: (
        bool(found.error) and not set(told.format.split(",")) & set(FORMATS.split(","))
    ),
    "HDR: avel maps it to an ordinary screen": lambda found, told: (
        "HDR" in found.flags and not told.off and (told.decibels or 0) <= SOUND_DB
    ),
    "a picture of a few pixels: scalers differ": lambda _, told: any(
        0 < int(stream.get("width", 99)) < 16 for stream in oracle.streams(told.probed, "video")
    ),
    "no frame is on screen at a shot": lambda found, told: (
        not found.seen and _span(told.times) < 1 / found.config.frames_per_cell
    ),
    "damaged: ffmpeg reports errors": lambda _, told: bool(told.errors),
    "a container without times of showing": lambda _, told: told.format in UNTIMED,
    "GIF without delays: versions of FFmpeg count its images differently": lambda _, told: (
        told.format == "gif"
    ),
    "VC-1 and SVQ3 with times of decoding: frames lie one apart": lambda _, told: (
        _has(told, "codec_name", "vc1", "svq3") and (told.decibels or 0) <= SOUND_DB
    ),
    "PCM whose byte order this ffmpeg does not read": lambda _, told: _has(
        told, "codec_tag_string", "ipcm", "fpcm"
    ),
    "several programs": lambda _, told: len(told.probed.get("programs", [])) > 1,
    "noise: scalers differ, but the frame is the nearest": lambda _, told: (
        0 < (told.levels or 0) < 0.3 * told.neighbour
    ),
    "this ffmpeg decodes less than half of the sound": lambda found, told: (
        0 < told.decoded < told.samples / found.config.sample_rate / 2
    ),
}
UNTIMED = ("avi", "h264", "hevc", "mpegvideo", "m4v")


def _span(times: list[float]) -> float:
    return times[-1] - times[0] if times else 0.0


def _has(told: Theirs, what: str, *values: str) -> bool:
    """Whether a stream is one of these."""
    return any(stream.get(what) in values for stream in told.probed.get("streams", []))
