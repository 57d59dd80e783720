"""YAMNet: the published scores, its front end against numpy, its patches."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from avel.extractors import Choice, choose
from avel.extractors.sound.yamnet import YAMNet, YAMNetExtractor
from avel.extractors.sound.yamnet_files import exact_front
from avel.extractors.weights.files import WeightsError
from tests.extractors.conftest import Chooser
from tests.extractors.made import chirp


@pytest.fixture(scope="module")
def published(real_weights: Path) -> YAMNetExtractor:
    found = choose("yamnet", [real_weights / "yamnet.tflite"]).load()
    assert isinstance(found, YAMNetExtractor)
    return found


@pytest.fixture(scope="module")
def extractor(chosen: Chooser) -> YAMNetExtractor:
    found = chosen("yamnet").load()
    assert isinstance(found, YAMNetExtractor)
    return found


def relative(found: Tensor, expected: np.ndarray) -> float:
    return float(np.abs(found.numpy() - expected).max() / np.abs(expected).max())


@torch.inference_mode()
def test_the_published_scores(published: YAMNetExtractor, golden: Path) -> None:
    """Of the published graph in float: its matrices, which are in 8 bits, multiplied in float32."""
    expected = np.load(golden / "yamnet.npz")
    cells = torch.from_numpy(expected["samples_16k"]).view(15, 16_000)
    log_mel = published.model.log_mel(cells[:1, :15_600] / 32768)
    assert relative(log_mel[0, 0], expected["log_mel_first"]) < 1e-4
    found = published.embed_sound(cells)
    assert found["audio"].shape == (15, 1024)
    assert relative(found["audio_scores"].sigmoid().view(3, 5, 521), expected["scores"]) < 1e-4


@torch.inference_mode()
def test_sixteen_bits_keep_the_direction(published: YAMNetExtractor, golden: Path) -> None:
    samples = torch.from_numpy(np.load(golden / "yamnet.npz")["samples_16k"]).float()
    exact = published.hear(samples)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = published.hear(samples).float()
    assert torch.nn.functional.cosine_similarity(exact, mixed).min() > 0.999


@torch.inference_mode()
def test_the_exact_front_end_is_the_releases() -> None:
    """Frames of 25 ms every 10, periodic Hann, FFT of 512, triangles in mel, in numpy."""
    wave = chirp()[:15_600].astype(np.float64)
    frames = np.lib.stride_tricks.sliding_window_view(wave, 400)[::160]
    window = 0.5 - 0.5 * np.cos(2 * np.pi / 400 * np.arange(400))
    magnitude = np.abs(np.fft.rfft(frames * window, 512))
    mel = 1127 * np.log(1 + np.linspace(0, 8000, 257) / 700)
    edges = np.linspace(*(1127 * np.log(1 + f / 700) for f in (125.0, 7500.0)), 66)
    bands = [
        np.maximum(0, np.minimum((mel - a) / (b - a), (c - mel) / (c - b)))
        for a, b, c in zip(edges[:-2], edges[1:-1], edges[2:], strict=True)
    ]
    model = YAMNet()
    model.load_state_dict({**model.state_dict(), **exact_front()})
    found = model.log_mel(torch.from_numpy(wave).float()[None])
    assert found.shape == (1, 1, 96, 64)
    expected = np.log(magnitude @ np.stack(bands, 1) + 0.001)
    np.testing.assert_allclose(found[0, 0], expected, atol=2e-3)


def test_long_sound_is_the_mean_of_its_seconds(extractor: YAMNetExtractor) -> None:
    samples = torch.randint(-9000, 9000, (2, 3 * 16_000 + 9000), dtype=torch.int16)
    whole = extractor.embed_sound(samples)
    seconds = extractor.embed_sound(samples[:, :48_000].reshape(6, 16_000))
    for name in ("audio", "audio_scores"):
        expected = seconds[name].view(2, 3, -1).mean(1)
        torch.testing.assert_close(whole[name], expected, rtol=1e-4, atol=1e-4)
    assert not torch.equal(seconds["audio"][0], seconds["audio"][1])


def test_the_end_of_a_second_is_not_heard(extractor: YAMNetExtractor) -> None:
    samples = torch.randint(-9000, 9000, (1, 16_000), dtype=torch.int16)
    other = samples.clone()
    other[:, 15_600:] = 0
    assert torch.equal(*(extractor.embed_sound(s)["audio"] for s in (samples, other)))
    other[:, 15_599] = 30_000
    other[:, 15_500:15_599] = 0
    assert not torch.equal(*(extractor.embed_sound(s)["audio"] for s in (samples, other)))


def test_short_sound_is_padded_with_silence(extractor: YAMNetExtractor) -> None:
    samples = torch.randint(-9000, 9000, (1, 8000), dtype=torch.int16)
    padded = torch.nn.functional.pad(samples, (0, 8000))
    assert torch.equal(*(extractor.embed_sound(s)["audio"] for s in (samples, padded)))


def test_the_float_form_is_found_before_the_8_bits(
    tmp_path: Path, chosen: Chooser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "none"))
    with pytest.raises(WeightsError, match=r"yamnet\.safetensors, yamnet\.tflite: not found \("):
        choose("yamnet")
    (tmp_path / "yamnet.tflite").write_bytes(b"8 bits")
    (tmp_path / "yamnet.h5").write_bytes(b"not read")
    found = choose("yamnet")
    assert isinstance(found, Choice)
    assert found.weights.files[0].path == tmp_path / "yamnet.tflite"
    made = chosen("yamnet")
    assert isinstance(made, Choice)
    (tmp_path / "yamnet.safetensors").hardlink_to(made.weights.files[0].path)
    found = choose("yamnet")
    assert isinstance(found, Choice)
    assert found.recipe == made.recipe
