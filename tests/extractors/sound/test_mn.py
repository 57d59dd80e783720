"""EfficientAT's networks: the published outputs, what is cut for them, bad files."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from avel.extractors import EXTRACTORS, Choice, choose
from avel.extractors.sound.mn import MN, MN04Extractor, MNExtractor, rounded
from avel.extractors.weights.files import WeightsError
from avel.pipeline.media.cells import Segments
from avel.pipeline.method.encode import encode_whole
from tests.extractors.conftest import Chooser
from tests.extractors.made import cells, mn_file, state_of
from tests.pipeline.method.stubs import parts_of

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


@pytest.mark.parametrize("seconds", [1, 2.5, 10])
def test_any_length(extractor: MNExtractor, seconds: float) -> None:
    samples = torch.randint(-9000, 9000, (1, int(32_000 * seconds)), dtype=torch.int16)
    found = extractor.embed_sound(samples)
    assert found["audio"].shape == (1, 512)
    assert found["audio_scores"].shape == (1, 527)
    assert found["audio"].abs().max() > 0


@torch.inference_mode()
def test_what_it_cuts_is_heard_as_samples_are(extractor: MNExtractor) -> None:
    """The same bits: of any length, and beside a stretch that is not on the grid of hops."""
    cells = torch.randint(-9000, 9000, (4, 32_000), dtype=torch.int16)
    spans = [(0, 64_000), (16_000, 96_000), (100, 50_000)]
    assert extractor.cut_sound is not None
    for cut, (start, length) in zip(extractor.cut_sound(cells.numpy(), spans), spans, strict=True):
        alone = extractor.embed_sound(cells.view(1, -1)[:, start : start + length])
        found = extractor.embed_sound(torch.from_numpy(np.asarray(cut))[None])
        torch.testing.assert_close(found, alone, rtol=0, atol=1e-5 * float(alone["audio"].max()))


@pytest.mark.parametrize("window", [1, 2])
def test_a_film_gives_the_same_bits_however_it_is_cut(
    window: int, extractor: MNExtractor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What windows of sound share ends nowhere; and it is what is heard of each alone."""
    T, lengths = 4, (1, 2)
    frames, sound = cells(T, 16, 3_200)
    there = np.ones(T, bool)
    film = Segments(frames.numpy(), sound.numpy(), there, there, float(T))
    whole = encode_whole(extractor, [film], 4, lengths)
    found = encode_whole(extractor, parts_of(film, lengths, window), 4, lengths)
    np.testing.assert_array_equal(found.audio, whole.audio)
    np.testing.assert_array_equal(found.audio_scores, whole.audio_scores)
    monkeypatch.setattr(type(extractor), "cut_sound", None)
    alone = encode_whole(extractor, [film], 4, lengths)
    np.testing.assert_allclose(found.audio, alone.audio, rtol=0, atol=1e-5 * alone.audio.max())


def test_where_it_cuts(extractor: MNExtractor, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a CPU alone, and not where one thing is compiled of all."""
    assert extractor.cut_sound is not None
    with monkeypatch.context() as patch:
        patch.setattr(extractor, "device", torch.device("cuda"))
        assert extractor.cut_sound is None
    monkeypatch.setattr(extractor, "options", replace(extractor.options, compile=True))
    assert extractor.cut_sound is None


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
