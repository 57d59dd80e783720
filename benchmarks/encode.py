"""AudioCLIP's heads: ours beside open_clip eager (image) and the published audio head, eager.

    python -m benchmarks.encode [--compile] [--everyday]

Weights are as initialised, in the published shapes: speed does not depend on them. Both sides get the
same uint8 pictures and int16 samples, normalise them, and give embeddings in float32. Rounds take
turns; each figure is the least of several. The cosine is the lowest of any cell, with the eager
float32 embedding of the same cell; what 16 bits do to trained weights is shown with the shipped tiny
ones. `--everyday` measures the everyday encoders instead (benchmarks/everyday.py). Cells are those of ../shared/media, or noise where it is missing.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from math import pi
from pathlib import Path

import open_clip
import torch
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from avel.extractors import choose
from avel.extractors.audioclip.audio import NUM_BANDS, SILENCE_POWER, AudioHead
from avel.extractors.audioclip.declarations import IMAGE_MEAN, IMAGE_STD
from avel.extractors.audioclip.extractor import AudioCLIPExtractor
from avel.extractors.audioclip.joint import AudioCLIP
from avel.extractors.extractor import PRECISIONS, check_precision
from avel.pipeline.media.cells import SegmentConfig
from avel.pipeline.media.segment import segment_whole
from benchmarks import everyday

SHARED = Path(__file__).resolve().parents[2] / "shared" / "media"
FILES = (
    "applausing.mp4",
    "boat.mp4",
    "dog_barking.mp4",
    "nasa_13013.mp4",
    "car_horn_1-24074-A-43.wav",
    "cat_3-95694-A-5.wav",
    "thunder_3-144891-B-19.wav",
)


class EagerAudioHead(AudioHead):
    """The audio head as published: complex filters made on every call, one complex product."""

    def spectrogram(self, samples: Tensor) -> Tensor:
        side = (self.config.fft_samples - self.config.window_samples) // 2
        frames = functional.pad(self._frames(samples) * self.window, (side, side))
        filters = self.filters()
        spectrum = torch.matmul(frames.to(filters.dtype), filters.T)
        power = (spectrum.real**2 + spectrum.imag**2).transpose(1, 2)
        power = torch.where(power == 0, torch.full_like(power, SILENCE_POWER), power)
        bins = power.shape[1] // NUM_BANDS
        power = power[:, : NUM_BANDS * bins].reshape(len(power), NUM_BANDS, bins, -1)
        return 10 * torch.log10(power)

    def filters(self) -> Tensor:
        m, fb, fc = (p[:, None] for p in (self.fbsp.m, self.fbsp.fb, self.fbsp.fc))
        t = pi * torch.linspace(-1, 1, self.config.fft_samples, device=m.device)[None] + 1e-8
        u = fb * t / (m + 1e-8)
        s = torch.where(u == 0, torch.ones_like(u), torch.sin(u) / u)
        window = (s.abs() + 1e-30).pow(m) * torch.exp(1j * m * torch.where(s < 0, pi, 0.0))
        return torch.sqrt(fb) * window * torch.exp(-1j * fc * t) / self.config.fft_samples**0.5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--compile", action="store_true", help="also with torch.compile")
    parser.add_argument("--everyday", action="store_true", help="EfficientNet-Lite0, mn04, YAMNet")
    args = parser.parse_args()
    if args.everyday:
        everyday.report(everyday.SHARED / "weights", args.rounds)
        return
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    what = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} cores"
    frames, samples = cells()
    print(f"{what}, batches of {args.batch} cells; cosines over {len(frames)} and {len(samples)}\n")
    torch.manual_seed(0)
    state = AudioCLIP().state_dict()
    image, audio = eager_image(state, device), eager_audio(state, device)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.safetensors"
        save_file({name: value.contiguous() for name, value in state.items()}, path)
        ours = extractors(path, device, args.compile)
    sight = {name: picture_head(e) for name, e in ours.items()}
    sound = {name: sound_head(e) for name, e in ours.items()}
    compare("image, open_clip eager", image, sight, frames, args.batch, args.rounds)
    compare("audio, published head eager", audio, sound, samples, args.batch, args.rounds)
    trained(frames, samples, device)


def cells() -> tuple[Tensor, Tensor]:
    """Pictures (N, 3, 224, 224) uint8 and seconds of sound (N, 44100) int16."""
    if not SHARED.is_dir():
        frames = torch.randint(0, 256, (32, 3, 224, 224), dtype=torch.uint8)
        return frames, torch.randint(-9000, 9000, (32, 44_100), dtype=torch.int16)
    parts = [segment_whole(SHARED / name, SegmentConfig()) for name in FILES]
    frames = [torch.from_numpy(p.frames[p.visual_mask][:, 0]) for p in parts]
    samples = [torch.from_numpy(p.samples[p.audio_mask]) for p in parts]
    return torch.cat(frames), torch.cat(samples)


def eager_image(state: dict[str, Tensor], device: str) -> Callable[[Tensor], Tensor]:
    model = open_clip.create_model("RN50-quickgelu", pretrained=None).visual
    model.load_state_dict(
        {k.removeprefix("visual."): v for k, v in state.items() if k.startswith("visual.")}
    )
    model.eval().to(device)
    mean, std = (torch.tensor(v, device=device).view(3, 1, 1) for v in (IMAGE_MEAN, IMAGE_STD))

    @torch.inference_mode()
    def embed(frames: Tensor) -> Tensor:
        return model((frames.to(device).float() / 255 - mean) / std).cpu()

    return embed


def eager_audio(state: dict[str, Tensor], device: str) -> Callable[[Tensor], Tensor]:
    head = EagerAudioHead()
    head.load_state_dict(
        {k.removeprefix("audio."): v for k, v in state.items() if k.startswith("audio.")}
    )
    head.eval().to(device)

    @torch.inference_mode()
    def embed(samples: Tensor) -> Tensor:
        return head(samples.to(device).float()).cpu()

    return embed


def extractors(path: Path, device: str, compiled: bool) -> dict[str, AudioCLIPExtractor]:
    made = {}
    for precision in PRECISIONS:
        try:
            check_precision(precision, torch.device(device))
        except ValueError as err:
            print(f"{precision} left out: {err}\n")
            continue
        for compile_it in (False, True)[: 1 + compiled]:
            options = {"precision": precision, "compile": compile_it}
            name = f"avel {precision}{', compiled' if compile_it else ''}"
            made[name] = choose("audioclip", [path], options).load(device)
    return made


def picture_head(extractor: AudioCLIPExtractor) -> Callable[[Tensor], Tensor]:
    return lambda frames: extractor.embed_sight(frames[:, None])["visual"]


def sound_head(extractor: AudioCLIPExtractor) -> Callable[[Tensor], Tensor]:
    return lambda samples: extractor.embed_sound(samples)["audio"]


def compare(
    title: str,
    eager: Callable[[Tensor], Tensor],
    ours: dict[str, Callable[[Tensor], Tensor]],
    inputs: Tensor,
    batch: int,
    rounds: int,
) -> None:
    heads = {title: eager, **ours}
    timed = inputs[torch.arange(batch) % len(inputs)]
    seconds = dict.fromkeys(heads, float("inf"))
    for head in heads.values():
        head(timed)
    for _ in range(rounds):
        for name, head in heads.items():
            started = time.perf_counter()
            head(timed)
            seconds[name] = min(seconds[name], time.perf_counter() - started)
    expected = torch.cat([eager(part) for part in inputs.split(batch)])
    print(f"| {title.split(',')[0]} | cells/s | times eager | lowest cosine |\n|---|---|---|---|")
    for name, head in heads.items():
        found = torch.cat([head(part) for part in inputs.split(batch)])
        cosine = functional.cosine_similarity(found.double(), expected.double()).min()
        ratio = seconds[title] / seconds[name]
        print(f"| {name} | {batch / seconds[name]:.1f} | {ratio:.2f} | {cosine:.6f} |")
    print()


def trained(frames: Tensor, samples: Tensor, device: str) -> None:
    """Lowest cosine with float32 of the shipped tiny weights, which are trained."""
    exact = choose("audioclip-tiny").load(device)
    print("| trained weights (tiny) | image, lowest cosine | audio, lowest cosine |\n|---|---|---|")
    for precision in list(PRECISIONS)[1:]:
        try:
            fast = choose("audioclip-tiny", options={"precision": precision}).load(device)
        except ValueError:
            continue
        seen, heard = (
            functional.cosine_similarity(head(exact)(cells), head(fast)(cells)).min()
            for head, cells in ((picture_head, frames), (sound_head, samples))
        )
        print(f"| {precision} | {seen:.6f} | {heard:.6f} |")
    print()


if __name__ == "__main__":
    main()
