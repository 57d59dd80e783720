"""open_clip's towers, from folders and OpenAI's archives, against open_clip itself."""

import json
from dataclasses import replace
from pathlib import Path

import open_clip
import pytest
import torch
from open_clip.constants import OPENAI_DATASET_MEAN, OPENAI_DATASET_STD
from safetensors.torch import load_file

from avel.extractors import Choice, choose
from avel.extractors.audioclip.joint import TINY, AudioCLIP
from avel.extractors.vision.openclip import NO_TEXT
from avel.extractors.weights.files import WeightsError
from tests.extractors.conftest import Chooser
from tests.extractors.made import MEAN, OPENAI_SETTINGS, STD, cells, torchscript


@pytest.mark.parametrize(
    ("kind", "size"), [("vit", 96), ("resnet", 64), ("timm", 64)], ids=["vit", "resnet", "timm"]
)
def test_the_tower_is_open_clips(chosen: Chooser, kind: str, size: int) -> None:
    choice = chosen(f"openclip-{kind}")
    assert isinstance(choice, Choice)
    assert choice.cells == {
        "image_size": size,
        "short_side": size,
        "fit": "squash",
        "interpolation": "bilinear",
    }
    folder = choice.weights.files[0].path.parent
    record = json.loads((folder / "open_clip_config.json").read_text())["model_cfg"]
    model = open_clip.CLIP(record["embed_dim"], record["vision_cfg"], NO_TEXT).eval()
    model.load_state_dict(load_file(folder / "open_clip_model.safetensors"), strict=False)
    frames = cells(2, size)[0]
    mean, std = torch.tensor(MEAN), torch.tensor(STD)
    images = (frames[:, 0].float() / 255 - mean.view(3, 1, 1)) / std.view(3, 1, 1)
    with torch.no_grad():
        expected = model.visual(images)
    found = choice.load().embed_sight(frames)["visual"]
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-3)


def test_an_archive_of_openais(tmp_path: Path) -> None:
    """The architecture from the tensors, the pre-processing CLIP's own."""
    # OpenAI's own text towers have heads of 64 channels; the tiny one's are narrower
    clip = AudioCLIP(replace(TINY, text_width=64, text_heads=1)).eval()
    torchscript(tmp_path / "RN50.pt", clip)
    choice = choose("openclip", [tmp_path / "RN50.pt"])
    assert choice.cells == {
        "image_size": 224,
        "short_side": 224,
        "fit": "crop",
        "interpolation": "bicubic",
    }
    assert choice.recipe["preprocessing"]["mean"] == list(OPENAI_DATASET_MEAN)
    assert choice.recipe["preprocessing"]["std"] == list(OPENAI_DATASET_STD)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (OPENAI_DATASET_MEAN, OPENAI_DATASET_STD))
    frames, sound = cells(2)
    with torch.no_grad():
        expected = clip.float().encode_image((frames[:, 0].float() / 255 - mean) / std)
    theirs = choice.load()(frames, sound)["visual"]
    assert torch.cosine_similarity(theirs, expected).min() > 0.99999


def test_an_archive_that_is_not_openais(tmp_path: Path) -> None:
    settings = {k: v for k, v in OPENAI_SETTINGS.items() if k != "input_resolution"}
    torchscript(tmp_path / "other.pt", settings=settings)
    choice = choose("openclip", [tmp_path / "other.pt"])
    with pytest.raises(
        WeightsError,
        match=r"is a TorchScript archive without input_resolution, .* put its open_clip_config\.js",
    ):
        _ = choice.cells


def test_weights_of_another_tower(chosen: Chooser, tmp_path: Path) -> None:
    """A record beside weights that are not its own."""
    vit, resnet = (parts_of(chosen, f"openclip-{kind}") for kind in ("vit", "resnet"))
    (tmp_path / "open_clip_config.json").write_text(
        (vit.parent / "open_clip_config.json").read_text()
    )
    (tmp_path / resnet.name).write_bytes(resnet.read_bytes())
    with pytest.raises(WeightsError, match=r"is not for this model; missing class_embedding"):
        choose("openclip", [tmp_path]).load()


def parts_of(chosen: Chooser, name: str) -> Path:
    choice = chosen(name)
    assert isinstance(choice, Choice)
    return choice.weights.files[0].path
