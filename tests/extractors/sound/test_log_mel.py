"""The front end of EfficientAT's networks, against librosa and in parts."""

import numpy as np
import pytest
import torch

from avel.extractors.sound import log_mel
from avel.extractors.sound.log_mel import FFT, HOP, LogMel, mirrored, sharpened


def test_log_mel_beside_librosa() -> None:
    """Its transform of the sharpened sound, and Kaldi's triangles."""
    from librosa import stft  # takes long to import

    from avel.extractors.sound.mel import mel_bands

    wave = torch.rand(1, 16_000, generator=torch.Generator().manual_seed(0)).double().numpy() - 0.5
    sharp = wave[0, 1:] - 0.97 * wave[0, :-1]
    window = np.hanning(800)
    theirs = stft(
        sharp, n_fft=1024, hop_length=320, win_length=800, window=window, pad_mode="reflect"
    )
    bands = np.abs(theirs.T) ** 2 @ mel_bands(128, 1024, 32_000, 0.0, 15_000.0).double().numpy()
    expected = ((np.log(bands + 1e-5) + 4.5) / 5).T
    found = LogMel()(torch.from_numpy(wave).float())
    assert found.shape == (1, 1, 128, 50)
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-4)


@torch.inference_mode()
def test_columns_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = torch.randn(2, 96_000) * 0.1
    network = LogMel()
    found = network(samples)
    monkeypatch.setattr(log_mel, "TOGETHER", 10_000)
    assert torch.equal(found, network(samples))


def test_silence_and_sound_shorter_than_a_window() -> None:
    model = LogMel()
    silent = model(torch.zeros(1, 32_000))
    assert silent.unique().numel() == 1
    assert silent[0, 0, 0, 0] == pytest.approx((np.log(1e-5) + 4.5) / 5, rel=1e-5)
    short = torch.rand(2, 500) - 0.5
    padded = torch.nn.functional.pad(short, (0, 524))
    assert torch.equal(model(short), model(padded))


def test_a_column_is_about_the_middle_of_its_window() -> None:
    """A click sounds in the columns whose 800 samples it lies in, and in no other."""
    sharp = torch.zeros(1, 20 * HOP)
    sharp[0, 10 * HOP] = 0.5
    found = LogMel().columns(sharp)[0]
    assert found.shape == (128, (20 * HOP - FFT) // HOP + 1)
    about = 10 - FFT / 2 / HOP
    loud = (found > found.min() + 0.01).any(0).nonzero().flatten().tolist()
    assert loud == [n for n in range(found.shape[1]) if abs(n - about) * HOP < 400]


def test_sixteen_bits_around_it_change_nothing() -> None:
    samples, network = torch.randn(1, 3_200), LogMel()
    with torch.autocast("cpu", torch.bfloat16):
        found = network(samples)
    assert torch.equal(found, network(samples))


def test_what_is_new_in_a_sample_and_its_mirror() -> None:
    steps = torch.arange(FFT, dtype=torch.float32)[None]
    torch.testing.assert_close(sharpened(steps), steps[:, 1:] - 0.97 * steps[:, :-1])
    found = mirrored(steps)[0]
    side = FFT // 2
    assert found[:side].tolist() == list(range(side, 0, -1))
    assert found[-side:].tolist() == list(range(FFT - 2, FFT - 2 - side, -1))
