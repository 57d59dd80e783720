"""What is heard: pitches by spectrum, levels in decibels, fades, noise."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avel.pipeline.synth.timbres import (
    PITCHES_HZ,
    SHIFTED,
    VOICES,
    Timbre,
    noise,
    sound,
)

RATE = 44_100
NUM_TIMBRES = len(PITCHES_HZ) * len(VOICES)
STEADY = Timbre(pitch_jitter=0.0)
timbres = st.integers(0, NUM_TIMBRES - 1)


def made(index: int, seed: int = 0, seconds: float = 2.0, timbre: Timbre = STEADY) -> np.ndarray:
    return sound(index, round(seconds * RATE), RATE, np.random.default_rng(seed), timbre)


def index_of(pitch: int, voice: str) -> int:
    return pitch * len(VOICES) + VOICES.index(voice)


def spectrum(wave: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies in Hz and their power."""
    power = np.abs(np.fft.rfft(wave * np.hanning(len(wave)))) ** 2
    return np.fft.rfftfreq(len(wave), 1 / RATE), power


def centre_hz(wave: np.ndarray) -> float:
    frequencies, power = spectrum(wave)
    return float((frequencies * power).sum() / power.sum())


def loudness_db(wave: np.ndarray) -> float:
    return float(20 * np.log10(np.sqrt(np.mean(wave.astype(float) ** 2))))


# Levels.


@settings(max_examples=28)
@given(timbres, st.integers(0, 1000))
def test_a_sound_is_loud_enough_and_hardly_over_full_scale(index: int, seed: int) -> None:
    """Its rms is half of a level drawn between -16 and -6 dB: -22 to -12 dB, less the fades."""
    wave = made(index, seed)
    assert (wave.dtype, wave.shape) == (np.float32, (2 * RATE,))
    assert np.abs(wave).max() <= (
        1 if VOICES[index % len(VOICES)] in ("humming", "warbling") else 1.6
    )
    assert -22.5 < loudness_db(wave) < -11.9


@settings(max_examples=28)
@given(timbres)
def test_a_sound_fades_in_and_out_over_ten_milliseconds(index: int) -> None:
    wave = made(index)
    assert wave[0] == wave[-1] == 0
    fade = RATE // 100
    peak = np.abs(wave).max()
    ramp = np.arange(fade) / fade
    assert (np.abs(wave[:fade]) <= peak * ramp + 1e-6).all()
    assert (np.abs(wave[::-1][:fade]) <= peak * ramp + 1e-6).all()


@pytest.mark.parametrize("timbre", [Timbre(), SHIFTED], ids=["usual", "shifted"])
def test_noise_has_a_level_in_its_range(timbre: Timbre) -> None:
    """1 + 0.7^2 of white noise's power: 1.7 dB above the level that was drawn."""
    levels = [loudness_db(noise(RATE, np.random.default_rng(n), timbre)) - 1.73 for n in range(60)]
    low, high = timbre.noise_db
    assert low - 0.2 < min(levels) < low + 3
    assert high - 3 < max(levels) < high + 0.2


def test_noise_leans_to_low_frequencies() -> None:
    frequencies, power = spectrum(noise(4 * RATE, np.random.default_rng(0), Timbre()))
    low, high = power[frequencies < 5000].mean(), power[frequencies > 17_000].mean()
    # |1 + 0.7 e^-jw|^2 falls from 2.89 at 0 Hz to 0.09 at half the rate
    assert 5 < low / high < 40


# Pitches and voices.


@pytest.mark.parametrize("pitch", range(len(PITCHES_HZ)))
def test_humming_sounds_at_the_pitch_and_its_multiples(pitch: int) -> None:
    frequencies, power = spectrum(made(index_of(pitch, "humming")))
    assert frequencies[power.argmax()] == pytest.approx(PITCHES_HZ[pitch], abs=1)
    for number in range(1, 7):
        near = np.abs(frequencies - number * PITCHES_HZ[pitch]) < 3
        share = power[near].max() / power.max()
        assert share == pytest.approx(1 / number**2, rel=0.15)
    assert power[frequencies > 6.5 * PITCHES_HZ[pitch]].max() / power.max() < 1e-3


@pytest.mark.parametrize("pitch", [0, 3, 6])
def test_hissing_is_a_band_around_three_times_the_pitch(pitch: int) -> None:
    hz = PITCHES_HZ[pitch]
    frequencies, power = spectrum(made(index_of(pitch, "hissing")))
    assert centre_hz(made(index_of(pitch, "hissing"))) == pytest.approx(3 * hz, rel=0.05)
    inside = np.abs(frequencies - 3 * hz) < hz
    assert power[inside].sum() / power.sum() > 0.95
    # a band, not a line: no single frequency holds much of it
    assert power.max() / power.sum() < 0.2


@pytest.mark.parametrize("pitch", [0, 3, 6])
def test_warbling_swings_around_twice_the_pitch(pitch: int) -> None:
    hz = PITCHES_HZ[pitch]
    wave = made(index_of(pitch, "warbling"))
    frequencies, power = spectrum(wave)
    near = (frequencies > hz) & (frequencies < 3 * hz)
    centre = (frequencies * power)[near].sum() / power[near].sum()
    assert centre == pytest.approx(2 * hz, rel=0.02)
    spread = np.sqrt(((frequencies - centre) ** 2 * power)[near].sum() / power[near].sum())
    assert spread / (2 * hz) == pytest.approx(0.12 / np.sqrt(2), rel=0.2)


@pytest.mark.parametrize("pitch", [3, 6])
def test_ticking_strokes_some_times_a_second(pitch: int) -> None:
    """Seven to nine strokes a second that die away at once."""
    wave = made(index_of(pitch, "ticking"), seconds=3.0)
    loud = np.abs(wave) > 0.5 * np.abs(wave).max()
    starts = [n for n in np.flatnonzero(loud) if not loud[max(0, n - RATE // 20) : n].any()]
    assert 7 * 3 - 1 <= len(starts) <= 9 * 3 + 1
    frequencies, power = spectrum(wave)
    band = power[(frequencies > PITCHES_HZ[pitch]) & (frequencies < 15 * PITCHES_HZ[pitch])]
    assert band.sum() / power.sum() > 0.5


@settings(max_examples=20)
@given(st.integers(0, 6), st.integers(0, 500))
def test_the_pitch_jitters_by_some_percent(pitch: int, seed: int) -> None:
    wave = made(index_of(pitch, "humming"), seed, timbre=Timbre())
    frequencies, power = spectrum(wave)
    off = np.log(frequencies[power.argmax()] / PITCHES_HZ[pitch])
    assert abs(off) < 5 * 0.02


def test_a_shifted_domain_is_higher_and_duller() -> None:
    index = index_of(1, "humming")
    frequencies, power = spectrum(made(index, timbre=Timbre(0.0, 3, pitch_factor=1.27)))
    assert frequencies[power.argmax()] == pytest.approx(1.27 * PITCHES_HZ[1], abs=1)
    assert power[frequencies > 3.5 * 1.27 * PITCHES_HZ[1]].max() / power.max() < 1e-3


# From the seed alone, one class unlike another.


def test_equal_seeds_sound_equal_and_others_do_not() -> None:
    for index in range(NUM_TIMBRES):
        np.testing.assert_array_equal(made(index, 4), made(index, 4))
        assert np.abs(made(index, 4) - made(index, 5)).max() > 0.01


def test_no_two_classes_sound_alike() -> None:
    """Spectra in third octaves: every class is nearer to itself (another seed) than to any other."""

    def bands(index: int, seed: int) -> np.ndarray:
        frequencies, power = spectrum(made(index, seed))
        edges = 100 * 2 ** (np.arange(22) / 3)
        sums = [power[(frequencies >= a) & (frequencies < b)].sum() for a, b in pairwise(edges)]
        levels = np.log10(np.array(sums) / power.sum() + 1e-4)
        attack = np.abs(made(index, seed)).mean() / np.abs(made(index, seed)).max()
        return np.append(levels, 8 * attack)

    one, other = (np.stack([bands(n, seed) for n in range(NUM_TIMBRES)]) for seed in (1, 2))
    distances = np.linalg.norm(one[:, None] - other[None], axis=2)
    nearest = distances.argmin(1)
    assert (nearest == np.arange(NUM_TIMBRES)).mean() > 0.9
