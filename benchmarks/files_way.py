"""Features the way that feature repositories make them, beside `avel extract`, in the same run.

    python -m benchmarks.files_way [--films 1000] [--encoders tiny everyday audioclip]
        [--weights ../shared/weights] [--threads 2] [--films-folder FOLDER]

Their way: for each video the ffmpeg program writes one picture a second as JPEG and the sound as
WAV, the pictures and the sound are read back, that video alone goes through the plain eager
networks, and a `.npy` is saved; one process, the encoder loaded once. A video without sound is heard
as silence, one without pictures is seen as black. Ours: one `avel extract` of the same films into an
empty cache. Theirs is measured from when the encoder is loaded, ours from the start of its process,
imports and all; in wall seconds, and in CPU seconds of all processes, to the last decoder. "Less its
start" is ours without what a run of one film costs. Each row is printed as it comes; what is left to
do is told on stderr. How near the features of both are is printed: the losses of JPEG, and which
picture of a second is taken, are in it.

Films are synthetic and drawn first, 8 a second on 2 cores. `--films-folder` keeps them, so that the next run
draws none; all else that is written is removed as it is done with, at most 4 MB a film at a time.

`tiny` is audioclip-tiny, `everyday` efficientnet-lite0+mn04 (mn04 of --weights, or random), `audioclip`
the full shape with random weights, of at most 50 films.
"""

import argparse
import contextlib
import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import timm
import torch
from numpy.typing import NDArray
from open_clip.modified_resnet import ModifiedResNet
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor
from torch.nn import functional

from avel.cache.fingerprint import ContentKeys
from avel.cache.maintenance import stores
from avel.extractors import Choice, PairChoice, choose
from avel.extractors.audioclip.declarations import IMAGE_MEAN, IMAGE_STD
from avel.extractors.audioclip.image import HEAD_WIDTH
from avel.extractors.audioclip.joint import TINY, AudioCLIP, AudioCLIPConfig
from avel.extractors.weights.tensors import read_all
from avel.pipeline.synth.dataset import write_synth
from avel.pipeline.synth.script import SynthConfig
from benchmarks.encode import EagerAudioHead
from benchmarks.everyday import PlainMN
from benchmarks.watch import below
from tests.extractors.made import mn_file

SHARED = Path(__file__).resolve().parents[2] / "shared" / "weights"
ENCODERS = {
    "tiny": "audioclip-tiny",
    "everyday": "efficientnet-lite0+mn04",
    "audioclip": "audioclip",
}
MOST_LARGE = 50
"""Films of the full-size AudioCLIP."""
SIDE = 224
COST = "cost.json"
"""What the peer says of itself."""
NO_STREAM = "does not contain any stream"
"""What ffmpeg says of a video without pictures, or without sound."""
ADOPT = 36
"""Of Linux's prctl: what a process leaves behind becomes ours, and so is counted."""
TELL_AFTER = 20
"""Films after which the peer tells how long it will take, and again and again."""
Array = NDArray[np.float32]


class Plain(NamedTuple):
    """A repository's encoder: eager networks as they are written down, nothing folded or fused."""

    sight: Callable[[Tensor], tuple[Tensor, Tensor]]
    """Normalised pictures (N, 3, 224, 224) to vectors (N, D) and maps (N, C, h, w)."""
    sound: Callable[[Tensor], Tensor]
    """Sound (N, S) on the int16 scale to vectors (N, D)."""
    mean: Sequence[float]
    std: Sequence[float]
    rate: int


class Cost(NamedTuple):
    """Seconds of a way."""

    wall: float
    cpu: float


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--films", type=int, default=1000)
    parser.add_argument("--encoders", nargs="+", choices=ENCODERS, default=list(ENCODERS))
    parser.add_argument("--weights", type=Path, default=SHARED, help="folder of mn04's file")
    parser.add_argument("--threads", type=int, help="of torch, on either side [one a core]")
    parser.add_argument("--films-folder", type=Path, help="where films are kept [drawn anew]")
    parser.add_argument("--peer", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if args.peer:
            name, films, out = args.peer
            peer(plain(name, weights_of(name, args.weights, Path(out))), Path(films), Path(out))
        else:
            report(args, Path(folder))


def report(args: argparse.Namespace, scratch: Path) -> None:
    ctypes.CDLL(None).prctl(ADOPT, 1, 0, 0, 0)
    cores = len(os.sched_getaffinity(0))
    films = drawn(args.films_folder or scratch / "data", args.films, cores)
    load = os.getloadavg()[0]
    print(f"{len(films)} films of 10 s, {cores} cores, load {load:.1f} before the run\n")
    print("| encoder | films | way | wall (s) | CPU (s) | films/s | times (wall) | times (CPU) |")
    print("|---" * 8 + "|", flush=True)
    near = []
    for name in args.encoders:
        some = films[:MOST_LARGE] if name == "audioclip" else films
        near.append(measured(name, some, args.weights, scratch / name, args.threads or cores))
        shutil.rmtree(scratch / name)
    print("\nmedian cosine of a cell's features with the other way's: " + "; ".join(near))


def drawn(folder: Path, count: int, cores: int) -> list[Path]:
    """So many films; those that are there already are taken as they are."""
    began, told = time.monotonic(), 0.0
    config = SynthConfig(num_videos=max(84, 12 * count), noisy_share=0)
    for done in write_synth(folder, config, cores, only_test=count):
        if time.monotonic() > told + 10:
            told = time.monotonic()
            print(f"{done} of {count} films drawn, {told - began:.0f} s", file=sys.stderr)
    return sorted((folder / "AVE").glob("*.mp4"))[:count]


def measured(name: str, films: list[Path], weights: Path, scratch: Path, threads: int) -> str:
    """Both ways in turn, each a process of its own; how near their features are."""
    (scratch / "out").mkdir(parents=True)
    files = weights_of(name, weights, scratch / "out")
    listing = scratch / "films.txt"
    listing.write_text("".join(f"{film}\n" for film in films))
    peer_words = ["benchmarks.files_way", "--weights", str(weights)]
    peer_words += ["--peer", name, str(listing), str(scratch / "out")]
    run(peer_words, threads)
    theirs = Cost(**json.loads((scratch / "out" / COST).read_text()))
    row(name, len(films), "files", theirs, theirs)
    words = ["--extractor", ENCODERS[name], "--no-segments", "--device", "cpu"]
    words += [word for file in files for word in ("--weights", str(file))]
    avel = ["avel.pipeline", "extract", *words, "--cache-dir"]
    start = run([*avel, str(scratch / "first"), str(films[0])], threads)
    ours = run([*avel, str(scratch / "cache"), str(listing)], threads)
    row(name, len(films), "avel extract", ours, theirs)
    if ours.wall > start.wall and ours.cpu > start.cpu:  # not where one film was as slow as all
        share = len(films) / (len(films) - 1)  # what a thousand films do not feel
        going = Cost(*(share * (whole - one) for whole, one in zip(ours, start, strict=True)))
        row(name, len(films), "less its start", going, theirs)
    return f"{ENCODERS[name]}: {compared(films, scratch)}"


def row(name: str, films: int, way: str, cost: Cost, theirs: Cost) -> None:
    print(
        f"| {ENCODERS[name]} | {films} | {way} | {cost.wall:.1f} | {cost.cpu:.1f} "
        f"| {films / cost.wall:.2f} | {theirs.wall / cost.wall:.2f} | {theirs.cpu / cost.cpu:.2f} |",
        flush=True,
    )


def run(words: list[str], threads: int) -> Cost:
    """A module as a process, from its start to its end; with what it left behind."""
    env = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    began, before, others = time.monotonic(), spent(), set(below(os.getpid()))
    subprocess.run([sys.executable, "-m", *words], env=env, check=True, stdout=sys.stderr)
    wall = time.monotonic() - began
    for pid in set(below(os.getpid())) - others:  # its decoders, which nobody else waited for
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    return Cost(wall, spent() - before)


def spent() -> float:
    """CPU seconds of the processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def peer(encoder: Plain, listing: Path, out: Path) -> None:
    """The script that repositories publish: a film at a time, through files."""
    films = [Path(line) for line in listing.read_text().splitlines()]
    began, before = time.monotonic(), time.process_time()
    for done, film in enumerate(films):
        if done and done % TELL_AFTER == 0:
            left = (time.monotonic() - began) / done * (len(films) - done)
            print(f"files: {done} of {len(films)}, {left / 60:.1f} min left", file=sys.stderr)
        pictures, sound = files_of(film, out / film.stem, encoder.rate)
        mean, std = (torch.tensor(v).view(3, 1, 1) for v in (encoder.mean, encoder.std))
        with torch.no_grad():
            images = torch.stack([torch.from_numpy(p).permute(2, 0, 1) for p in pictures])
            vectors, maps = encoder.sight((images.float() / 255 - mean) / std)
            heard = encoder.sound(torch.from_numpy(sound).float())
        np.save(out / f"{film.stem}_visual.npy", vectors.numpy())
        np.save(out / f"{film.stem}_map.npy", maps.flatten(2).transpose(1, 2).half().numpy())
        np.save(out / f"{film.stem}_audio.npy", heard.numpy())
    cost = Cost(time.monotonic() - began, time.process_time() - before + spent())
    (out / COST).write_text(json.dumps(cost._asdict()))


def files_of(
    film: Path, folder: Path, rate: int
) -> tuple[list[NDArray[np.uint8]], NDArray[np.int16]]:
    """Pictures (224, 224, 3), one a second, and sound (T, rate), by way of JPEG and WAV.

    What a video lacks is zeros, as long as the other.
    """
    folder.mkdir()
    wav = folder / "sound.wav"
    ffmpeg(film, "-an", "-vf", "fps=1", "-q:v", "2", folder / "%04d.jpg")
    ffmpeg(film, "-vn", "-ac", "1", "-ar", rate, wav)
    pictures = []
    for path in sorted(folder.glob("*.jpg")):
        with Image.open(path) as picture:
            pictures.append(cropped(picture.convert("RGB")))
    samples = np.zeros(0, np.int16)
    if wav.exists():
        with wave.open(str(wav)) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    shutil.rmtree(folder)
    seconds = len(pictures) or max(1, len(samples) // rate)
    pictures = pictures or [np.zeros((SIDE, SIDE, 3), np.uint8)] * seconds
    whole = np.zeros(seconds * rate, np.int16)
    whole[: len(samples)] = samples[: len(whole)]
    return pictures, whole.reshape(seconds, rate)


def ffmpeg(film: Path, *words: object) -> None:
    """One run of the program; a stream that is not there is not written."""
    command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-i", str(film), *map(str, words)]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    if done.returncode and NO_STREAM not in done.stderr:
        raise RuntimeError(f"{film}: ffmpeg says: {done.stderr}")


def cropped(picture: Image.Image) -> NDArray[np.uint8]:
    """The middle of a picture whose short side is 224."""
    scale = SIDE / min(picture.size)
    w, h = (round(side * scale) for side in picture.size)
    left, top = (w - SIDE) // 2, (h - SIDE) // 2
    small = picture.resize((w, h), Image.Resampling.BICUBIC)
    return np.array(small.crop((left, top, left + SIDE, top + SIDE)))


def weights_of(name: str, weights: Path, scratch: Path) -> list[Path]:
    """Files of an encoder: shipped, given, or random and made once."""
    if name == "everyday":
        given = weights / "mn04_as_mAP_432.pt"
        return [given if given.exists() else mn_file(scratch)]
    if name == "tiny":
        return []
    path = scratch / "audioclip.safetensors"
    if not path.exists():
        torch.manual_seed(0)
        state = AudioCLIP().state_dict()
        save_file({key: value.contiguous() for key, value in state.items()}, path)
    return [path]


def plain(name: str, files: list[Path]) -> Plain:
    """The same weights in the networks as their authors write them."""
    chosen = choose(ENCODERS[name], files)
    if isinstance(chosen, PairChoice):
        return _everyday(chosen)
    return _audioclip(chosen, TINY if name == "tiny" else AudioCLIPConfig())


def _everyday(chosen: PairChoice) -> Plain:
    lite, mn = timm.create_model("tf_efficientnet_lite0").eval(), PlainMN(0.4).eval()
    state = chosen.sight.kind.network_class().tensors(chosen.sight.weights)
    lite.load_state_dict(dict(zip(lite.state_dict(), state.values(), strict=True)))
    mn.load_state_dict(read_all(chosen.sound.weights))

    def sight(images: Tensor) -> tuple[Tensor, Tensor]:
        maps = lite.forward_features(images)
        return maps.mean((2, 3)), maps

    def sound(samples: Tensor) -> Tensor:
        return mn(mn.log_mel(samples / 32768))  # type: ignore[no-any-return]

    return Plain(sight, sound, (127 / 255,) * 3, (128 / 255,) * 3, 32_000)


def _audioclip(chosen: Choice, config: AudioCLIPConfig) -> Plain:
    """open_clip's picture tower, and the published audio head."""
    state = chosen.kind.network_class().tensors(chosen.weights)
    width, heads = config.image_width, config.image_width * 32 // HEAD_WIDTH
    tower = ModifiedResNet(list(config.image_layers), config.embed_dim, heads, SIDE, width)
    head = EagerAudioHead(config.audio)
    for network, prefix in ((tower, "visual."), (head, "audio.")):
        own = {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
        network.load_state_dict({key: value.float() for key, value in own.items()})
        network.eval()

    def sight(images: Tensor) -> tuple[Tensor, Tensor]:
        x = tower.stem(images)
        for number in range(1, 5):
            x = getattr(tower, f"layer{number}")(x)
        return tower.attnpool(x), x

    return Plain(sight, head, IMAGE_MEAN, IMAGE_STD, 44_100)


def compared(films: list[Path], scratch: Path) -> str:
    """How near the features are: the median cosine of each array, over all cells that have it."""
    [store] = [found for found in stores(scratch / "cache") if found.stage == "features"]
    cosines: dict[str, list[float]] = {"visual": [], "audio": []}
    keys = ContentKeys(scratch / "cache")
    for film in films:
        arrays = store.get(keys.key(film))
        assert arrays is not None, f"{film}: avel extract made no features"
        for name, found in cosines.items():
            a = torch.from_numpy(np.load(scratch / "out" / f"{film.stem}_{name}.npy")).double()
            b = torch.from_numpy(np.array(arrays[name])).double()
            there = torch.from_numpy(np.array(arrays[f"{name}_mask"]))
            count = min(len(a), len(b))
            near = functional.cosine_similarity(a[:count], b[:count])
            found += near[there[:count]].tolist()
    return ", ".join(f"{name} {np.median(found):.4f}" for name, found in cosines.items())


if __name__ == "__main__":
    main()
