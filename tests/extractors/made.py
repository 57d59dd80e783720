"""Weight files in the published shapes, made on the spot, and cells to embed."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torchvision.models.vgg import cfgs, make_layers

from avel.extractors import EXTRACTORS, Choice, PairChoice
from avel.extractors.audioclip.joint import TINY, AudioCLIP
from avel.extractors.sound.mn import MN, MNExtractor
from avel.extractors.sound.vggish import VGGish
from avel.extractors.sound.yamnet import YAMNet
from avel.extractors.sound.yamnet_files import exact_front
from avel.extractors.vision.efficientnet_lite0 import EfficientNetLite0
from avel.extractors.vision.openclip import NO_TEXT
from avel.extractors.weights.files import find_file
from tests import fill

TINY_FILE = find_file("audioclip-tiny.safetensors").path
SCALES = ("logit_scale_ai", "logit_scale_at")
VIT: dict[str, Any] = {
    "layers": 2,
    "width": 64,
    "head_width": 16,
    "patch_size": 32,
    "image_size": 96,
}
RESNET: dict[str, Any] = {"layers": [1, 1, 1, 1], "width": 16, "image_size": 64}
TIMM: dict[str, Any] = {
    "timm_model_name": "resnet10t",
    "timm_pool": "avg",
    "timm_proj": "",
    "image_size": 64,
}
MEAN, STD = [0.4, 0.5, 0.6], [0.2, 0.3, 0.25]
"""Of the open_clip folders; no tower's own."""


def openclip_folder(folder: Path, vision: dict[str, Any]) -> Path:
    folder.mkdir()
    config = {"embed_dim": 512 if "timm_model_name" in vision else 24, "vision_cfg": vision}
    model = open_clip.CLIP(config["embed_dim"], vision, NO_TEXT)
    save_file(dict(model.state_dict()), folder / "open_clip_model.safetensors")
    prepared = {"mean": MEAN, "std": STD, "resize_mode": "squash", "interpolation": "bilinear"}
    record = {"model_cfg": config, "preprocess_cfg": prepared}
    (folder / "open_clip_config.json").write_text(json.dumps(record))
    return folder


def vgg19_file(folder: Path) -> Path:
    features = make_layers(cfgs["E"])
    for layer in features:
        if isinstance(layer, torch.nn.Conv2d):  # or nothing of a picture would reach the end
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    state = {f"features.{k}": v for k, v in features.state_dict().items()}
    torch.save({**state, "classifier.6.bias": torch.zeros(1000)}, folder / "vgg19.pth")
    return folder / "vgg19.pth"


def vggish_file(folder: Path) -> Path:
    torch.save(VGGish().state_dict(), folder / "vggish.pt")
    return folder / "vggish.pt"


def state_of(network: torch.nn.Module) -> dict[str, Tensor]:
    """Its tensors, random, such that pictures and sounds still differ at the end."""
    state = fill.weights(network.state_dict(), 0)
    for name, value in state.items():
        if value.dim() == 4:
            state[name] = value * 2**0.5  # what ReLU takes away
    return state


def mn_file(folder: Path, name: str = "mn04") -> Path:
    """Random numbers in the shape of one of EfficientAT's files, which differ by width."""
    network = EXTRACTORS[name].network_class()
    assert issubclass(network, MNExtractor)
    torch.save(state_of(MN(network.width)), folder / f"{name}.pt")
    return folder / f"{name}.pt"


def yamnet_file(folder: Path) -> Path:
    save_file({**state_of(YAMNet()), **exact_front()}, folder / "yamnet.safetensors")
    return folder / "yamnet.safetensors"


def lite0_file(folder: Path) -> Path:
    """Random numbers: what an installed package holds is not needed."""
    torch.save(state_of(EfficientNetLite0()), folder / "lite0.pth")
    return folder / "lite0.pth"


def heads() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The tiny AudioCLIP's two files: CLIP's part, and the audio head without its prefix."""
    tensors = load_file(TINY_FILE)
    audio = {k.removeprefix("audio."): v for k, v in tensors.items() if k.startswith("audio.")}
    clip = {k: v for k, v in tensors.items() if not k.startswith("audio.") and k not in SCALES}
    return clip, audio


def head_files(folder: Path) -> tuple[Path, Path]:
    """`CLIP.pt` and `ESRNXFBSP.pt` of the tiny shape."""
    clip, audio = heads()
    torch.save(clip, folder / "CLIP.pt")
    torch.save(audio, folder / "ESRNXFBSP.pt")
    return folder / "CLIP.pt", folder / "ESRNXFBSP.pt"


class _Archive(torch.nn.Module):
    """As OpenAI packs it: half precision, settings as scalars, in TorchScript."""

    def __init__(self, clip: AudioCLIP, settings: dict[str, int]) -> None:
        super().__init__()
        for name, child in clip.named_children():
            if name != "audio":
                self.add_module(name, child)
        for name in ("positional_embedding", "text_projection", "logit_scale"):
            self.register_parameter(name, getattr(clip, name))
        for name, value in settings.items():
            self.register_buffer(name, torch.tensor(value))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.logit_scale


OPENAI_SETTINGS = {"input_resolution": 224, "context_length": 77, "vocab_size": 49408}


def torchscript(
    path: Path, clip: AudioCLIP | None = None, settings: dict[str, int] | None = None
) -> dict[str, Tensor]:
    """Write such an archive, of the tiny weights if no other; its state."""
    if clip is None:
        clip = AudioCLIP(TINY)
        clip.load_state_dict(load_file(TINY_FILE))
    archive = _Archive(clip.half(), OPENAI_SETTINGS if settings is None else settings)
    packed = torch.jit.trace(archive, torch.zeros(1))
    packed.save(path)
    return dict(packed.state_dict())


def cells(count: int, size: int = 224, rate: int = 44_100) -> tuple[Tensor, Tensor]:
    """Noise to see (N, 1, 3, size, size) and to hear (N, rate)."""
    g = torch.Generator().manual_seed(count)
    frames = torch.randint(0, 256, (count, 1, 3, size, size), generator=g, dtype=torch.uint8)
    return frames, torch.randint(-9000, 9000, (count, rate), generator=g, dtype=torch.int16)


def chirp() -> np.ndarray:
    """A second of rising tone in [-1, 1] at 16 kHz."""
    t = np.arange(16_000) / 16_000
    return (0.3 * np.sin(2 * np.pi * (200 + 3000 * t) * t)).astype(np.float32)


def parts(choice: Choice | PairChoice) -> list[Choice]:
    return [choice] if isinstance(choice, Choice) else [choice.sight, choice.sound]


def disturb(model: nn.Module) -> None:
    """Norms that do something, and so blocks that are not the identity."""
    g = torch.Generator().manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_var is not None
            assert module.running_mean is not None
            for tensor in (module.weight, module.running_var):
                tensor.data = torch.rand(tensor.shape, generator=g) + 0.5
            for tensor in (module.bias, module.running_mean):
                tensor.data = torch.randn(tensor.shape, generator=g) / 4
