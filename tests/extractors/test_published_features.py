"""VGG-19, VGGish and open_clip towers against their own libraries and formulas."""

import json
from pathlib import Path

import librosa
import numpy as np
import open_clip
import pytest
import torch
from torchvision.models import VGG19_Weights, vgg19

from avel.extractors import choose
from avel.extractors.sound.vggish import VGGish
from avel.extractors.weights.files import WeightsError
from avel.pipeline.media.cells import SegmentConfig
from tests.extractors.test_contract import (
    RESNET,
    TIMM,
    VIT,
    openclip_folder,
    vgg19_file,
    vggish_file,
)


def chirp() -> np.ndarray:
    t = np.arange(16_000) / 16_000
    return (0.3 * np.sin(2 * np.pi * (200 + 3000 * t) * t)).astype(np.float32)


def log_mel_of_the_release(wave: np.ndarray) -> np.ndarray:
    """AudioSet's own recipe in numpy: frames, periodic Hann, FFT, triangles in mel, log."""
    frames = np.lib.stride_tricks.sliding_window_view(wave.astype(np.float64), 400)[::160]
    window = 0.5 - 0.5 * np.cos(2 * np.pi / 400 * np.arange(400))
    spectrum = np.abs(np.fft.rfft(frames * window, 512))
    mel = 1127 * np.log(1 + np.linspace(0, 8000, 257) / 700)
    edges = np.linspace(*(1127 * np.log(1 + f / 700) for f in (125.0, 7500.0)), 66)
    bands = [
        np.maximum(0, np.minimum((mel - a) / (b - a), (c - mel) / (c - b)))
        for a, b, c in zip(edges[:-2], edges[1:-1], edges[2:], strict=True)
    ]
    return np.log(spectrum @ np.stack(bands, 1) + 0.01)[:96]


def test_vggish_log_mel_is_the_releases() -> None:
    found = VGGish().log_mel(torch.from_numpy(chirp())[None])
    assert found.shape == (1, 1, 96, 64)
    np.testing.assert_allclose(found[0, 0], log_mel_of_the_release(chirp()), atol=5e-4)


def test_vggish_log_mel_beside_librosa() -> None:
    """librosa's triangles are straight in Hz, the release's in mel: close, and no closer."""
    magnitude = librosa.feature.melspectrogram(
        y=np.pad(chirp(), 56),
        sr=16_000,
        n_fft=512,
        hop_length=160,
        win_length=400,
        center=False,
        power=1.0,
        n_mels=64,
        fmin=125,
        fmax=7500,
        htk=True,
        norm=None,
    )
    theirs = np.log(magnitude + 0.01).T[:96]
    off = np.abs(VGGish().log_mel(torch.from_numpy(chirp())[None])[0, 0].numpy() - theirs)
    assert off.mean() < 0.02
    assert off.max() < 0.5


def test_vggish_pads_short_sound_with_silence() -> None:
    model = VGGish()
    wave = torch.from_numpy(chirp())[None]
    padded = torch.nn.functional.pad(wave[:, :8000], (0, 8000))
    torch.testing.assert_close(model.log_mel(wave[:, :8000]), model.log_mel(padded))


def test_vggish_is_the_raw_relu_embedding(tmp_path: Path) -> None:
    extractor = choose("vggish", [vggish_file(tmp_path)]).load()
    samples = torch.from_numpy(chirp() * 32768).to(torch.int16)[None]
    found = extractor.embed_sound(samples)["audio"]
    assert found.min() == 0  # after a ReLU some of 128 are off
    with torch.no_grad():
        x = extractor.model.features(extractor.model.log_mel(samples / 32768))
        flat = x.permute(0, 2, 3, 1).reshape(1, -1)  # rows, columns, then channels
        expected = extractor.model.embeddings(flat)
    torch.testing.assert_close(found, expected)


def test_vggish_postprocessing(tmp_path: Path) -> None:
    g = torch.Generator().manual_seed(0)
    vectors, means = torch.randn(128, 128, generator=g), torch.randn(128, 1, generator=g)
    torch.save({"pca_eigen_vectors": vectors, "pca_means": means}, tmp_path / "pca.pth")
    files = [vggish_file(tmp_path), tmp_path / "pca.pth"]
    samples = torch.from_numpy(chirp() * 32768).to(torch.int16)[None]
    raw = choose("vggish", files).load().embed_sound(samples)["audio"]
    done = choose("vggish", files, {"postprocess": True}).load().embed_sound(samples)["audio"]
    projected = np.clip((vectors.numpy() @ (raw.numpy().T - means.numpy())).T, -2, 2)
    np.testing.assert_allclose(done, np.round((projected + 2) * 255 / 4), atol=1)
    assert set(np.unique(done)) <= set(range(256))
    with pytest.raises(WeightsError, match=r"has no pca_eigen_vectors .*add their file"):
        choose("vggish", files[:1], {"postprocess": True}).load()


def test_vgg19_is_torchvisions_pool5(tmp_path: Path) -> None:
    """The segments stage's square through ours, and through torchvision's own transform."""
    path = vgg19_file(tmp_path)
    choice = choose("vgg19", [path])
    assert choice.cells["frames_per_cell"] == 16
    reference = vgg19().features.eval()
    tensors = torch.load(path, weights_only=True)
    reference.load_state_dict(
        {k.removeprefix("features."): v for k, v in tensors.items() if "features" in k}
    )
    frame = torch.randint(0, 256, (1, 1, 3, 224, 224), dtype=torch.uint8)
    transform = VGG19_Weights.IMAGENET1K_V1.transforms(crop_size=224, resize_size=224)
    with torch.no_grad():
        expected = reference(transform(frame[0]))[0]
    found = choice.load().embed_sight(frame)
    assert found["visual_map"].shape == (1, 49, 512)
    off = (found["visual_map"][0].float() - expected.flatten(1).T).abs().max()
    assert off < 2e-3 * expected.abs().max()
    torch.testing.assert_close(found["visual"][0], expected.mean((1, 2)), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("vision", [VIT, RESNET, TIMM], ids=["vit", "resnet", "timm"])
def test_openclip_tower_is_open_clips(tmp_path: Path, vision: dict[str, object]) -> None:
    (folder,) = openclip_folder(tmp_path / "w", vision)
    choice = choose("openclip", [folder])
    size = vision["image_size"]
    assert choice.cells == {
        "image_size": size,
        "short_side": size,
        "fit": "squash",
        "interpolation": "bilinear",
    }
    SegmentConfig(**choice.cells)
    extractor = choice.load()
    record = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]
    model = open_clip.CLIP(
        record["embed_dim"],
        record["vision_cfg"],
        {"width": 8, "heads": 1, "layers": 1, "vocab_size": 8, "context_length": 8},
    ).eval()
    from safetensors.torch import load_file

    model.load_state_dict(load_file(folder / "open_clip_model.safetensors"), strict=False)
    frames = torch.randint(0, 256, (2, 1, 3, size, size), dtype=torch.uint8)
    mean, std = torch.tensor([0.4, 0.5, 0.6]), torch.tensor([0.2, 0.3, 0.25])
    images = (frames[:, 0].float() / 255 - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    with torch.no_grad():
        expected = model.visual(images)
    torch.testing.assert_close(
        extractor.embed_sight(frames)["visual"], expected, atol=1e-5, rtol=1e-3
    )


def test_openclip_without_a_record(tmp_path: Path) -> None:
    (folder,) = openclip_folder(tmp_path / "w", VIT)
    with pytest.raises(WeightsError, match="'openclip' needs --weights FOLDER"):
        choose("openclip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match=r"holds no open_clip_model\.safetensors and no open_cl"):
        choose("openclip", [tmp_path / "empty"])
    record = folder / "open_clip_config.json"
    whole = record.read_text()
    record.write_text("{}")
    with pytest.raises(WeightsError, match=r"is no record of open_clip \(KeyError: 'model_cfg'\)"):
        _ = choose("openclip", [folder]).recipe
    record.write_text(whole.replace("squash", "longest"))
    with pytest.raises(WeightsError, match="resize_mode 'longest' is none of shortest, squash"):
        _ = choose("openclip", [folder]).cells
    record.unlink()
    with pytest.raises(WeightsError, match="nothing says which architecture it is"):
        choose("openclip", [folder])


def test_a_pair_takes_one_file_each(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"takes vgg19's weight file and then vggish's; one"):
        choose("vgg19+vggish", [vgg19_file(tmp_path)])
