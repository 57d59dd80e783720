"""VGG-19 against torchvision's own network and pre-processing."""

import numpy as np
import pytest
import torch
from torchvision.models import VGG19_Weights, vgg19

from avel.extractors import Choice
from avel.extractors.vision.declarations import VGG19
from avel.extractors.vision.vgg19 import VGG19Extractor
from tests.extractors.conftest import Chooser


@pytest.fixture(scope="module")
def choice(chosen: Chooser) -> Choice:
    found = chosen("vgg19")
    assert isinstance(found, Choice)
    return found


@pytest.fixture(scope="module")
def extractor(choice: Choice) -> VGG19Extractor:
    found = choice.load()
    assert isinstance(found, VGG19Extractor)
    return found


def test_it_is_torchvisions_convolutional_part(extractor: VGG19Extractor) -> None:
    with torch.device("meta"):  # its classifier alone has 124 million numbers
        theirs = vgg19().features
    assert [str(layer) for layer in extractor.model] == [str(layer) for layer in theirs]
    assert {k: v.shape for k, v in extractor.model.state_dict().items()} == {
        k: v.shape for k, v in theirs.state_dict().items()
    }


def test_pictures_are_prepared_as_torchvision_does(extractor: VGG19Extractor) -> None:
    theirs = VGG19_Weights.IMAGENET1K_V1.transforms()
    assert VGG19.cut == {
        "frames_per_cell": 16,
        "image_size": theirs.crop_size[0],
        "short_side": theirs.resize_size[0],
        "interpolation": theirs.interpolation.value,
    }
    assert [*extractor.mean, *extractor.std] == [*theirs.mean, *theirs.std]


def test_it_is_torchvisions_pool5(extractor: VGG19Extractor) -> None:
    """The segments stage's square through ours, and through torchvision's own transform."""
    frame = torch.randint(0, 256, (1, 1, 3, 224, 224), dtype=torch.uint8)
    transform = VGG19_Weights.IMAGENET1K_V1.transforms(crop_size=224, resize_size=224)
    with torch.no_grad():
        expected = extractor.model(transform(frame[0]))[0]
    found = extractor.embed_sight(frame)
    assert found["visual_map"].shape == (1, 49, 512)
    off = (found["visual_map"][0].float() - expected.flatten(1).T).abs().max()
    assert off < 2e-3 * expected.abs().max()
    torch.testing.assert_close(found["visual"][0], expected.mean((1, 2)), atol=1e-5, rtol=1e-4)


def test_the_map_is_never_negative_and_the_vector_is_its_mean(extractor: VGG19Extractor) -> None:
    frames = torch.randint(0, 256, (2, 1, 3, 64, 64), dtype=torch.uint8)
    found = extractor.embed_sight(frames)
    assert found["visual_map"].min() >= 0
    assert found["visual_map"].max() > 0
    mean = found["visual_map"].float().mean(1)
    np.testing.assert_allclose(found["visual"], mean, rtol=2e-3, atol=1e-3)


def test_the_classifier_of_the_file_is_left(choice: Choice) -> None:
    """torchvision's file has both parts; ours has one, under its own names."""
    tensors = VGG19Extractor.tensors(choice.weights)
    assert len(tensors) == 32  # sixteen layers' weight and bias
    assert not any(name.startswith(("classifier", "features")) for name in tensors)
