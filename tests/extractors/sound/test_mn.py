"""EfficientAT's networks: the published outputs, the front end against librosa, bad files."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from avel.extractors import EXTRACTORS, Choice, choose
from avel.extractors.sound import mn
from avel.extractors.sound.mn import MN, MN04Extractor, MNExtractor, rounded
from avel.extractors.weights.files import WeightsError
from tests.extractors.conftest import Chooser
from tests.extractors.made import mn_file, state_of

FILE = "mn04_as_mAP_432.pt"


def relative(found: Tensor, expected: np.ndarray) -> float:
    return float(np.abs(found.numpy() - expected).max() / np.abs(expected).max())


@pytest.fixture(scope="module")
def published(real_weights: Path) -> MNExtractor:
    found = choose("mn04", [real_weights / FILE]).load()
    assert isinstance(found, MNExtractor)
    return found


@pytest.fixture(scope="module")
def extractor(chosen: Chooser) -> MNExtractor:
    found = chosen("mn04").load()
    assert isinstance(found, MNExtractor)
    return found


@torch.inference_mode()
def test_the_published_outputs(published: MNExtractor, golden: Path) -> None:
    expected = np.load(golden / "mn04.npz")
    samples = torch.from_numpy(expected["samples_32k"]).float()
    log_mel = published.model.log_mel(samples / 32768)
    assert relative(log_mel[0, 0], expected["log_mel_first"]) < 1e-4
    for what, part in (("5s", samples), ("1s_to_3s", samples[:, 32_000:96_000])):
        pooled = published.model.pooled(published.model.log_mel(part / 32768))
        assert relative(pooled, expected[f"features_{what}"]) < 1e-4
        logits = published.sound_logits(published.hear(part))
        assert relative(logits, expected[f"logits_{what}"]) < 1e-4


@torch.inference_mode()
def test_a_call_gives_the_published_logits(published: MNExtractor, golden: Path) -> None:
    expected = np.load(golden / "mn04.npz")
    found = published.embed_sound(torch.from_numpy(expected["samples_32k"]))
    assert found["audio"].shape == (3, 512)
    assert relative(found["audio_scores"], expected["logits_5s"]) < 1e-4


@torch.inference_mode()
def test_sixteen_bits_keep_the_direction(published: MNExtractor, golden: Path) -> None:
    samples = torch.from_numpy(np.load(golden / "mn04.npz")["samples_32k"]).float()
    exact = published.hear(samples)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = published.hear(samples).float()
    assert torch.nn.functional.cosine_similarity(exact, mixed).min() > 0.999
    assert not torch.equal(exact, mixed)


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
    found = MN(0.4).log_mel(torch.from_numpy(wave).float())
    assert found.shape == (1, 1, 128, 50)
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-4)


@torch.inference_mode()
@torch.inference_mode()
def test_columns_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = torch.randn(2, 96_000) * 0.1
    network = MN(0.4)
    found = network.log_mel(samples)
    monkeypatch.setattr(mn, "TOGETHER", 10_000)
    assert torch.equal(found, network.log_mel(samples))


def test_silence_and_sound_shorter_than_a_window() -> None:
    model = MN(0.4)
    silent = model.log_mel(torch.zeros(1, 32_000))
    assert silent.unique().numel() == 1
    assert silent[0, 0, 0, 0] == pytest.approx((np.log(1e-5) + 4.5) / 5, rel=1e-5)
    short = torch.rand(2, 500) - 0.5
    padded = torch.nn.functional.pad(short, (0, 524))
    assert torch.equal(model.log_mel(short), model.log_mel(padded))


@pytest.mark.parametrize("seconds", [1, 2.5, 10])
def test_any_length(extractor: MNExtractor, seconds: float) -> None:
    samples = torch.randint(-9000, 9000, (1, int(32_000 * seconds)), dtype=torch.int16)
    found = extractor.embed_sound(samples)
    assert found["audio"].shape == (1, 512)
    assert found["audio_scores"].shape == (1, 527)
    assert found["audio"].abs().max() > 0


@torch.inference_mode()
def test_folding_keeps_the_numbers(extractor: MNExtractor) -> None:
    plain = MN(0.4)
    plain.load_state_dict(state_of(plain))
    log_mel = plain.log_mel(torch.randn(2, 32_000) * 0.1)
    expected, found = plain.eval()(log_mel), extractor.model(log_mel)
    assert (found - expected).abs().max() < 1e-5 * expected.abs().max()
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in extractor.model.modules())


@pytest.mark.parametrize(
    ("channels", "expected"),
    [(6.4, 8), (16, 16), (44.8, 48), (73.6, 72), (268.8, 272), (12, 16), (9.6, 16), (1, 8)],
)
def test_channels_are_multiples_of_8(channels: float, expected: int) -> None:
    """Those of the published file, and where 0.9 of what was asked would be lost."""
    assert rounded(channels) == expected


@pytest.mark.parametrize(("name", "millions"), [("mn04", 0.98), ("mn10", 4.88)])
def test_number_of_parameters(name: str, millions: float) -> None:
    network = EXTRACTORS[name].network_class()
    assert issubclass(network, MNExtractor)
    found = sum(p.numel() for p in MN(network.width).parameters())
    assert found / 1e6 == pytest.approx(millions, abs=0.005)


def test_a_sisters_file_is_refused(tmp_path: Path) -> None:
    other = mn_file(tmp_path, "mn05")
    with pytest.raises(WeightsError, match=r"mn05\.pt: is not for this model; .*other shapes"):
        choose("mn04", [other]).load()


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    whole = mn_file(tmp_path, "mn04")
    whole.write_bytes(whole.read_bytes()[:100_000])
    with pytest.raises(WeightsError, match=r"mn04\.pt: .*download it again"):
        choose("mn04", [whole]).load()


def test_weights_with_holes_are_refused(tmp_path: Path) -> None:
    state = MN(0.4).state_dict()
    state["classifier.5.bias"][3] = torch.nan
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(WeightsError, match=r"NaN or infinite values in classifier\.5\.bias"):
        choose("mn04", [tmp_path / "w.pt"]).load()


def test_where_the_smallest_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVEL_WEIGHTS_DIR", str(tmp_path))
    mn_file(tmp_path, "mn04").rename(tmp_path / FILE)
    found = choose("mn04")
    assert isinstance(found, Choice)
    assert found.weights.files[0].path == tmp_path / FILE
    assert found.kind.network_class() is MN04Extractor
