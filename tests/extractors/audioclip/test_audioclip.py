"""AudioCLIP's heads against the published implementation's outputs."""

import wave
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from open_clip import get_tokenizer

from avel.extractors.audioclip.audio import AudioHead
from avel.extractors.audioclip.joint import AudioCLIP
from tests import fill


@pytest.fixture(scope="module")
def published(golden: Path) -> AudioCLIP:
    with pytest.MonkeyPatch.context() as patch:  # 134 million numbers that the next line replaces
        for name in ("normal_", "uniform_"):
            patch.setattr(torch.Tensor, name, lambda self, *_, **__: self)
        model = AudioCLIP()
    model.load_state_dict(fill.weights(model.state_dict(), fill.seed_of(golden)))
    return model.eval()


@pytest.fixture(scope="module")
def exact_audio(published: AudioCLIP) -> AudioHead:
    """The audio head in float64: its decibels cancel so much that float32 measures rounding."""
    return deepcopy(published.audio).double()


@pytest.fixture(scope="module")
def sounds(media: Path) -> torch.Tensor:
    """Three seconds (3, 44100) of three recordings, on the int16 scale."""
    return torch.stack(
        [
            samples(media / "thunder_3-144891-B-19.wav", 22_050),
            samples(media / "car_horn_1-24074-A-43.wav", 0),
            samples(media / "cat_3-95694-A-5.wav", 11_025),
        ]
    )


@pytest.fixture(scope="module")
def exact_embeddings(exact_audio: AudioHead, sounds: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        return exact_audio(sounds)


def samples(path: Path, start: int) -> torch.Tensor:
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32)
    return torch.from_numpy(sound[start : start + 44_100].copy())


def close(ours: torch.Tensor, theirs: np.ndarray, tolerance: float) -> None:
    theirs = theirs.astype(np.float32)
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=tolerance * np.abs(theirs).max())


@torch.no_grad()
def test_audio_head_in_float64(
    exact_audio: AudioHead, exact_embeddings: torch.Tensor, sounds: torch.Tensor, golden: Path
) -> None:
    expected = np.load(golden / "audioclip_audio64.npz")
    close(exact_audio.spectrogram(sounds[:1]), expected["spectrogram"], 1e-6)
    close(exact_embeddings, expected["embedding"], 1e-6)
    close(exact_audio(sounds[:2].reshape(1, -1)), expected["embedding_2s"], 1e-6)
    close(exact_audio(sounds[None, :2]), expected["embedding_stereo"], 1e-6)
    close(exact_audio(sounds[:1, :20_000]), expected["embedding_20000_samples"], 1e-6)


@torch.no_grad()
def test_audio_head_in_float32(published: AudioCLIP, sounds: torch.Tensor, golden: Path) -> None:
    """Rounded differently from the published head's own float32, but in the same direction."""
    for file in ("audioclip_audio.npz", "audioclip_audio64.npz"):
        expected = np.load(golden / file)
        cosines = torch.nn.functional.cosine_similarity(
            published.audio(sounds), torch.from_numpy(expected["embedding"]), dim=-1
        )
        assert cosines.min() > 0.9999
        # decibels far below the signal are rounding of cancelled sums: median and tail instead
        spectrogram = published.audio.spectrogram(sounds[:1]).numpy()
        off = np.abs(spectrogram - expected["spectrogram"].astype(np.float32))
        assert np.median(off) < 0.05
        assert np.quantile(off, 0.99) < 0.13


def test_image_head(published: AudioCLIP, golden: Path) -> None:
    expected = np.load(golden / "audioclip_image.npz")
    images = torch.from_numpy(fill.array("image", (3, 3, 224, 224), fill.seed_of(golden)))
    with torch.no_grad():
        maps = published.image_map(images)
        close(maps.mean((2, 3)), expected["map_mean"], 1e-4)
        close(maps[0, :16], expected["map_first"], 1e-4)
        close(published.pool_map(maps), expected["embedding"], 1e-4)


def test_text_head(published: AudioCLIP, golden: Path, ave_tables: Path) -> None:
    expected = np.load(golden / "audioclip_text.npz")
    names = sorted(
        {line.split("&")[0] for line in (ave_tables / "Annotations.txt").read_text().splitlines()}
    )
    tokenizer = get_tokenizer("RN50-quickgelu")
    np.testing.assert_array_equal(tokenizer(names).numpy(), expected["tokens"])
    some = slice(None, None, 7)  # prompts do not meet, and each takes a fifth of a second
    photos = [f"a photo of {name}" for name in names[some]]
    with torch.no_grad():
        close(published.encode_text(tokenizer(names[some])), expected["embedding"][some], 1e-4)
        found = published.encode_text(tokenizer(photos))
        close(found, expected["embedding_a_photo_of"][some], 1e-4)


@torch.no_grad()
def test_joint_space(
    published: AudioCLIP, exact_audio: AudioHead, exact_embeddings: torch.Tensor, golden: Path,
    ave_tables: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Sound in float64; picture and text are float32 in the file too, and round to 1.3e-6."""
    expected, seed = np.load(golden / "audioclip_joint64.npz"), fill.seed_of(golden)
    names = sorted(
        {line.split("&")[0] for line in (ave_tables / "Annotations.txt").read_text().splitlines()}
    )
    images = torch.from_numpy(fill.array("image", (3, 3, 224, 224), seed))
    image = published.pool_map(published.image_map(images)).double()
    text = published.encode_text(get_tokenizer("RN50-quickgelu")(names[:3])).double()
    logits = published.logits(exact_embeddings, image, text)
    for name in ("audio_image", "audio_text", "image_text"):
        close(logits[name], expected[f"logits_{name}"], 3e-6)
    monkeypatch.setitem(published._modules, "audio", exact_audio)
    assert published.loss(exact_embeddings, image, text).item() == pytest.approx(
        float(expected["loss"]), rel=1e-6
    )
