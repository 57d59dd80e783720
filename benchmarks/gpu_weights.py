"""Every extractor with weights that need no download: random in the published shapes, or shipped."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors import EXTRACTORS, Choice, choose
from avel.extractors.audioclip.joint import AudioCLIP
from avel.extractors.extractor import FrozenExtractor, check_precision
from avel.extractors.options import Precision
from avel.extractors.sound.mn import MN, MNExtractor
from avel.extractors.weights.files import WeightsError
from tests.extractors import made

VIT_B_32 = {"layers": 12, "width": 768, "patch_size": 32, "image_size": 224}


def chosen(name: str, folder: Path) -> Choice:
    """An extractor of the table, in its full size.

    Args:
        name: Of the table; KeyError where nobody said here how to make its weights.
        folder: Where weights are made and kept.
    """
    folder.mkdir(exist_ok=True)
    torch.manual_seed(0)
    found = choose(name, MAKERS[name](folder))
    assert isinstance(found, Choice)
    return found


def _audioclip(folder: Path) -> list[Path]:
    path = folder / "audioclip.safetensors"
    if not path.exists():
        state = AudioCLIP().state_dict()
        save_file({name: value.contiguous() for name, value in state.items()}, path)
    return [path]


def _openclip(folder: Path) -> list[Path]:
    made_already = (folder / "vit").is_dir()
    return [folder / "vit" if made_already else made.openclip_folder(folder / "vit", VIT_B_32)]


def _lite0(folder: Path) -> list[Path]:
    """The package's own where it is installed."""
    try:
        choose("efficientnet-lite0")
    except WeightsError:
        return [made.lite0_file(folder)]
    return []


def _mn(name: str) -> Callable[[Path], list[Path]]:
    """Random, with norms that know their maps, as training leaves them: else errors only grow."""

    def make(folder: Path) -> list[Path]:
        path = folder / f"{name}.pt"
        if not path.exists():
            kind = EXTRACTORS[name].network_class()
            assert issubclass(kind, MNExtractor)
            network = MN(kind.width)
            for layer in network.modules():
                if isinstance(layer, nn.BatchNorm2d):
                    layer.momentum = None  # the mean of all that it saw
            with torch.no_grad():
                network.train()(network.log_mel(torch.rand(8, 32_000) * 2 - 1))
            torch.save(network.state_dict(), path)
        return [path]

    return make


MAKERS: dict[str, Callable[[Path], list[Path]]] = {
    "audioclip": _audioclip,
    "audioclip-tiny": lambda folder: [],
    "openclip": _openclip,
    "vgg19": lambda folder: [made.vgg19_file(folder)],
    "vggish": lambda folder: [made.vggish_file(folder)],
    "efficientnet-lite0": _lite0,
    **{name: _mn(name) for name in EXTRACTORS if name.startswith("mn")},
    "yamnet": lambda folder: [made.yamnet_file(folder)],
}


def with_precision(extractor: FrozenExtractor, precision: Precision) -> None:
    """The same loaded weights, run in another precision, which a CPU may emulate here.

    Raises:
        ExtractorError: the GPU has none.
    """
    if extractor.device.type != "cpu":
        check_precision(precision, extractor.device)
    extractor.options = replace(extractor.options, precision=precision)


def cells(choice: Choice, count: int) -> tuple[Tensor, Tensor]:
    """Pictures (N, 1, 3, H, W) uint8 and sound (N, S) int16, each cell unlike the others."""
    side = int(choice.cells.get("image_size", 224))
    rate = int(choice.cells.get("sample_rate", 44_100))
    frames, noise = made.cells(count, side, rate)
    g = torch.Generator().manual_seed(1)
    coarse = torch.rand(count, 3, 6, 6, generator=g) * 255
    smooth = functional.interpolate(coarse, (side, side), mode="bicubic").clamp(0, 255)
    pictures = 0.8 * smooth + 0.2 * frames[:, 0]
    t = torch.arange(rate) / rate
    pitch = 100 * 2 ** (5 * torch.rand(count, 1, generator=g))
    tones = 9000 * torch.sin(2 * torch.pi * pitch * t * (1 + t))
    return pictures[:, None].to(torch.uint8), (tones + 0.1 * noise).to(torch.int16)
