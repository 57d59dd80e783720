"""The image tower of any open_clip model: see `OpenCLIPDeclaration` for the files it takes."""

from collections.abc import Mapping

import open_clip
from open_clip.modified_resnet import ModifiedResNet
from open_clip.openai import build_model_from_openai_state_dict
from torch import Tensor, nn

from avel.extractors.audioclip.checkpoint import OPENAI_SCALARS
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.fold import fold_batch_norms
from avel.extractors.vision.declarations import OPENCLIP
from avel.extractors.vision.record import read_preprocessing, read_record
from avel.extractors.weights.files import Weights
from avel.extractors.weights.tensors import load_into, read_all

NO_TEXT = {"width": 8, "heads": 1, "layers": 1, "vocab_size": 8, "context_length": 8}


class OpenCLIPExtractor(FrozenExtractor):
    """Last map and embedding of one image tower."""

    declaration = OPENCLIP

    def load(self) -> nn.Module:
        """The tower alone, BatchNorm folded where it is a ResNet of CLIP's kind."""
        tensors = read_all(self.weights)
        tower = _tower(self.weights, tensors)
        visual = {
            k.removeprefix("visual."): v for k, v in tensors.items() if k.startswith("visual.")
        }
        load_into(tower, visual, self.weights.source)
        prepared = read_preprocessing(self.weights)
        self.mean, self.std = prepared.mean, prepared.std
        return fold_batch_norms(tower) if isinstance(tower, ModifiedResNet) else tower

    def see(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, P, C) of the last block, normed where the tower is a transformer, and vectors.

        Args:
            images: Normalised pictures (N, 3, H, W).
        """
        seen = self.model.forward_intermediates(
            images, indices=1, normalize_intermediates=True, output_fmt="NCHW"
        )
        return seen["image_intermediates"][0].flatten(2).transpose(1, 2), seen["image_features"]


def _tower(weights: Weights, tensors: Mapping[str, Tensor]) -> nn.Module:
    record = read_record(weights)
    if not record:
        named = {name: value for name, value in tensors.items() if name not in OPENAI_SCALARS}
        return build_model_from_openai_state_dict(named).float().visual  # type: ignore[no-any-return]
    config = record["model_cfg"]
    vision = {**config["vision_cfg"], "timm_model_pretrained": False}
    quick = bool(config.get("quick_gelu", False))
    model = open_clip.CLIP(config["embed_dim"], vision, NO_TEXT, quick_gelu=quick)
    return model.visual  # type: ignore[no-any-return]
