"""Weights of every extractor, made once and shared; the tiny AudioCLIP, loaded once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from avel.extractors import Choice, PairChoice, choose
from avel.extractors.audioclip.extractor import TinyAudioCLIPExtractor
from tests.extractors.made import (
    RESNET,
    TIMM,
    VIT,
    lite0_file,
    mn_file,
    openclip_folder,
    vgg19_file,
    vggish_file,
    yamnet_file,
)
from tests.outside import outside

Chooser = Callable[[str], Choice | PairChoice]


@pytest.fixture(scope="session", autouse=True)
def _small_vggish() -> Iterator[None]:
    """VGGish's two hidden layers hold 93 % of its 72 million numbers and no idea."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("avel.extractors.sound.vggish.DENSE", 64)
        yield


@pytest.fixture(scope="session")
def chosen(tmp_path_factory: pytest.TempPathFactory) -> Chooser:
    """An extractor of the contract's list, its weights made on first use.

    An open_clip tower is named with its kind: `openclip-vit`, `openclip-resnet`, `openclip-timm`.
    """
    folder = tmp_path_factory.mktemp("weights")
    makers: dict[str, Callable[[], Path]] = {
        "openclip-vit": lambda: openclip_folder(folder / "vit", VIT),
        "openclip-resnet": lambda: openclip_folder(folder / "resnet", RESNET),
        "openclip-timm": lambda: openclip_folder(folder / "timm", TIMM),
        "vgg19": lambda: vgg19_file(folder),
        "vggish": lambda: vggish_file(folder),
        "efficientnet-lite0": lambda: lite0_file(folder),
        "mn04": lambda: mn_file(folder, "mn04"),
        "mn05": lambda: mn_file(folder, "mn05"),
        "mn10": lambda: mn_file(folder, "mn10"),
        "mn20": lambda: mn_file(folder, "mn20"),
        "yamnet": lambda: yamnet_file(folder),
    }
    files: dict[str, Path] = {}

    def weights(name: str) -> list[Path]:
        if name not in makers:
            return []
        if name not in files:
            torch.manual_seed(0)
            files[name] = makers[name]()
        return [files[name]]

    def choice(name: str) -> Choice | PairChoice:
        given = [path for part in name.split("+") for path in weights(part)]
        return choose("openclip" if name.startswith("openclip") else name, given)

    return choice


@pytest.fixture(scope="session")
def real_weights() -> Path:
    """Published weights beside the repository."""
    return outside(Path(__file__).resolve().parents[3] / "shared" / "weights")


@pytest.fixture(scope="session")
def tiny_choice() -> Choice:
    found = choose("audioclip-tiny")
    assert isinstance(found, Choice)
    return found


@pytest.fixture(scope="session")
def tiny(tiny_choice: Choice) -> TinyAudioCLIPExtractor:
    """Loaded once: to be read, not changed."""
    found = tiny_choice.load()
    assert isinstance(found, TinyAudioCLIPExtractor)
    return found
