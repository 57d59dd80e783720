"""The image head beside open_clip's."""

from dataclasses import replace

import open_clip
import pytest
import torch
from open_clip.modified_resnet import ModifiedResNet
from torch import Tensor

from avel.extractors.audioclip.image import HEAD_WIDTH
from avel.extractors.audioclip.joint import TINY, AudioCLIP
from avel.extractors.fold import fold_batch_norms
from tests.extractors.made import disturb

SHAPE = replace(TINY, image_layers=(2, 1, 1, 1), image_size=64)


def made() -> AudioCLIP:
    torch.manual_seed(0)
    model = AudioCLIP(SHAPE)
    disturb(model)
    return model


@pytest.fixture(scope="module")
def theirs() -> ModifiedResNet:
    width = SHAPE.image_width
    layers, heads = list(SHAPE.image_layers), width * 32 // HEAD_WIDTH
    tower = ModifiedResNet(layers, SHAPE.embed_dim, heads, SHAPE.image_size, width)
    tower.load_state_dict(made().visual.state_dict())
    return tower.eval()  # type: ignore[no-any-return]


def pictures() -> Tensor:
    return torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(2))


@torch.no_grad()
@pytest.mark.parametrize("folded", [False, True])
def test_pictures_are_embedded_as_by_open_clip(theirs: ModifiedResNet, folded: bool) -> None:
    ours = made().eval()
    if folded:
        fold_batch_norms(ours)
    close = {"rtol": 1e-4, "atol": 1e-4}
    torch.testing.assert_close(ours.encode_image(pictures()), theirs(pictures()), **close)
    maps = theirs.forward_intermediates(pictures(), intermediates_only=True)
    assert len(maps["image_intermediates"]) == 5
    for done, stage in enumerate(maps["image_intermediates"]):
        torch.testing.assert_close(ours.image_stages(pictures(), done), stage, **close)


def test_training_reaches_every_parameter() -> None:
    model = made()
    sound = torch.randn(2, 8_000) * 3_000
    tokens = open_clip.get_tokenizer("RN50-quickgelu")(["a dog", "a bell"])
    vectors = model.audio(sound), model.encode_image(pictures()), model.encode_text(tokens)
    model.loss(*vectors).backward()
    unused = {"audio.fbsp.bias", "visual.attnpool.k_proj.bias"}  # empty; the same for all keys
    assert {name for name, p in model.named_parameters() if p.grad is None} == unused
