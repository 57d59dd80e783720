"""Envelope and spectrogram: the same in any pieces, and right about loudness and pitch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from avel.pipeline.report import sound
from avel.pipeline.report.sound import BANDS, SoundLanes, mel_filters, quick_length
from tests.films import tone

RATE = 16_000


def lanes(samples: np.ndarray, *cuts: int, rate: int = RATE) -> SoundLanes:
    made = SoundLanes(rate, len(samples) / rate)
    made.take(np.split(samples, sorted(cuts)))
    return made


@given(st.data())
def test_peaks_are_the_loudest_sample_of_each_stretch(data: st.DataObject) -> None:
    num = data.draw(st.integers(1, 3000))
    seconds = data.draw(st.floats(0.1, 4))
    cuts = sorted(data.draw(st.lists(st.integers(0, num), max_size=3)))
    rng = np.random.default_rng(num)
    samples = rng.integers(-32768, 32767, num, endpoint=True).astype(np.int16)
    made, first = SoundLanes(1000, seconds), 0
    for piece in np.split(samples, cuts):
        made._loud(piece, first)
        first += len(piece)
    want = np.zeros(len(made._peaks), int)
    for at, value in enumerate(samples.astype(int)):
        place = at * len(want) // made._total
        if place < len(want):
            want[place] = max(want[place], abs(value))
    np.testing.assert_array_equal(made._peaks, want)


def test_a_click_stands_where_it_is() -> None:
    samples = np.zeros(2 * RATE, np.int16)
    samples[RATE + RATE // 2] = -20_000
    peaks = lanes(samples).peaks()
    assert len(peaks) == 200
    assert np.flatnonzero(peaks).tolist() == [150]
    assert peaks.max() == 255


def test_pieces_change_nothing() -> None:
    samples = np.random.default_rng(1).normal(0, 3000, 3 * RATE).astype(np.int16)
    whole, cut = lanes(samples), lanes(samples, 7, 7_000, 30_001)
    np.testing.assert_array_equal(whole.mel(), cut.mel())
    np.testing.assert_array_equal(whole.peaks(), cut.peaks())


def test_long_pieces_are_heard_some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = np.random.default_rng(1).normal(0, 3000, 20 * RATE).astype(np.int16)
    whole = lanes(samples)
    assert whole.mel().shape == (BANDS, 1000)
    np.testing.assert_array_equal(whole.mel(), lanes(samples, *range(0, 20 * RATE, 999)).mel())


@pytest.mark.parametrize(("low", "high"), [(200.0, 800.0), (800.0, 3000.0)])
def test_high_tones_stand_above_low_ones(low: float, high: float) -> None:
    first, second = (lanes(tone(hz, 1, RATE)).mel()[:, 10:40] for hz in (low, high))
    assert first.mean(1).argmax() > second.mean(1).argmax()
    assert first.max() == 255


def test_sound_stands_where_it_begins() -> None:
    samples = tone(1000, 2, RATE)
    samples[:RATE] = 0
    mel = lanes(samples).mel()
    assert mel.shape == (BANDS, 100)
    assert mel[:, :48].max() == 0
    assert mel[:, 52:98].max(0).min() > 200


def test_a_long_film_has_no_more_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "MOST_COLUMNS", 64)
    monkeypatch.setattr(sound, "MOST_PEAKS", 50)
    samples = tone(1000, 4, RATE)
    samples[2 * RATE :] = 0
    made = lanes(samples)
    assert made.mel().shape == (BANDS, 64)
    assert len(made.peaks()) == 50
    assert (made.mel()[:, :30].max(0) > 200).all()
    assert made.mel()[:, 34:].max() == 0


def test_silence_is_known() -> None:
    assert lanes(np.zeros(RATE, np.int16)).is_silent
    assert SoundLanes(RATE, 1.0).is_silent
    assert not lanes(tone(100, 1, RATE)).is_silent


def test_filters_cover_every_band() -> None:
    for rate in (16_000, 32_000, 44_100):
        filters = mel_filters(rate, 2 * round(rate * sound.WINDOW / 2))
        np.testing.assert_allclose(filters.sum(1), 1, rtol=1e-5)
        centres = filters @ np.arange(filters.shape[1])
        assert (np.diff(centres) > 0).all()


@pytest.mark.parametrize(
    ("samples", "length"),
    [(512.0, 512), (1411.2, 1440), (1536.0, 1536), (6.5, 8), (13.0, 16), (1.0, 2)],
)
def test_windows_are_quick_and_no_shorter(samples: float, length: int) -> None:
    assert quick_length(samples) == length
