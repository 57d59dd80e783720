"""VGG-19's last pooled map, as the AVE dataset's visual features were made.

Source: Simonyan and Zisserman, ICLR 2015; Tian et al., ECCV 2018, section 5.1; reference section
1.4 (pool5 as 7x7x512, the mean of 16 frames a second). Ours differs: the published features came
from another conversion of the weights; these are torchvision's, with their own pre-processing.
"""

from torch import Tensor, nn
from torchvision.models.vgg import cfgs, make_layers

from avel.extractors.extractor import FrozenExtractor
from avel.extractors.vision.declarations import VGG19
from avel.extractors.weights.files import Weights
from avel.extractors.weights.tensors import load_into, read_all


class VGG19Extractor(FrozenExtractor):
    """Map 7x7x512 after the fifth pooling, and its spatial mean; ReLU'd, so never negative."""

    declaration = VGG19
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)

    def load(self) -> nn.Module:
        """The convolutional part, whose maps are (N, 512, 7, 7) for pictures of 224 px.

        torchvision's whole model would be eight times as large.
        """
        features: nn.Module = make_layers(cfgs["E"])
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

    def see(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, P, 512) of pictures (N, 3, H, W) and its mean (N, 512); 224 x 224: 49 places."""
        maps = self.model(images).flatten(2).transpose(1, 2)
        return maps, maps.mean(1)
