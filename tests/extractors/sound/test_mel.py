"""Mel bands against their formula, and beside librosa's, which are straight in Hz."""

import numpy as np
import pytest

from avel.extractors.sound.mel import mel_bands

KINDS = [(64, 512, 16_000, 125.0, 7500.0), (128, 1024, 32_000, 0.0, 15_000.0)]
"""YAMNet's and VGGish's, and EfficientAT's."""


def mel(hertz: np.ndarray) -> np.ndarray:
    return np.asarray(1127 * np.log(1 + hertz / 700))


@pytest.mark.parametrize(("bands", "fft", "rate", "low", "high"), KINDS)
def test_triangles_in_mel(bands: int, fft: int, rate: int, low: float, high: float) -> None:
    bins = mel(np.arange(fft // 2 + 1) * rate / fft)
    edges = np.linspace(mel(np.array(low)), mel(np.array(high)), bands + 2)
    rising = (bins[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins[:, None]) / (edges[2:] - edges[1:-1])
    expected = np.maximum(0, np.minimum(rising, falling))
    found = mel_bands(bands, fft, rate, low, high)
    assert found.shape == (fft // 2 + 1, bands)
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert found.is_contiguous()


@pytest.mark.parametrize(("bands", "fft", "rate", "low", "high"), KINDS)
def test_beside_librosa(bands: int, fft: int, rate: int, low: float, high: float) -> None:
    """Where bands are narrow, a side that is straight in Hz is nearly straight in mel."""
    from librosa.filters import mel as theirs  # takes long to import

    other = theirs(sr=rate, n_fft=fft, n_mels=bands, fmin=low, fmax=high, htk=True, norm=None).T
    off = np.abs(mel_bands(bands, fft, rate, low, high).numpy() - other)
    assert off.max() < 0.12
    assert off.mean() < 1e-3


def test_nothing_outside_the_range() -> None:
    found = mel_bands(64, 512, 16_000, 125.0, 7500.0).numpy()
    heard = np.nonzero(found.sum(1) > 1e-5)[0] * 16_000 / 512
    assert (heard.min(), heard.max()) == (156.25, 7468.75)  # the bins next inside
