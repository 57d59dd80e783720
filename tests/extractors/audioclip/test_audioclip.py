"""AudioCLIP's heads against the published implementation's outputs."""

import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from open_clip import get_tokenizer

from avel.extractors.audioclip.joint import AudioCLIP
from tests import fill


@pytest.fixture(scope="module")
def published(golden_folder: Path) -> AudioCLIP:
    with pytest.MonkeyPatch.context() as patch:  # 134 million numbers that the next line replaces
        for name in ("normal_", "uniform_"):
            patch.setattr(torch.Tensor, name, lambda self, *_, **__: self)
        model = AudioCLIP()
    model.load_state_dict(fill.weights(model.state_dict(), fill.seed_of(golden_folder)))
    return model.eval()


@pytest.fixture(scope="module")
def golden_folder(request: pytest.FixtureRequest) -> Path:
    return request.getfixturevalue("golden")  # type: ignore[no-any-return]


def samples(path: Path, start: int) -> torch.Tensor:
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float32)
    return torch.from_numpy(sound[start : start + 44_100].copy())


def close(ours: torch.Tensor, theirs: np.ndarray, tolerance: float) -> None:
    theirs = theirs.astype(np.float32)
    np.testing.assert_allclose(ours.numpy(), theirs, rtol=0, atol=tolerance * np.abs(theirs).max())


def test_audio_head(published: AudioCLIP, golden_folder: Path, media: Path) -> None:
    expected = np.load(golden_folder / "audioclip_audio.npz")
    sounds = [
        samples(media / "thunder_3-144891-B-19.wav", 22_050),
        samples(media / "car_horn_1-24074-A-43.wav", 0),
        samples(media / "cat_3-95694-A-5.wav", 11_025),
    ]
    with torch.no_grad():
        # decibels far below the signal are rounding of cancelled sums: median and tail instead
        spectrogram = published.audio.spectrogram(sounds[0][None])
        off = np.abs(spectrogram.numpy() - expected["spectrogram"].astype(np.float32))
        assert np.median(off) < 0.05
        assert np.quantile(off, 0.999) < 0.13
        close(published.audio(torch.stack(sounds)), expected["embedding"], 1e-3)
        close(published.audio(torch.cat(sounds[:2])[None]), expected["embedding_2s"], 1e-3)
        close(published.audio(torch.stack(sounds[:2])[None]), expected["embedding_stereo"], 1e-3)
        close(published.audio(sounds[0][None, :20_000]), expected["embedding_20000_samples"], 1e-3)


def test_image_head(published: AudioCLIP, golden_folder: Path) -> None:
    expected = np.load(golden_folder / "audioclip_image.npz")
    images = torch.from_numpy(fill.array("image", (3, 3, 224, 224), fill.seed_of(golden_folder)))
    with torch.no_grad():
        maps = published.image_map(images)
        close(maps.mean((2, 3)), expected["map_mean"], 1e-4)
        close(maps[0, :16], expected["map_first"], 1e-4)
        close(published.pool_map(maps), expected["embedding"], 1e-4)


def test_text_head(published: AudioCLIP, golden_folder: Path, ave_tables: Path) -> None:
    expected = np.load(golden_folder / "audioclip_text.npz")
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


def test_joint_space(
    published: AudioCLIP, golden_folder: Path, media: Path, ave_tables: Path
) -> None:
    expected, seed = np.load(golden_folder / "audioclip_joint.npz"), fill.seed_of(golden_folder)
    sounds = [
        samples(media / "thunder_3-144891-B-19.wav", 22_050),
        samples(media / "car_horn_1-24074-A-43.wav", 0),
        samples(media / "cat_3-95694-A-5.wav", 11_025),
    ]
    names = sorted(
        {line.split("&")[0] for line in (ave_tables / "Annotations.txt").read_text().splitlines()}
    )
    with torch.no_grad():
        audio = published.audio(torch.stack(sounds))
        images = torch.from_numpy(fill.array("image", (3, 3, 224, 224), seed))
        image = published.pool_map(published.image_map(images))
        text = published.encode_text(get_tokenizer("RN50-quickgelu")(names[:3]))
        logits = published.logits(audio, image, text)
        for name in ("audio_image", "audio_text", "image_text"):
            close(logits[name], expected[f"logits_{name}"], 1e-3)
        close(published.loss(audio, image, text), expected["loss"], 1e-3)
