"""`avel doctor`: what is installed, found and usable, and what to do where it is not."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from avel.pipeline.commands import options

PACKAGES = [
    "avel",
    "torch",
    "torchvision",
    "torchaudio",
    "av",
    "h5py",
    "joblib",
    "librosa",
    "open_clip_torch",
    "lightning",
    "numpy",
]
DECODERS = ("h264", "hevc", "vp9", "libdav1d", "mpeg4", "aac", "mp3", "opus", "vorbis", "flac")


@dataclass(frozen=True)
class Check:
    """One line: `ok`, `missing` (something does not work) or `note` (an option is not there)."""

    name: str
    state: str
    found: str
    remedy: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print as JSON")
    parser.add_argument(
        "--audioclip",
        type=Path,
        metavar="SOUND",
        help="show what the amplitude convention does to a file",
    )
    options.add_weights(parser)
    options.add_cache_dir(parser)


def run(args: argparse.Namespace) -> int:
    if args.audioclip:
        return _amplitude(args.audioclip, args.weights)
    checks = [*_versions(), *_codecs(), *_device(), _mamba(), *_weights(), _cache(args.cache_dir)]
    if args.json:
        print(json.dumps([asdict(check) for check in checks], indent=2))
    else:
        for check in checks:
            print(f"{check.state:<8} {check.name:<18} {check.found}")
            if check.remedy:
                print(f"{'':<27} -> {check.remedy}")
    return 4 if any(check.state == "missing" for check in checks) else 0


def _amplitude(sound: Path, weights: Sequence[Path]) -> int:
    """AudioCLIP hears samples in [-32768, 32767]; show what samples in [-1, 1] would do to it."""
    import torch  # slow to import
    from torch.nn.functional import cosine_similarity

    from avel.extractors import choose
    from avel.extractors.audioclip.extractor import AudioCLIPExtractor
    from avel.pipeline.media.cells import SegmentConfig
    from avel.pipeline.media.segment import segment_whole

    name = "audioclip" if weights else "audioclip-tiny"
    extractor = choose(name, weights).load()
    assert isinstance(extractor, AudioCLIPExtractor)  # the two names are
    head = extractor.model.audio
    samples = torch.from_numpy(segment_whole(sound, SegmentConfig()).samples).float()
    with torch.inference_mode():
        levels = [head.spectrogram(x).mean((1, 2, 3)) for x in (samples, samples / 32768)]
        right, wrong = head(samples), head(samples / 32768)
        likeness = cosine_similarity(right, wrong)
    print(f"{sound}: {len(samples)} s, {name}; its convention is int16, [-32768, 32767]")
    print("second  level, int16 (dB)  level, [-1, 1] (dB)  cosine of the embeddings")
    for t, cosine in enumerate(likeness):
        print(f"{t:>6}  {levels[0][t]:>17.1f}  {levels[1][t]:>19.1f}  {cosine:>24.3f}")
    return 0


def _versions() -> list[Check]:
    checks = [Check("python", "ok", f"{platform.python_version()} ({sys.executable})")]
    for package in PACKAGES:
        try:
            checks.append(Check(package, "ok", version(package)))
        except PackageNotFoundError:
            checks.append(Check(package, "missing", "not installed", f"pip install {package}"))
    return checks


def _codecs() -> list[Check]:
    import av  # slow; the doctor asks the library what it can do, it decodes nothing

    there = set(av.codecs_available)
    absent = [name for name in DECODERS if name not in there]
    library = f"FFmpeg {av.ffmpeg_version_info}: {', '.join(n for n in DECODERS if n in there)}"
    if absent:
        return [
            Check(
                "decoders", "note", library, f"no {', '.join(absent)}: install av from its wheels"
            )
        ]
    return [Check("decoders", "ok", library)]


def _device() -> list[Check]:
    import torch  # slow to import

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    capability = torch.backends.cpu.get_cpu_capability()
    cpu = f"{cores} cores, {torch.get_num_threads()} torch threads, {capability}"
    checks = [Check("cpu", "ok", cpu)]
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        bf16 = "bf16" if torch.cuda.is_bf16_supported() else "no bf16"
        checks.append(Check("gpu", "ok", f"{name}, CUDA {torch.version.cuda}, {bf16}"))
    else:
        checks.append(Check("gpu", "note", "none; everything runs on the CPU"))
    checks.append(Check("precision", "ok", ", ".join(_precisions())))
    return checks


def _precisions() -> list[str]:
    """What `--precision` may be here."""
    import torch  # slow to import

    from avel.extractors.extractor import PRECISIONS, check_precision

    able = []
    for precision in PRECISIONS:
        try:
            check_precision(precision, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
            able.append(precision)
        except ValueError:
            continue
    return able


def _mamba() -> Check:
    from avel.models.dmsf.mamba import KERNEL_TOLERANCE, fused_scan, kernel_difference  # slow

    if fused_scan() is None:
        return Check(
            "mamba kernel",
            "note",
            "selective_scan_cuda is not there; plain torch is used",
            "on a GPU: MAMBA_KEEP_CUDA_BUILD=TRUE pip install avel[mamba] --no-build-isolation",
        )
    off = kernel_difference()
    found = f"selective_scan_cuda, largest difference from plain torch {off:.1e}"
    if off > KERNEL_TOLERANCE:
        remedy = "reinstall mamba-ssm for this torch, or uninstall it; plain torch is right"
        return Check("mamba kernel", "missing", found, remedy)
    return Check("mamba kernel", "ok", found)


def _weights() -> list[Check]:
    from avel.extractors import EXTRACTORS
    from avel.extractors.weights.files import WeightsError
    from avel.models.card import CheckpointError
    from avel.pipeline.method.model import DEFAULT_MODEL, TrainedModel

    checks = []
    for name, extractor in EXTRACTORS.items():
        try:
            weights = extractor.find(())
            places = ", ".join(sorted({file.found_in for file in weights.files}))
            found = f"{weights.source} ({places}, sha256 {weights.sha256[:12]})"
            checks.append(Check(name, "ok", found))
        except WeightsError as err:
            state = "missing" if name == "audioclip-tiny" else "note"
            checks.append(Check(name, state, "no weights", str(err)))
    try:
        card = TrainedModel(DEFAULT_MODEL).card
        checks.append(Check("localizer", "ok", f"{DEFAULT_MODEL} ({card.knows})"))
    except CheckpointError as err:
        checks.append(Check("localizer", "missing", "no shipped model", str(err)))
    return checks


def _cache(flag: Path | None) -> Check:
    from avel.pipeline.work.runtime import cache_root

    root, said_by = cache_root(flag)
    nearest = next(path for path in (root, *root.absolute().parents) if path.exists())
    if not os.access(nearest, os.W_OK):
        remedy = "give a writable folder with --cache-dir or AVEL_CACHE_DIR"
        return Check("cache", "missing", f"{root} ({said_by}) is not writable", remedy)
    status = os.statvfs(nearest)
    free = status.f_bavail * status.f_frsize / 1e9
    return Check("cache", "ok", f"{root} ({said_by}), {free:.0f} GB free")
