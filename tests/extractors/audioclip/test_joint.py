"""The three heads in one space: names, parts of the image trunk, similarities and their loss."""

from math import exp

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from avel.extractors.audioclip.extractor import TinyAudioCLIPExtractor
from avel.extractors.audioclip.joint import TINY, AudioCLIP


@pytest.fixture(scope="module")
def model() -> AudioCLIP:
    torch.manual_seed(0)
    return AudioCLIP(TINY).eval()


def embeddings() -> tuple[Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(0)
    audio, image, text = (torch.randn(3, 128, generator=g) for _ in range(3))
    return audio, image, text


def test_the_published_shape_has_861_names() -> None:
    with torch.device("meta"):
        model = AudioCLIP()
    state = model.state_dict()
    assert len(state) == 861
    assert sum(p.numel() for p in model.parameters()) == 134_111_910
    assert state["audio.fbsp.bias"].shape == (0,)
    assert {"visual.layer4.2.conv3.weight", "audio.fbsp.m", "logit_scale_at"} <= state.keys()


def test_the_tiny_shape_is_that_of_vgg19_and_vggish(tiny: TinyAudioCLIPExtractor) -> None:
    images, samples = torch.zeros(1, 3, 224, 224), torch.zeros(1, 44_100)
    with torch.no_grad():
        maps = tiny.model.image_map(images)
        assert maps.shape == (1, 512, 7, 7)
        assert tiny.model.pool_map(maps).shape == tiny.model.audio(samples).shape == (1, 128)


def test_stages_and_the_rest_are_the_image_trunk(tiny: TinyAudioCLIPExtractor) -> None:
    images = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        whole = tiny.model.image_map(images)
        for done in range(5):
            stage = tiny.model.image_stages(images, done)
            assert torch.equal(tiny.model.image_rest(stage, done), whole)


def test_pooling_a_map_is_clips_own_way(tiny: TinyAudioCLIPExtractor) -> None:
    images = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = tiny.model.encode_image(images)
        found = tiny.model.pool_map(tiny.model.image_map(images))
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_a_dense_map_is_each_place_projected(tiny: TinyAudioCLIPExtractor) -> None:
    """What the pooling would answer if it looked at that place alone, without its position."""
    tokens = torch.rand(2, 49, 512, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        dense = tiny.model.dense_map(tokens)
        assert dense.shape == (2, 49, 128)
        assert torch.allclose(tiny.model.dense_map(tokens[:, 5:6]), dense[:, 5:6], atol=1e-5)


def test_similarities_are_scaled_cosines(model: AudioCLIP) -> None:
    audio, image, text = embeddings()
    model.logit_scale.data.fill_(1.0)
    model.logit_scale_ai.data.fill_(0.5)
    model.logit_scale_at.data.fill_(9.0)  # above log 100, where it stops
    with torch.no_grad():
        found = model.logits(audio, image, text)
    for name, (a, b), scale in (
        ("audio_image", (audio, image), exp(0.5)),
        ("audio_text", (audio, text), 100.0),
        ("image_text", (image, text), exp(1.0)),
    ):
        for i in range(3):
            for j in range(3):
                cosine = functional.cosine_similarity(a[i], b[j], 0)
                assert float(found[name][i, j]) == pytest.approx(scale * float(cosine), rel=1e-4)


def test_the_loss_is_the_published_sum(model: AudioCLIP) -> None:
    """Both directions of three pairs over 3!, and the filters' distance from unit norm."""
    audio, image, text = embeddings()
    with torch.no_grad():
        found = model.loss(audio, image, text)
        total = 0.0
        for m in model.logits(audio, image, text).values():
            for rows in (m, m.T):
                total -= float(rows.log_softmax(1).diagonal().mean())
        real, imaginary = model.audio.fbsp()
        norms = torch.complex(real, imaginary).norm(dim=1)
    assert float(found) == pytest.approx(total / 6 + float((norms - 1).square().mean()), rel=1e-4)


def test_rows_that_belong_together_cost_less(model: AudioCLIP) -> None:
    audio, _, _ = embeddings()
    with torch.no_grad():
        together = model.loss(audio, audio, audio)
        apart = model.loss(audio, audio.roll(1, 0), audio.roll(2, 0))
    assert together < apart
