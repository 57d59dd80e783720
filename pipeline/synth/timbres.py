"""What the synthetic classes sound like: a pitch and a way of sounding over noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PITCHES_HZ = (147.0, 233.0, 370.0, 587.0, 932.0, 1480.0, 2349.0)
VOICES = ("humming", "hissing", "warbling", "ticking")

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Timbre:
    """How all sounds of one dataset are made; another timbre is another domain."""

    pitch_jitter: float = 0.02
    harmonics: int = 6
    noise_db: tuple[float, float] = (-46.0, -28.0)
    """Level of the background noise relative to full scale, drawn uniformly."""
    pitch_factor: float = 1.0
    """Every class sounds this much higher."""


SHIFTED = Timbre(pitch_jitter=0.03, harmonics=3, noise_db=(-30.0, -14.0), pitch_factor=1.27)
"""Another domain than the encoder was pretrained on: higher, duller voices in more noise."""


def sound(
    index: int, num_samples: int, rate: int, rng: np.random.Generator, timbre: Timbre
) -> Floats:
    """Samples (S,) of one class at -22 to -12 dB, with 10 ms of fade at either end.

    Full scale is 1; the highest peaks of hissing and ticking may go over it.
    """
    jitter = timbre.pitch_factor * np.exp(rng.normal(0, timbre.pitch_jitter))
    pitch = PITCHES_HZ[index // len(VOICES)] * jitter
    t = np.arange(num_samples, dtype=np.float32) / np.float32(rate)
    wave = _VOICES[VOICES[index % len(VOICES)]](t, float(pitch), rate, rng, timbre)
    fade = np.minimum(
        1, np.minimum(np.arange(num_samples), np.arange(num_samples)[::-1]) / (rate * 0.01)
    )
    level = 10 ** (rng.uniform(-16, -6) / 20)
    return np.asarray(wave / (np.sqrt(np.mean(wave**2)) * 4 + 1e-9) * level * fade * 2, np.float32)


def noise(num_samples: int, rng: np.random.Generator, timbre: Timbre) -> Floats:
    """Background noise (S,) at a random level, tilted towards low frequencies."""
    white = rng.standard_normal(num_samples, dtype=np.float32)
    white[1:] += 0.7 * white[:-1]
    return white * np.float32(10 ** (rng.uniform(*timbre.noise_db) / 20))


def _humming(t: Floats, pitch: float, rate: int, rng: np.random.Generator, s: Timbre) -> Floats:
    phases = rng.uniform(0, 2 * np.pi, s.harmonics)
    parts = (
        np.sin(2 * np.pi * pitch * (k + 1) * t + phases[k]) / (k + 1) for k in range(s.harmonics)
    )
    return np.asarray(sum(parts), np.float32)


def _hissing(t: Floats, pitch: float, rate: int, rng: np.random.Generator, s: Timbre) -> Floats:
    """Noise in a band around three times the pitch: slow random amplitude on a carrier."""
    width = pitch * 0.5
    knots = max(4, int(len(t) / rate * width * 2))
    position = np.linspace(0, knots - 1, len(t))
    pair = [np.interp(position, np.arange(knots), rng.standard_normal(knots)) for _ in range(2)]
    angle = 2 * np.pi * pitch * 3 * t
    return np.asarray(pair[0] * np.cos(angle) + pair[1] * np.sin(angle), np.float32)


def _warbling(t: Floats, pitch: float, rate: int, rng: np.random.Generator, s: Timbre) -> Floats:
    speed, depth = rng.uniform(6, 8), 0.12
    phase = 2 * np.pi * pitch * 2 * t + pitch * 2 * depth / speed * np.sin(2 * np.pi * speed * t)
    return np.asarray(np.sin(phase) + 0.4 * np.sin(2 * phase), np.float32)


def _ticking(t: Floats, pitch: float, rate: int, rng: np.random.Generator, s: Timbre) -> Floats:
    """Eight or so strokes a second that ring at one and a half times the pitch."""
    since = (t * rng.uniform(7, 9)) % 1.0 / 8
    return np.asarray(np.sin(2 * np.pi * pitch * 1.5 * since) * np.exp(-since * 45), np.float32)


_VOICES = {"humming": _humming, "hissing": _hissing, "warbling": _warbling, "ticking": _ticking}
