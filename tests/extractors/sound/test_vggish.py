"""VGGish against AudioSet's own formulas, and its post-processing against numpy."""

from pathlib import Path

import numpy as np
import pytest
import torch

from avel.extractors import Choice, choose
from avel.extractors.sound.vggish import VGGish, VGGishExtractor, mel_matrix
from avel.extractors.weights.files import WeightsError
from tests.extractors.conftest import Chooser
from tests.extractors.made import chirp


def spectrum(wave: np.ndarray) -> np.ndarray:
    """Magnitudes (96, 257): frames of 25 ms every 10, periodic Hann, FFT."""
    frames = np.lib.stride_tricks.sliding_window_view(wave.astype(np.float64), 400)[::160]
    window = 0.5 - 0.5 * np.cos(2 * np.pi / 400 * np.arange(400))
    return np.abs(np.fft.rfft(frames * window, 512))[:96]


def log_mel_of_the_release(wave: np.ndarray) -> np.ndarray:
    """AudioSet's own recipe in numpy: the spectrum, triangles in mel, log."""
    mel = 1127 * np.log(1 + np.linspace(0, 8000, 257) / 700)
    edges = np.linspace(*(1127 * np.log(1 + f / 700) for f in (125.0, 7500.0)), 66)
    bands = [
        np.maximum(0, np.minimum((mel - a) / (b - a), (c - mel) / (c - b)))
        for a, b, c in zip(edges[:-2], edges[1:-1], edges[2:], strict=True)
    ]
    return np.log(spectrum(wave) @ np.stack(bands, 1) + 0.01)


def test_vggish_log_mel_is_the_releases() -> None:
    found = VGGish().log_mel(torch.from_numpy(chirp())[None])
    assert found.shape == (1, 1, 96, 64)
    np.testing.assert_allclose(found[0, 0], log_mel_of_the_release(chirp()), atol=5e-4)


def test_vggish_log_mel_beside_librosa() -> None:
    """librosa's triangles are straight in Hz, the release's in mel: close, and no closer.

    Its triangles alone are asked for: its spectrogram would be compiled by numba first.
    """
    from librosa.filters import mel  # takes long to import

    bands = mel(sr=16_000, n_fft=512, n_mels=64, fmin=125, fmax=7500, htk=True, norm=None)
    theirs = np.log(spectrum(chirp()) @ bands.T + 0.01)
    off = np.abs(VGGish().log_mel(torch.from_numpy(chirp())[None])[0, 0].numpy() - theirs)
    assert off.mean() < 0.02
    assert 0.01 < off.max() < 0.5


def test_vggish_pads_short_sound_with_silence() -> None:
    model = VGGish()
    wave = torch.from_numpy(chirp())[None]
    padded = torch.nn.functional.pad(wave[:, :8000], (0, 8000))
    torch.testing.assert_close(model.log_mel(wave[:, :8000]), model.log_mel(padded))


def sound() -> torch.Tensor:
    return torch.from_numpy(chirp() * 32768).to(torch.int16)[None]


@pytest.fixture(scope="module")
def vggish(chosen: Chooser) -> Choice:
    found = chosen("vggish")
    assert isinstance(found, Choice)
    return found


@pytest.fixture(scope="module")
def extractor(vggish: Choice) -> VGGishExtractor:
    found = vggish.load()
    assert isinstance(found, VGGishExtractor)
    return found


def test_the_mel_bands_cover_their_range() -> None:
    """257 bins to 64 bands: none is empty, and none hears below 125 Hz or above 7500 Hz."""
    mel, frequencies = mel_matrix(), torch.linspace(0, 8000, 257)
    assert mel.shape == (257, 64)
    assert (mel.sum(0) > 0).all()
    assert mel.max() <= 1
    assert mel[(frequencies < 125) | (frequencies > 7500)].abs().max() == 0
    assert (mel.argmax(0).diff() >= 0).all()


def test_the_published_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the release: 72,141,184 numbers; the suite's own weights are narrower."""
    monkeypatch.setattr("avel.extractors.sound.vggish.DENSE", 4096)
    with torch.device("meta"):
        state = VGGish().state_dict()
    assert sum(value.numel() for value in state.values()) == 72_141_184
    assert {"features.0.weight", "embeddings.4.bias"} <= state.keys()  # the conversion's names
    assert not {"window", "mel"} & state.keys()  # which are in no file


def test_vggish_is_the_raw_relu_embedding(extractor: VGGishExtractor) -> None:
    found = extractor.embed_sound(sound())["audio"]
    assert found.min() == 0  # after a ReLU some of 128 are off
    assert found.max() > 0
    with torch.no_grad():
        x = extractor.model.features(extractor.model.log_mel(sound() / 32768))
        flat = x.permute(0, 2, 3, 1).reshape(1, -1)  # rows, columns, then channels
        expected = extractor.model.embeddings(flat)
    torch.testing.assert_close(found, expected)


def test_sound_after_the_first_96_frames_is_not_heard(extractor: VGGishExtractor) -> None:
    """96 frames of 25 ms every 10 ms end after 15,600 samples; the window shuts 56 earlier."""
    plain, changed = sound(), sound()
    changed[:, 15_600:] = 0
    assert torch.equal(
        extractor.embed_sound(plain)["audio"], extractor.embed_sound(changed)["audio"]
    )
    changed[:, 15_000:] = 0
    assert not torch.equal(
        extractor.embed_sound(plain)["audio"], extractor.embed_sound(changed)["audio"]
    )


def test_it_sees_nothing(extractor: VGGishExtractor) -> None:
    seen = extractor.embed_sight(torch.zeros(2, 1, 3, 8, 8, dtype=torch.uint8))
    assert {name: tuple(value.shape) for name, value in seen.items()} == {
        "visual": (2, 0),
        "visual_map": (2, 0, 0),
    }


def pca(folder: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    g = torch.Generator().manual_seed(0)
    vectors, means = torch.randn(128, 128, generator=g), torch.randn(128, 1, generator=g)
    path = folder / "pca.pth"
    torch.save({"pproc.pca_eigen_vectors": vectors, "pproc.pca_means": means}, path)
    return path, vectors.numpy(), means.numpy()


def test_vggish_postprocessing(vggish: Choice, extractor: VGGishExtractor, tmp_path: Path) -> None:
    path, vectors, means = pca(tmp_path)
    files = [vggish.weights.files[0].path, path]
    raw = extractor.embed_sound(sound())["audio"]
    processed = choose("vggish", files, {"postprocess": True})
    done = processed.load().embed_sound(sound())["audio"]
    projected = np.clip((vectors @ (raw.numpy().T - means)).T, -2, 2)
    np.testing.assert_allclose(done, np.round((projected + 2) * 255 / 4), atol=1)
    assert set(np.unique(done)) <= set(range(256))
    assert processed.recipe["options"] == {"postprocess": True}
    assert processed.recipe["weights_sha256"] != vggish.recipe["weights_sha256"]


def test_the_matrix_alone_changes_nothing(
    vggish: Choice, extractor: VGGishExtractor, tmp_path: Path
) -> None:
    """Where the post-processing's file is given and not asked for."""
    both = choose("vggish", [vggish.weights.files[0].path, pca(tmp_path)[0]]).load()
    assert torch.equal(both.embed_sound(sound())["audio"], extractor.embed_sound(sound())["audio"])


def test_postprocessing_without_its_file(vggish: Choice) -> None:
    files = [file.path for file in vggish.weights.files]
    with pytest.raises(WeightsError, match=r"has no pca_eigen_vectors .*add their file"):
        choose("vggish", files, {"postprocess": True}).load()


def test_longer_sound_is_the_mean_of_its_seconds(extractor: VGGishExtractor) -> None:
    sound = torch.randint(-9000, 9000, (2, 48_000)).float()
    each = torch.stack([extractor.hear(part) for part in sound.split(16_000, 1)])
    torch.testing.assert_close(extractor.hear(sound), each.mean(0))
    torch.testing.assert_close(extractor.hear(sound[:, :30_000]), each[0])
