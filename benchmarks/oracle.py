"""What the ffmpeg program makes of a file: pictures at moments, and sound, on avel's clock.

It shares no code with avel but libav itself, of another version: its own choice of what is shown
when, its own turning, its own mixing. Frames pass through a pipe, and only those at the moments
asked for, with their neighbours, are kept.
"""

import contextlib
import json
import queue
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Timed = tuple[float, Picture]
LIMIT_SECONDS = 60
"""Of one run of the program; some files of the collections keep it busy for ever."""
JUMPING = ("mpegts", "mpeg", "ogg")
"""Formats whose times the program does not take as they are."""
MOST_SECONDS = 300
"""Of media that it is asked for."""
AUDIO = {"opus": ("-c:a", "libopus")}
"""Decoders that are not libav's own, and so more independent."""
TRANSPARENT = {"vp8": ("-c:v", "libvpx"), "vp9": ("-c:v", "libvpx-vp9")}
"""Decoders that read WebM's transparency."""
SHOWN = re.compile(
    r"showinfo.*\] n: *\d+ pts: *\S+ pts_time:(\S+) (?:.*i:(\w)|.*rate:(\d+) nb_samples:(\d+))?"
)
WRONG = re.compile(r"\[(?:error|fatal|panic)\] (?!Application provided invalid)(.*)")
"""Not what its own muxer says, which gets frames with times as they are."""


@dataclass
class Shown:
    """Pictures RGB uint8 (3, H, W) at moments: the frame before, the one shown, the one after.

    Each with the second at which it begins.
    """

    at: dict[float, list[Timed]] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    """Seconds of avel's clock at which frames begin."""
    interlaced: bool = False
    errors: list[str] = field(default_factory=list)


@dataclass
class Heard:
    """Mono samples (S,) at avel's rate from second 0 of its clock."""

    samples: NDArray[np.int16]
    decoded: float
    """Seconds that were decoded; the rest fills holes."""
    errors: list[str]


@dataclass(frozen=True)
class _Said:
    """A frame on its way: when it begins, whether it is interlaced, how long its sound is."""

    time: float
    interlaced: bool
    seconds: float


def probe(path: Path) -> dict[str, Any]:
    """Streams, programs and times by ffprobe; an empty one where it refuses the file."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format"]
    command += ["-show_programs", f"file:{path}"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=LIMIT_SECONDS)
        return dict(json.loads(done.stdout.decode("utf-8", "replace") or "{}"))
    except (subprocess.TimeoutExpired, json.JSONDecodeError):
        return {}


def streams(probed: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Streams of a kind ("video", "audio") that are no cover pictures."""
    found = [s for s in probed.get("streams", []) if s.get("codec_type") == kind]
    return [s for s in found if not s.get("disposition", {}).get("attached_pic")]


def shift_of(
    probed: dict[str, Any], stream: dict[str, Any], others: Sequence[dict[str, Any]]
) -> float:
    """Seconds from the program's second 0 for a stream to avel's, the first of the chosen streams'.

    The program counts from the file's first time; where times may jump, from the stream's own.
    """
    given = probed.get("format", {})
    own = {"start_time": stream.get("start_time")}
    first = (own if given.get("format_name") in JUMPING else given).get("start_time")
    starts = [float(s["start_time"]) for s in (stream, *others) if "start_time" in s]
    return min(starts) - float(first) if starts and first else 0.0


def pictures(
    path: Path,
    stream: dict[str, Any],
    size: int,
    moments: Sequence[float],
    shift: float,
    field_alone: bool = False,
) -> Shown:
    """Frames on screen at moments of avel's clock, scaled whole to cover a square, its centre.

    With `field_alone` of their upper field only, which is of one moment where they are interlaced.
    """
    wide, high = "iw*sar", "2*ih" if field_alone else "ih"
    scale = (
        f"scale=w='if(lte({wide},{high}),{size},trunc({size}*{wide}/({high})+1e-6))':"
        f"h='if(lte({wide},{high}),trunc({size}*{high}/({wide})+1e-6),{size})':"
        f"flags=bicubic+accurate_rnd+full_chroma_int{_colours(stream)},format=rgba"
    )
    half = "field=top," if field_alone else ""
    filters = f"showinfo=checksum=0,{half}{scale},crop={size}:{size}"
    output = ["-vf", filters, "-fps_mode", "passthrough", "-f", "rawvideo", "-"]
    shown, wanted, held = Shown(), sorted(moments), list[Timed]()
    tags = {name.lower(): value for name, value in stream.get("tags", {}).items()}
    decoder = TRANSPARENT.get(str(stream.get("codec_name")), ()) if "alpha_mode" in tags else ()
    with _Run(path, stream["index"], output, decoder) as run:
        for raw in run.blocks(size * size * 4):
            said = run.shown.get()
            if said is None:
                break
            moment = said.time - shift
            shown.times.append(moment)
            shown.interlaced |= said.interlaced
            held = [*held[-2:], (moment, _over_black(raw, size))]
            while wanted and wanted[0] < moment:
                _keep(shown, wanted.pop(0), held)
        for late in wanted:
            _keep(shown, late, [*held, *held[-1:]])
    shown.errors = run.errors
    return shown


def _colours(stream: dict[str, Any]) -> str:
    """HD that does not name its colours is BT.709 to players, but not to the program."""
    width, height = (int(stream.get(side, 0)) for side in ("width", "height"))
    nameless = stream.get("color_space") in (None, "unknown")
    yuv = str(stream.get("pix_fmt", "")).startswith(("yuv", "nv", "p0"))
    large = max(width, height) >= 1280 or min(width, height) >= 720
    return ":in_color_matrix=bt709" if nameless and yuv and large else ""


def _keep(shown: Shown, moment: float, held: list[Timed]) -> None:
    """The frame before the last that is held is on screen at a moment."""
    if len(held) >= 2:
        shown.at[moment] = [held[-3] if len(held) > 2 else held[-2], *held[-2:]]


def sound(path: Path, stream: dict[str, Any], rate: int, shift: float) -> Heard:
    """The mono mix of a stream at a rate in Hz, holes filled with silence."""
    chain = f"ashowinfo,aresample={rate}:async=1"
    output = ["-af", chain, "-ac", "1", "-ar", str(rate), "-f", "s16le", "-"]
    with _Run(path, stream["index"], output, AUDIO.get(str(stream.get("codec_name")), ())) as run:
        raw = b"".join(run.blocks(1 << 16))
        said = list(iter(run.shown.get, None))
    samples = np.frombuffer(raw[: len(raw) // 2 * 2], np.int16)
    begin = round((shift - (said[0].time if said else shift)) * rate)
    silence = np.zeros(max(0, min(-begin, MOST_SECONDS * rate)), np.int16)
    heard = np.concatenate([silence, samples[max(0, begin) :]])
    return Heard(heard, sum(one.seconds for one in said if one), run.errors)


def _over_black(raw: bytes, size: int) -> Picture:
    rgba = np.frombuffer(raw, np.uint8).reshape(size, size, 4).transpose(2, 0, 1)
    if rgba[3].min() == 255:
        return rgba[:3]
    mixed = rgba[:3].astype(np.float32) * rgba[3] / 255
    return np.asarray(np.rint(mixed), np.uint8)


class _Run:
    """The program at work: its raw output in blocks, its words by a thread; ended with the block."""

    def __init__(
        self, path: Path, stream: int, output: Sequence[str], decoder: Sequence[str] = ()
    ) -> None:
        command = ["ffmpeg", "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info"]
        command += [*decoder, "-threads", "1", "-t", str(MOST_SECONDS), "-i", f"file:{path}"]
        command += ["-map", f"0:{stream}", *output]
        self.shown: queue.Queue[_Said | None] = queue.Queue()
        self.errors: list[str] = []
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdout=pipe, stderr=pipe, errors=None)
        self._reader = threading.Thread(target=self._listen, daemon=True)
        self._timer = threading.Timer(LIMIT_SECONDS, self._give_up)

    def __enter__(self) -> Self:
        self._reader.start()
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, at: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for pipe in (self._process.stdout, self._process.stderr):
            assert pipe is not None
            pipe.close()

    def blocks(self, size: int) -> Iterator[bytes]:
        """Whole blocks of so many bytes, and a last shorter one where `size` is no frame's."""
        assert self._process.stdout is not None
        while block := self._process.stdout.read(size):
            if len(block) == size or size == 1 << 16:
                yield block

    def _give_up(self) -> None:
        self.errors.append(f"no end within {LIMIT_SECONDS} s")
        self._process.kill()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        with contextlib.suppress(ValueError):
            for line in self._process.stderr:
                text = line.decode("utf-8", "replace")
                if found := SHOWN.search(text):
                    self.shown.put(_said(*found.groups()))
                elif found := WRONG.search(text):
                    self.errors.append(found[1].strip())
        self.shown.put(None)


def _said(time: str, field: str | None, rate: str | None, samples: str | None) -> _Said:
    seconds = int(samples or 0) / int(rate or 1)
    return _Said(0.0 if time == "NOPTS" else float(time), field not in (None, "P"), seconds)
