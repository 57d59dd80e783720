"""AudioCLIP as an extractor: maps, stages, text, and where in a picture its words are."""

from pathlib import Path

import pytest
import torch
from torch.nn import functional

from avel.extractors import AudioCLIPDeclaration, Choice, choose
from avel.extractors.audioclip.declarations import AUDIOCLIP_TINY, IMAGE_MEAN, IMAGE_STD
from avel.extractors.audioclip.extractor import AudioCLIPExtractor, TinyAudioCLIPExtractor
from avel.pipeline.method.openvocab import OpenVocabulary
from avel.pipeline.method.scores import ScoreConfig
from avel.pipeline.reasons import InputError
from tests.extractors.made import cells, heads

LABELS = AUDIOCLIP_TINY.known_labels()


def loaded(paths: list[Path] | None = None, **options: object) -> TinyAudioCLIPExtractor:
    found = choose("audioclip-tiny", paths or (), options).load()
    assert isinstance(found, TinyAudioCLIPExtractor)
    return found


def test_features_are_what_the_heads_say(tiny: TinyAudioCLIPExtractor) -> None:
    """The whole path by hand: normalised pictures, samples on the int16 scale."""
    frames, samples = cells(2)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (IMAGE_MEAN, IMAGE_STD))
    found = tiny(frames, samples)
    with torch.no_grad():
        maps = tiny.model.image_map((frames[:, 0].float() / 255 - mean) / std)
        heard = tiny.model.audio(samples.float())
        seen = tiny.model.pool_map(maps)
    torch.testing.assert_close(found["visual"], seen, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(found["audio"], heard, rtol=1e-4, atol=1e-3)
    tokens = maps.flatten(2).transpose(1, 2)
    torch.testing.assert_close(found["visual_map"].float(), tokens, rtol=2e-3, atol=2e-3)


def test_dense_map_is_in_the_joint_space(tiny: TinyAudioCLIPExtractor) -> None:
    dense = loaded(dense_map=True)
    maps, joint = (e.embed_sight(cells(2)[0])["visual_map"].float() for e in (tiny, dense))
    assert joint.shape == (2, 49, 128)
    expected = tiny.model.dense_map(maps)
    torch.testing.assert_close(joint, expected, atol=2e-2, rtol=2e-2)
    text = tiny.text(LABELS[:2])
    torch.testing.assert_close(
        dense.text_attention(joint, text), tiny.text_attention(maps, text), atol=1e-2, rtol=1e-2
    )
    assert dense.pooling is None  # the map is no longer what is pooled
    assert tiny.pooling is not None


@pytest.mark.parametrize("until", [1, 4])
def test_activations_until_a_stage(tiny: TinyAudioCLIPExtractor, until: int) -> None:
    """As many channels as the stage is said to have; nothing of pictures but the map."""
    found = loaded(until=until)(*cells(1))
    side = 56 // 2 ** (until - 1)
    assert found["visual"].shape == (1, 0)
    assert found["visual_map"].shape == (1, side * side, tiny.stage_channels[f"visual{until}"])
    assert found["audio"].shape[1] % tiny.stage_channels[f"audio{until}"] == 0
    if until == 4:
        last = tiny(*cells(1))["visual_map"]
        assert torch.equal(found["visual_map"], last)


def test_text_is_normalised_and_tells_labels_apart(tiny: TinyAudioCLIPExtractor) -> None:
    text = tiny.text(LABELS)
    assert text.shape == (28, 128)
    torch.testing.assert_close(text.norm(dim=1), torch.ones(28))
    near = text @ text.T - torch.eye(28)
    assert near.max() < 0.99


def test_scales_are_bounded(tiny_choice: Choice) -> None:
    extractor = tiny_choice.load()
    assert isinstance(extractor, AudioCLIPExtractor)
    extractor.model.logit_scale.data.fill_(2.0)
    extractor.model.logit_scale_at.data.fill_(50.0)
    assert extractor.text_scale("visual") == pytest.approx(2.718281828**2)
    assert extractor.text_scale("audio") == 100
    extractor.model.logit_scale.data.fill_(-5.0)
    assert extractor.text_scale("visual") == 1


def test_attention_is_a_share_of_places(tiny: TinyAudioCLIPExtractor) -> None:
    """A softmax of scaled cosines, by hand at each place."""
    maps, text = tiny.embed_sight(cells(2)[0])["visual_map"].float(), tiny.text(LABELS[:2])
    found = tiny.text_attention(maps, text)
    torch.testing.assert_close(found.sum(1), torch.ones(2))
    dense = tiny.model.dense_map(maps)
    cosines = torch.stack(
        [functional.cosine_similarity(dense[t], text[t][None], -1) for t in range(2)]
    )
    expected = (tiny.text_scale("visual") * cosines).softmax(1)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


def test_an_audio_head_of_527_classes(tmp_path: Path) -> None:
    """Its vectors are the channels before the classifier; it shares no space with text."""
    clip, audio = heads()
    g = torch.Generator().manual_seed(1)
    audio["fc.weight"] = torch.randn(527, 256, generator=g)
    audio["fc.bias"] = torch.zeros(527)
    torch.save(clip, tmp_path / "CLIP.pt")
    torch.save(audio, tmp_path / "ESRNXFBSP.pt")
    files = [tmp_path / "CLIP.pt", tmp_path / "ESRNXFBSP.pt"]
    extractor = loaded(files)
    assert not extractor.hears_text
    frames, samples = cells(2)
    heard = extractor(frames, samples)["audio"]
    assert heard.shape == (2, 256)
    expected = functional.linear(heard, audio["fc.weight"])
    torch.testing.assert_close(extractor.model.audio(samples.float()), expected)
    words = OpenVocabulary(LABELS[:1], choose("audioclip-tiny", files))
    with pytest.raises(
        InputError, match="shares no space with text; --labels needs AudioCLIP-Full"
    ):
        words.score([None], ScoreConfig())  # type: ignore[list-item]


def test_stage_channels_are_the_trunks_own(tiny: TinyAudioCLIPExtractor) -> None:
    images, samples = torch.zeros(1, 3, 224, 224), torch.zeros(1, 44_100)
    head = tiny.model.audio
    with torch.no_grad():
        stem = head.stem(head.spectrogram(samples))
        for i in (1, 2, 3, 4):
            assert tiny.model.image_stages(images, i).shape[1] == tiny.stage_channels[f"visual{i}"]
            assert head.stages(stem, i).shape[1] == tiny.stage_channels[f"audio{i}"]
    assert isinstance(tiny.declaration, AudioCLIPDeclaration)
