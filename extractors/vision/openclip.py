"""The image tower of any open_clip model, from a local folder or OpenAI's archives.

A folder holds `open_clip_config.json` (architecture and pre-processing) beside the weights, as on
the model hubs. OpenAI's TorchScript archives say their architecture by their tensors' shapes, and
all share one pre-processing. Other files do not say how pictures must be prepared and are refused.
"""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import open_clip
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from open_clip.modified_resnet import ModifiedResNet
from open_clip.openai import build_model_from_openai_state_dict
from torch import Tensor, nn

from avel.extractors.audioclip.checkpoint import OPENAI_SCALARS
from avel.extractors.extractor import EncodeOptions, FrozenExtractor
from avel.extractors.fold import fold_batch_norms
from avel.extractors.weights.files import Weights, WeightsError, find_weights, load_into, read_all
from avel.extractors.weights.torchscript import is_torchscript

RECORD = "open_clip_config.json"
FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
"""What the weights beside a record are called, in the order in which they are looked for."""
NO_TEXT = {"width": 8, "heads": 1, "layers": 1, "vocab_size": 8, "context_length": 8}


class OpenCLIPExtractor(FrozenExtractor):
    """Last map and embedding of one image tower."""

    name = "openclip"

    @classmethod
    def find(cls, given: Sequence[Path]) -> Weights:
        """The weights in a folder, or a file beside a record or of OpenAI's own kind.

        Raises:
            WeightsError: none is given, or nothing says how to prepare pictures for them.
        """
        if len(given) != 1:
            raise WeightsError(
                "extractor 'openclip' needs --weights FOLDER, one with open_clip_config.json and "
                f"{' or '.join(FILES)}, or an archive of OpenAI's such as RN50.pt"
            )
        path = given[0]
        if path.is_dir():
            there = [path / name for name in FILES if (path / name).is_file()]
            if not there:
                raise WeightsError(f"{path}: holds no {' and no '.join(FILES)}")
            path = there[0]
        weights = find_weights((), [path])
        if not _record_path(weights).is_file() and not is_torchscript(path):
            raise WeightsError(
                f"{path}: nothing says which architecture it is and how pictures are prepared; "
                f"put its {RECORD} into {path.parent}"
            )
        return weights

    def load(self) -> nn.Module:
        """The tower alone, BatchNorm folded where it is a ResNet of CLIP's kind."""
        tensors = read_all(self.weights)
        tower = _tower(self.weights, tensors)
        visual = {
            k.removeprefix("visual."): v for k, v in tensors.items() if k.startswith("visual.")
        }
        load_into(tower, visual, self.weights.source)
        prepared = _preprocessing(self.weights)
        self.mean, self.std = prepared["mean"], prepared["std"]
        return fold_batch_norms(tower) if isinstance(tower, ModifiedResNet) else tower

    @classmethod
    def cells(cls, weights: Weights) -> Mapping[str, Any]:
        """Size, fit and interpolation from the record."""
        prepared = _preprocessing(weights)
        return {key: prepared[key] for key in ("image_size", "short_side", "fit", "interpolation")}

    @classmethod
    def recipe_of(cls, weights: Weights, options: EncodeOptions) -> Mapping[str, Any]:
        """Everything that decides the features; the record is part of it."""
        return {**super().recipe_of(weights, options), "preprocessing": _preprocessing(weights)}

    def see(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Map (N, P, C) of the last block, normed where the tower is a transformer, and vectors."""
        seen = self.model.forward_intermediates(
            images, indices=1, normalize_intermediates=True, output_fmt="NCHW"
        )
        return seen["image_intermediates"][0].flatten(2).transpose(1, 2), seen["image_features"]


def _record_path(weights: Weights) -> Path:
    return weights.files[0].path.parent / RECORD


def _record(weights: Weights) -> dict[str, Any]:
    """The folder's record; empty for OpenAI's archives.

    Raises:
        WeightsError: it is no such record.
    """
    path = _record_path(weights)
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text("utf-8"))
        model, prepared = record["model_cfg"], record["preprocess_cfg"]
        model["vision_cfg"], model["embed_dim"], prepared["mean"], prepared["std"]
    except (ValueError, KeyError, TypeError) as err:
        raise WeightsError(
            f"{path}: is no record of open_clip ({type(err).__name__}: {err}); it needs model_cfg "
            "and preprocess_cfg with mean and std"
        ) from err
    return dict(record)


def _tower(weights: Weights, tensors: Mapping[str, Tensor]) -> nn.Module:
    record = _record(weights)
    if not record:
        named = {name: value for name, value in tensors.items() if name not in OPENAI_SCALARS}
        return build_model_from_openai_state_dict(named).float().visual  # type: ignore[no-any-return]
    config = record["model_cfg"]
    vision = {**config["vision_cfg"], "timm_model_pretrained": False}
    quick = bool(config.get("quick_gelu", False))
    model = open_clip.CLIP(config["embed_dim"], vision, NO_TEXT, quick_gelu=quick)
    return model.visual  # type: ignore[no-any-return]


def _preprocessing(weights: Weights) -> dict[str, Any]:
    """Settings of the segments stage, and mean and std.

    Raises:
        WeightsError: the record asks for what the segments stage cannot do.
    """
    record = _record(weights)
    if not record:
        size = _openai_size(weights)
        prepared: dict[str, Any] = {"mean": OPENAI_DATASET_MEAN, "std": OPENAI_DATASET_STD}
    else:
        prepared = record["preprocess_cfg"]
        size = prepared.get("size", record["model_cfg"]["vision_cfg"].get("image_size", 224))
        size = max(size) if isinstance(size, list) else size
    fit = prepared.get("resize_mode", "shortest")
    if fit not in ("shortest", "squash"):
        raise WeightsError(
            f"{_record_path(weights)}: resize_mode '{fit}' is none of shortest, squash"
        )
    return {
        "image_size": size,
        "short_side": size,
        "fit": "crop" if fit == "shortest" else "squash",
        "interpolation": prepared.get("interpolation", "bicubic"),
        "mean": list(prepared["mean"]),
        "std": list(prepared["std"]),
    }


@lru_cache(maxsize=4)
def _openai_size(weights: Weights) -> int:
    """Side of the pictures that an archive of OpenAI's takes; it says so itself.

    Raises:
        WeightsError: it does not, so it is none of OpenAI's.
    """
    tensors = read_all(weights)
    if "input_resolution" not in tensors:
        raise WeightsError(
            f"{weights.source}: is a TorchScript archive without input_resolution, so none of "
            f"OpenAI's; put its {RECORD} into {weights.files[0].path.parent}"
        )
    return int(tensors["input_resolution"])
