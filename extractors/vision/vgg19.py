"""VGG-19's last pooled map, as the AVE dataset's visual features were made.

Source: Simonyan and Zisserman, ICLR 2015; Tian et al., ECCV 2018, section 5.1; reference section
1.4 (pool5 as 7x7x512, the mean of 16 frames a second). Ours differs: the published features came
from another conversion of the weights; these are torchvision's, with their own pre-processing.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torchvision.models import VGG19_Weights, vgg19

from avel.extractors.extractor import FrozenExtractor
from avel.extractors.weights.files import Weights, load_into, read_all

_PREPROCESSING = VGG19_Weights.IMAGENET1K_V1.transforms()


class VGG19Extractor(FrozenExtractor):
    """Map 7x7x512 after the fifth pooling, and its spatial mean; ReLU'd, so never negative."""

    name = "vgg19"
    files = ("vgg19-dcbb9e9d.pth",)
    mean, std = tuple(_PREPROCESSING.mean), tuple(_PREPROCESSING.std)

    def load(self) -> nn.Module:
        """The convolutional part."""
        features: nn.Module = vgg19().features
        load_into(features, self.tensors(self.weights), self.weights.source)
        return features

    @classmethod
    def tensors(cls, weights: Weights) -> dict[str, Tensor]:
        """The convolutions' tensors; torchvision's classifier is not needed."""
        return {
            name.removeprefix("features."): value
            for name, value in read_all(weights).items()
            if not name.startswith("classifier.")
        }

    @classmethod
    def cells(cls, weights: Weights) -> Mapping[str, Any]:
        """As torchvision prepares pictures for these weights, 16 a second."""
        return {
            "frames_per_cell": 16,
            "image_size": _PREPROCESSING.crop_size[0],
            "short_side": _PREPROCESSING.resize_size[0],
            "interpolation": _PREPROCESSING.interpolation.value,
        }

    def see(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, 49, 512) and its mean over positions (N, 512)."""
        maps = self.model(images).flatten(2).transpose(1, 2)
        return maps, maps.mean(1)
