"""The everyday encoders beside the same networks as they are written down, on one thread.

    python -m benchmarks.everyday [--weights ../shared/weights] [--rounds 5]

Plain is eager torch: BatchNorm apart, NCHW, a spectrogram by `torch.stft`; sight is timm's own
network. Both sides get the same uint8 pictures or int16 samples in the same batches. Rounds take
turns; each figure is the least of several, in ms of processor time a picture or a window: a second of video has one
picture, and one window that is centred on it. The cosine is the lowest of any with the plain
network's vector; for bfloat16, which not every CPU has, the cosine alone. The clips are those of
../shared/real, or noise where they are missing.
"""

import argparse
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import timm
import torch
from torch import Tensor, nn
from torch.nn import functional

from avel.extractors import Choice, choose
from avel.extractors.convolve import SameConv2d
from avel.extractors.extractor import FrozenExtractor
from avel.extractors.sound.log_mel import FFT, HOP, LOG_OFFSET, LOG_SCALE, LOG_SHIFT, LogMel
from avel.extractors.sound.mn import MN, MNExtractor
from avel.extractors.sound.yamnet import HOP as HOP_OF_YAMNET
from avel.extractors.sound.yamnet import LAYERS, PATCH, YAMNet
from avel.extractors.sound.yamnet_files import BINS, WINDOW
from avel.extractors.sound.yamnet_files import FFT as FFT_OF_YAMNET
from avel.extractors.vision.efficientnet_lite0 import EfficientNetLite0Extractor
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole

SHARED = Path(__file__).resolve().parents[2] / "shared"
NUM_CLIPS, PICTURES = 6, 16
WINDOWS = {1: 16, 2: 16, 4: 8, 10: 4}
"""Seconds of a window, and windows at once."""
Head = Callable[[Tensor], Tensor]


class PlainLogMel(LogMel):
    """As published."""

    def forward(self, samples: Tensor) -> Tensor:
        kernel = samples.new_tensor([[[-0.97, 1.0]]])
        sharp = functional.conv1d(samples[:, None], kernel)[:, 0]
        spectrum = torch.view_as_real(
            torch.stft(sharp, FFT, HOP, FFT, self.window, return_complex=True)
        )
        bands = self.mel.T @ (spectrum**2).sum(-1)
        return ((torch.log(bands + LOG_OFFSET) + LOG_SHIFT) / LOG_SCALE)[:, None]


class PlainMN(MN):
    """The front end as published; the network is the same before its norms are folded."""

    def __init__(self, width: float) -> None:
        super().__init__(width)
        self.log_mel = PlainLogMel()


class PlainYAMNet(YAMNet):
    """The front end as the tflite's graph has it, and each layer by itself."""

    def log_mel(self, samples: Tensor) -> Tensor:
        frames = samples.unfold(1, WINDOW, HOP_OF_YAMNET) * torch.hann_window(WINDOW)
        side = (FFT_OF_YAMNET - WINDOW) // 2
        padded = functional.pad(frames, (side, side))
        window = torch.hann_window(WINDOW).clamp_min(1e-9)
        whole = functional.pad(self.transform / window[:, None], (0, 0, side, side))
        real, imaginary = padded @ whole[:, :BINS], padded @ whole[:, BINS:]
        return torch.log((real**2 + imaginary**2).sqrt() @ self.mel + 0.001)[:, None]

    def forward(self, log_mel: Tensor) -> Tensor:
        x = functional.relu(plain(self.layer1.conv, log_mel))
        for i in range(len(LAYERS)):
            layer = self.get_submodule(f"layer{i + 2}")
            x = functional.relu(plain(layer.depthwise_conv, x))
            x = functional.relu(plain(layer.pointwise_conv, x))
        return x.mean((2, 3))


def plain(conv: SameConv2d, x: Tensor) -> Tensor:
    k, s = conv.kernel_size[0], conv.stride[0]
    pads = [max((-(-size // s) - 1) * s + k - size, 0) for size in (x.shape[3], x.shape[2])]
    sides = [side for p in pads for side in (p // 2, p - p // 2)]
    return functional.conv2d(functional.pad(x, sides), conv.weight, conv.bias, s, 0, 1, conv.groups)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--weights", type=Path, default=SHARED / "weights")
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    report(args.weights, args.rounds)


def report(weights: Path, rounds: int) -> None:
    torch.set_num_threads(1)
    print("one thread; ms a picture or a window\n")
    print(
        "| encoder | plain | avel | times | lowest cosine | bfloat16 |\n|---|---|---|---|---|---|"
    )
    sight(rounds)
    for name, file in (("mn04", "mn04_as_mAP_432.pt"), ("yamnet", "yamnet.tflite")):
        sound(_loaded(name, weights / file), rounds)


def _loaded(name: str, *files: Path) -> FrozenExtractor:
    chosen = choose(name, files)
    assert isinstance(chosen, Choice)
    return chosen.load()


@torch.inference_mode()
def sight(rounds: int) -> None:
    ours = _loaded("efficientnet-lite0")
    assert isinstance(ours, EfficientNetLite0Extractor)
    theirs = timm.create_model("tf_efficientnet_lite0").eval()
    state = ours.tensors(ours.weights)
    theirs.load_state_dict(dict(zip(theirs.state_dict(), state.values(), strict=True)))

    def eager(frames: Tensor) -> Tensor:
        return theirs.forward_features((frames.float() - 127) / 128).mean((2, 3))

    frames = clips(16_000)[0]
    for count in (1, PICTURES):
        row(f"efficientnet-lite0, {count} at once", eager, seen(ours), frames[:count], rounds, ours)
    faces = choose("efficientnet-lite0", options={"faces": True}).load()
    seconds = least({"plain": seen(ours), "faces": seen(faces)}, frames[:PICTURES], rounds)
    print(
        f"| a face looked for | | {1e3 * (seconds['faces'] - seconds['plain']) / PICTURES:.1f} | | | |"
    )


def seen(extractor: FrozenExtractor) -> Head:
    return lambda frames: extractor.embed_sight(frames[:, None])["visual"]


@torch.inference_mode()
def sound(ours: FrozenExtractor, rounds: int) -> None:
    rate = ours.declaration.cut["sample_rate"]
    network = PlainMN(ours.width) if isinstance(ours, MNExtractor) else PlainYAMNet()
    network.load_state_dict(ours.tensors(ours.weights))
    network.eval()
    samples = clips(rate)[1]
    for length, count in WINDOWS.items():
        hop = max(1, (len(samples) - length * rate) // count)
        windows = samples.unfold(0, length * rate, hop)[:count]
        row(f"{ours.name}, {length} s", heard(network, rate), _hears(ours), windows, rounds, ours)


def heard(network: nn.Module, rate: int) -> Head:
    def eager(samples: Tensor) -> Tensor:
        wave = samples.float() / 32768
        if rate == 32_000:
            return network(network.log_mel(wave))
        patches = wave.reshape(-1, rate)[:, :PATCH]
        return network(network.log_mel(patches)).view(len(wave), -1, 1024).mean(1)

    return eager


def _hears(extractor: FrozenExtractor) -> Head:
    return lambda samples: extractor.embed_sound(samples)["audio"]


def row(
    title: str, eager: Head, ours: Head, inputs: Tensor, rounds: int, encoder: FrozenExtractor
) -> None:
    seconds = least({"eager": eager, "ours": ours}, inputs, rounds)
    expected = eager(inputs).double()
    cosine = functional.cosine_similarity(ours(inputs).double(), expected).min()
    with torch.autocast("cpu", torch.bfloat16):
        # the extractor's own setting would be refused where a CPU only emulates it
        narrow = half(encoder, inputs).double()
    mixed = functional.cosine_similarity(narrow, expected).min()
    each = {name: 1e3 * value / len(inputs) for name, value in seconds.items()}
    print(
        f"| {title} | {each['eager']:.2f} | {each['ours']:.2f} | {each['eager'] / each['ours']:.2f} "
        f"| {cosine:.6f} | {mixed:.4f} |",
        flush=True,
    )


def half(encoder: FrozenExtractor, inputs: Tensor) -> Tensor:
    if encoder.declaration.sees:
        return encoder.see(encoder.normalised(inputs))[1].float()
    return encoder.hear(inputs.float()).float()


def least(heads: dict[str, Head], inputs: Tensor, rounds: int) -> dict[str, float]:
    seconds = dict.fromkeys(heads, float("inf"))
    for head in heads.values():
        head(inputs)
    for _ in range(rounds):
        for name, head in heads.items():
            started = time.process_time()
            head(inputs)
            seconds[name] = min(seconds[name], time.process_time() - started)
    return seconds


def clips(rate: int) -> tuple[Tensor, Tensor]:
    """Pictures (N, 3, 224, 224) uint8 and sound (S,) int16, of several real clips."""
    folder = SHARED / "real"
    if not folder.is_dir():
        frames = torch.randint(0, 256, (PICTURES, 3, 224, 224), dtype=torch.uint8)
        return frames, torch.randint(-9000, 9000, (60 * rate,), dtype=torch.int16)
    config = SegmentConfig(image_size=224, short_side=224, fit="squash", sample_rate=rate)
    parts = [segment_whole(p, config) for p in islice(sorted(folder.glob("*.mp4")), NUM_CLIPS)]
    frames = torch.cat([torch.from_numpy(p.frames[p.visual_mask][:, 0]) for p in parts])
    samples = torch.cat([torch.from_numpy(p.samples[p.audio_mask]).flatten() for p in parts])
    return frames, samples


if __name__ == "__main__":
    main()
