"""Lossless test videos whose pixels say the frame's number and whose sound clicks at known samples."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

CLICK = 20_000
LOSSLESS: dict[str, Any] = {"codec": "ffv1", "pixel_format": "bgr0", "options": {}}
"""Every pixel as it was, no frame refers to another; for Matroska."""


def number_frame(number: int, width: int, height: int) -> np.ndarray:
    """A picture of one colour that says `number`: red counts by fives, green counts the fifties."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[..., 0], rgb[..., 1], rgb[..., 2] = 5 * (number % 50), 5 * (number // 50), 128
    return rgb


def numbers_of(frames: np.ndarray) -> list[int]:
    """Numbers that the middle pixels of pictures (N, 3, H, W) say."""
    middle = frames[:, :, frames.shape[2] // 2, frames.shape[3] // 2].astype(float)
    return [round(red / 5) + 50 * round(green / 5) for red, green, _ in middle]


def clicks(num_samples: int, at: Sequence[int], channels: int = 1) -> np.ndarray:
    """Silence (channels, S) with single loud samples."""
    wave = np.zeros((channels, num_samples), np.int16)
    wave[:, list(at)] = CLICK
    return wave


def write_film(
    path: Path,
    *,
    frame_times: Sequence[Fraction | float] = (),
    time_base: Fraction = Fraction(1, 1000),
    size: tuple[int, int] = (64, 48),
    codec: str = "libx264rgb",
    options: dict[str, str] | None = None,
    frames: Sequence[np.ndarray] | None = None,
    pixel_format: str = "rgb24",
    samples: np.ndarray | None = None,
    sample_rate: int = 44_100,
    layout: str = "mono",
    audio_codec: str = "pcm_s16le",
    audio_start: Fraction | float = 0,
    aspect: Fraction | None = None,
) -> Path:
    """Write frame k at `frame_times[k]` and samples (channels, S) from `audio_start`."""
    with av.open(str(path), "w") as container:
        video = audio = None
        if len(frame_times):
            video = container.add_stream(codec, rate=Fraction(25), options=options or {"qp": "0"})
            video.width, video.height, video.pix_fmt = *size, pixel_format
            video.codec_context.time_base = time_base
            video.codec_context.thread_count = 1
            if aspect:
                video.codec_context.sample_aspect_ratio = aspect
        if samples is not None:
            audio = container.add_stream(audio_codec, rate=sample_rate)
            audio.codec_context.layout = layout
        for number, moment in enumerate(frame_times):
            rgb = frames[number] if frames is not None else number_frame(number, *size)
            frame = av.VideoFrame.from_ndarray(rgb, "rgb24")
            frame.pts = round(Fraction(moment) / time_base)
            frame.time_base = time_base
            container.mux(video.encode(frame))
        if video:
            container.mux(video.encode(None))
        if audio:
            _write_audio(container, audio, samples, sample_rate, layout, audio_start)
    return path


def _write_audio(container, audio, samples, sample_rate, layout, start) -> None:
    offset = round(Fraction(start) * sample_rate)
    for first in range(0, samples.shape[1], 1024):
        part = np.ascontiguousarray(samples[:, first : first + 1024].T.reshape(1, -1))
        frame = av.AudioFrame.from_ndarray(part, "s16", layout)
        frame.sample_rate, frame.time_base = sample_rate, Fraction(1, sample_rate)
        frame.pts = offset + first
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


def rotate_mp4(path: Path, matrix: Sequence[int]) -> None:
    """Write a rotation into every video track header, as phones do: (a, b, c, d) of the matrix."""
    data = bytearray(path.read_bytes())
    at = data.find(b"tkhd")
    a, b, c, d = matrix
    values = (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    start = at + 4 + 40
    data[start : start + 36] = struct.pack(">9i", *values)
    path.write_bytes(bytes(data))


def regular(count: int, rate: Fraction | float = 25) -> list[Fraction]:
    """Times of frames at a constant rate."""
    return [Fraction(number) / Fraction(rate) for number in range(count)]


def tone(hz: float, seconds: float, rate: int, level: float = 10_000) -> np.ndarray:
    """A sine (S,) of int16 samples."""
    t = np.arange(round(seconds * rate)) / rate
    return np.asarray(np.rint(level * np.sin(2 * np.pi * hz * t)), np.int16)


def loud_samples(samples: np.ndarray) -> list[int]:
    """Where clicks are in samples of any shape, counted from the first."""
    return [int(s) for s in np.flatnonzero(np.abs(samples.reshape(-1)) > CLICK // 3)]


def shown(times: Sequence[Fraction], count: int, per_cell: int = 1) -> list[int]:
    """The frames on screen at the shots: the last whose time is not after the moment."""
    moments = [Fraction(2 * shot + 1, 2 * per_cell) for shot in range(count * per_cell)]
    return [max([n for n, t in enumerate(times) if t <= m], default=0) for m in moments]


PALETTE = (
    *((230, 25, 25), (25, 230, 25), (25, 25, 230), (230, 230, 25), (230, 25, 230), (25, 230, 230)),
    *((230, 130, 25), (130, 130, 130), (20, 20, 20), (240, 240, 240), (130, 25, 25), (25, 130, 25)),
)
"""Colours of the seconds of a film that says which second is shown and heard."""


def second_tone(second: int) -> int:
    """Of a film of seconds: the tone in Hz that is heard from 0.3 s to 0.6 s of a second."""
    return 300 + 150 * second


def write_seconds(path: Path, seconds: Sequence[int], *, shift: int = 0, **options: Any) -> Path:
    """A film in which second t has a colour and a tone of its own, from `shift` seconds on."""
    rate = options.pop("sample_rate", 44_100)
    samples = np.zeros(len(seconds) * rate, np.int16)
    for number, second in enumerate(seconds):
        begin = round((number + 0.3) * rate)
        wave = tone(second_tone(second), 0.3, rate)
        samples[begin : begin + len(wave)] = wave
    pictures = [np.full((48, 64, 3), PALETTE[s % 12], np.uint8) for s in seconds for _ in range(10)]
    settings: dict[str, Any] = {
        "frame_times": [shift + t for t in regular(len(pictures), 10)],
        "frames": pictures,
        "codec": "libx264",
        "pixel_format": "yuv420p",
        "options": {"qp": "10", "g": "10"},
        "time_base": Fraction(1, 10),
        "samples": samples[None],
        "sample_rate": rate,
        "audio_codec": "mp2",
        "audio_start": shift,
    }
    return write_film(path, **(settings | options))


def seconds_seen(frames: np.ndarray) -> list[int | None]:
    """Which second of the palette each cell (T, F, 3, H, W) shows in its middle; None: no one's."""
    middle = frames[:, 0, :, frames.shape[3] // 2, frames.shape[4] // 2].astype(int)
    far = np.abs(middle[:, None] - np.array(PALETTE)[None]).max(2)
    return [int(row.argmin()) if row.min() <= 12 else None for row in far]


def seconds_heard(samples: np.ndarray, rate: int = 44_100) -> list[tuple[int, float] | None]:
    """Which second's tone each cell (T, S) has, and where in the cell it begins, in seconds."""
    found: list[tuple[int, float] | None] = []
    for wave in samples.astype(float):
        loud = np.flatnonzero(np.abs(wave) > 2_000)
        if not len(loud):
            found.append(None)
            continue
        piece = wave[loud[0] : loud[-1] + 1]
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 1 << 16))
        hz = spectrum.argmax() * rate / (1 << 16)
        found.append((round((hz - 300) / 150), loud[0] / rate))
    return found
