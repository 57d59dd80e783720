"""What a folder of open_clip's weights says of itself: the tower, and how pictures are prepared."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from avel.extractors.weights.files import Weights, WeightsError

RECORD = "open_clip_config.json"
VOCABULARIES = ("tokenizer.json", "spiece.model", "tokenizer.model", "vocab.txt")
"""What a tokenizer of a model hub is kept in, any of them, beside `tokenizer_config.json`."""
OPENAI_MEAN = (0.48145466, 0.4578275, 0.40821073)
OPENAI_STD = (0.26862954, 0.26130258, 0.27577711)
"""Of OpenAI's archives, which all share one pre-processing."""
FITS = {"shortest": "crop", "squash": "squash", "longest": "pad"}
"""What the segments stage calls the record's resize modes."""


def record_path(weights: Weights) -> Path:
    """Where the record of a weight file lies: beside it."""
    return weights.files[0].path.parent / RECORD


def read_record(weights: Weights) -> dict[str, Any]:
    """The folder's record, `model_cfg` and `preprocess_cfg`; empty for OpenAI's archives.

    Raises:
        WeightsError: it is no such record.
    """
    path = record_path(weights)
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


@dataclass(frozen=True)
class Preprocessing:
    """How pictures are prepared for a tower."""

    image_size: int
    """Side of the square that it sees, in pixels."""
    fit: str
    """`crop`, `squash` or `pad`, to the square."""
    interpolation: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    """Of RGB in [0, 1]."""

    @property
    def cells(self) -> dict[str, Any]:
        """Settings of the segments stage, by name; sizes in pixels."""
        size = self.image_size
        return {
            "image_size": size,
            "short_side": size,
            "fit": self.fit,
            "interpolation": self.interpolation,
        }

    @property
    def recipe(self) -> dict[str, Any]:
        """All of it, as plain values for the fingerprint; sizes in pixels, RGB in [0, 1]."""
        return {**self.cells, "mean": list(self.mean), "std": list(self.std)}


def read_preprocessing(weights: Weights) -> Preprocessing:
    """The pre-processing, sizes in pixels, that the record says, or that of OpenAI's archives.

    Raises:
        WeightsError: the record asks for what the segments stage cannot do.
    """
    record = read_record(weights)
    if not record:
        return Preprocessing(_openai_size(weights), "crop", "bicubic", OPENAI_MEAN, OPENAI_STD)
    prepared = record["preprocess_cfg"]
    size = prepared.get("size", record["model_cfg"]["vision_cfg"].get("image_size", 224))
    mode = prepared.get("resize_mode", "shortest")
    if mode not in FITS:
        raise WeightsError(
            f"{record_path(weights)}: resize_mode '{mode}' is none of {', '.join(FITS)}"
        )
    if FITS[mode] == "pad" and prepared.get("fill_color", 0) != 0:
        raise WeightsError(
            f"{record_path(weights)}: fill_color {prepared['fill_color']} is not 0; pictures are "
            "put between black bars"
        )
    return Preprocessing(
        max(size) if isinstance(size, list) else size,
        FITS[mode],
        prepared.get("interpolation", "bicubic"),
        tuple(prepared["mean"]),
        tuple(prepared["std"]),
    )


@lru_cache(maxsize=4)
def _openai_size(weights: Weights) -> int:
    """Side in pixels of the pictures that an archive of OpenAI's takes; it says so itself.

    Raises:
        WeightsError: it does not, so it is none of OpenAI's.
    """
    from avel.extractors.weights.tensors import read_all  # slow: loads torch, for archives alone

    tensors = read_all(weights)
    if "input_resolution" not in tensors:
        raise WeightsError(
            f"{weights.source}: is a TorchScript archive without input_resolution, so none of "
            f"OpenAI's; put its {RECORD} into {weights.files[0].path.parent}"
        )
    return int(tensors["input_resolution"])
