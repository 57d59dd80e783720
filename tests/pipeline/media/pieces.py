"""Films for pieces: numbered pictures and noise, so that every place is known by itself."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from tests.films import write_film

RATE = 44_100
STEP = 14
"""Between two greys: more than H.264 changes."""
QUIET: Callable[[int], None] = lambda second: None  # noqa: E731


def noise(seconds: float, channels: int = 1) -> np.ndarray:
    """White noise (channels, S), which is like itself at one place only."""
    rng = np.random.default_rng(0)
    samples = rng.integers(-12_000, 12_000, (channels, round(seconds * RATE)))
    return samples.astype(np.int16)


def numbered(count: int, width: int = 64, height: int = 48) -> list[np.ndarray]:
    """Pictures whose left and right halves say their number by greys, in sixteens."""
    frames = []
    for number in range(count):
        frame = np.zeros((height, width, 3), np.uint8)
        frame[:, : width // 2] = 16 + STEP * (number % 16)
        frame[:, width // 2 :] = 16 + STEP * (number // 16)
        frames.append(frame)
    return frames


def film(path: Path, seconds: float = 6.0, rate: int = 10, **given: object) -> Path:
    """A film of so many frames a second, one key frame at its beginning."""
    count = round(seconds * rate)
    settings: dict[str, object] = {
        "frame_times": [Fraction(n, rate) for n in range(count)],
        "frames": numbered(count),
        "samples": noise(seconds),
        "options": {"qp": "0", "g": "1000", "sc_threshold": "0"},
        "audio_codec": "pcm_s16le" if path.suffix == ".mkv" else "aac",
    }
    return write_film(path, **{**settings, **given})  # type: ignore[arg-type]


def seen(path: Path) -> list[tuple[float, int]]:
    """Time in seconds and number of every frame."""
    with av.open(str(path)) as container:
        found = []
        for frame in container.decode(video=0):
            grey = frame.to_ndarray(format="rgb24").mean(axis=2)
            ones, sixteens = (round((grey[2, x] - 16) / STEP) for x in (8, frame.width - 8))
            number = ones + 16 * sixteens
            found.append((float(frame.time), number))
    return found


def heard(path: Path) -> np.ndarray:
    """Mono samples (S,) of the sound, as a player hears them."""
    parts = []
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", RATE)
        for frame in container.decode(audio=0):
            parts += [part.to_ndarray().reshape(-1) for part in resampler.resample(frame)]
    return np.concatenate(parts) * 32_768


def place(part: np.ndarray, whole: np.ndarray) -> int:
    """Sample of `whole` at which `part` begins, by correlation."""
    size = 1 << (len(part) + len(whole)).bit_length()
    product = np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size))
    found = int(np.argmax(np.fft.irfft(product, size)))
    return found - size if found > len(whole) else found
