"""AudioCLIP's heads against the published implementation's outputs, and the extractor's contract."""

import wave
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from open_clip import get_tokenizer

from avel.extractors import choose
from avel.extractors.audioclip.audio import AudioHead, AudioHeadConfig
from avel.extractors.audioclip.joint import AudioCLIP
from avel.extractors.weights.files import (
    WeightsError,
    find_file,
    find_weights,
    load_into,
    read_tensors,
)
from tests import fill


@pytest.fixture(scope="module")
def published(golden: Path) -> AudioCLIP:
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


def test_names_and_sizes_are_the_published(published: AudioCLIP) -> None:
    state = published.state_dict()
    assert len(state) == 861
    assert sum(p.numel() for p in published.parameters()) == 134_111_910
    assert state["audio.fbsp.bias"].shape == (0,)


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
    with torch.no_grad():
        close(published.encode_text(tokenizer(names)), expected["embedding"], 1e-4)
        photos = tokenizer([f"a photo of {name}" for name in names])
        close(published.encode_text(photos), expected["embedding_a_photo_of"], 1e-4)


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


def test_spectrogram_is_a_fourier_transform_at_the_start() -> None:
    """An independent oracle: numpy's sum over the centred grid, for one tone."""
    head = AudioHead(AudioHeadConfig())
    tone = 10_000 * torch.sin(2 * torch.pi * 1000 * torch.arange(44_100) / 44_100)
    spectrogram = head.spectrogram(tone[None])[0].reshape(1023, 77).detach().numpy()
    k = spectrogram[:, 30].argmax()
    assert k == pytest.approx(1000 * 2047 / 44_100, abs=1)  # the grid's step is 2 pi / 2047
    assert spectrogram.shape == (1023, 77)
    frame = (tone.numpy() + 32768) * 2 / 65535 - 1
    start = 30 * 561 - (76 * 561 + 1654 - 44_100) // 2
    windowed = frame[start : start + 1654] * head.window.numpy()
    t = np.pi * np.linspace(-1, 1, 2048)[197 : 197 + 1654]
    value = np.abs((windowed * np.exp(-1j * k * t)).sum()) ** 2 / 2048
    assert spectrogram[k, 30] == pytest.approx(10 * np.log10(value), abs=1e-2)


@pytest.mark.parametrize(
    ("length", "frames"), [(1000, 1), (1654, 1), (44_100, 77), (88_200, 156), (220_500, 392)]
)
def test_number_of_frames(length: int, frames: int) -> None:
    head = AudioHead(
        AudioHeadConfig(
            planes=(2, 2, 2, 2), layers=(1, 1, 1, 1), groups=1, base_width=64, stem_width=4
        )
    )
    assert head.spectrogram(torch.zeros(1, length)).shape[-1] == frames


def test_front_end_gradients_are_scaled_by_their_largest() -> None:
    head = AudioHead(AudioHeadConfig())
    torch.nn.init.constant_(head.fbsp.m, 0.1)
    real, imaginary = head.fbsp()
    (real.sum() * 7 + imaginary.square().sum()).backward()
    for parameter in (head.fbsp.m, head.fbsp.fb, head.fbsp.fc):
        assert parameter.grad is not None
        assert parameter.grad.abs().max() == pytest.approx(1, abs=1e-3)


def test_shipped_weights_are_small_and_know_their_origin() -> None:
    import json

    file = find_file("audioclip-tiny.safetensors")
    assert file.path.stat().st_size <= 6_000_000
    record = json.loads(file.path.with_suffix(".json").read_text())
    assert record["sha256"] == file.sha256
    assert {"config", "seconds", "test"} <= record.keys()


# Bad weights: each message says which file and what to do.


def test_unknown_extractor() -> None:
    with pytest.raises(
        ValueError, match="no extractor 'clap'; there are audioclip, audioclip-tiny, openclip"
    ):
        choose("clap")


def test_missing_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path))
    with pytest.raises(
        WeightsError, match=r"AudioCLIP-Full-Training\.pt: not found \(AVEL_WEIGHTS_DIR"
    ):
        find_weights(["AudioCLIP-Full-Training.pt"])
    with pytest.raises(WeightsError, match="no such weight file"):
        find_weights([], [tmp_path / "none.pt"])


def test_lfs_pointer(tmp_path: Path) -> None:
    stub = tmp_path / "w.pt"
    stub.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:abc\nsize 5\n")
    with pytest.raises(WeightsError, match="is a git-LFS pointer of 65 bytes"):
        find_weights([], [stub])


def test_cut_weights(tmp_path: Path) -> None:
    whole = find_file("audioclip-tiny.safetensors").path.read_bytes()
    cut = tmp_path / "cut.safetensors"
    cut.write_bytes(whole[:100_000])
    with pytest.raises(WeightsError, match="cannot be read as weights"):
        read_tensors(cut)


def test_weights_that_would_run_code(tmp_path: Path) -> None:
    path = tmp_path / "evil.pt"
    torch.save({"x": Path("runs code")}, path)
    with pytest.raises(WeightsError, match=r"holds more than tensors|cannot be read as weights"):
        read_tensors(path)


def test_other_models_weights(tmp_path: Path) -> None:
    linear = torch.nn.Linear(2, 2)
    with pytest.raises(
        WeightsError,
        match=r"missing bias, unexpected other, other shapes weight: file \(3,\), model \(2, 2\)",
    ):
        load_into(linear, {"weight": torch.ones(3), "other": torch.ones(1)}, tmp_path / "w")


def test_nan_in_weights(tmp_path: Path) -> None:
    linear = torch.nn.Linear(2, 2)
    state = {**linear.state_dict(), "bias": torch.tensor([float("nan"), 0])}
    with pytest.raises(WeightsError, match="has NaN or infinite values in bias"):
        load_into(linear, state, tmp_path / "w")
