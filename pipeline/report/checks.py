"""What is installed, found and usable on this machine, and what to do where it is not."""

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from avel.extractors import EXTRACTORS, Declaration, ExtractorError
from avel.extractors.weights.files import MissingWeights, WeightsError
from avel.extractors.weights.registry import described
from avel.models.card import CheckpointError
from avel.pipeline.method.everyday import GROUP, Everyday
from avel.pipeline.method.model import DEFAULT_MODEL, TrainedModel
from avel.pipeline.work.runtime import cache_root

PACKAGES = (
    "avel",
    "torch",
    "torchvision",
    "torchaudio",
    "av",
    "h5py",
    "joblib",
    "jinja2",
    "pooch",
    "open_clip_torch",
    "lightning",
    "numpy",
)


@dataclass(frozen=True)
class Check:
    """One line: `ok`, `missing` (something does not work) or `note` (an option is not there)."""

    name: str
    state: str
    found: str
    remedy: str = ""


def check_all(cache_dir: Path | None) -> Iterator[Check]:
    """Every check, in the order in which a user needs them."""
    yield Check("python", "ok", f"{platform.python_version()} ({sys.executable})")
    yield from map(check_package, PACKAGES)
    yield from check_decoders()
    yield from check_device()
    yield check_mamba()
    yield from map(check_extractor, EXTRACTORS.values())
    yield check_everyday()
    yield check_localizer()
    yield check_cache(cache_dir)


def check_package(package: str) -> Check:
    """Whether a package that avel needs is installed."""
    try:
        return Check(package, "ok", version(package))
    except PackageNotFoundError:
        return Check(package, "missing", "not installed", f"pip install {package}")


def check_decoders() -> Iterator[Check]:
    """FFmpeg, whether it is old, and which decoders files may use."""
    from avel.pipeline.media import codecs  # slow: loads libav

    wanted = codecs.older_than()
    yield Check("ffmpeg", "note" if wanted else "ok", *_ffmpeg(codecs.library(), wanted))
    found = "; ".join(
        f"{kind}: {' '.join(name for name, there in codecs.decoders(names).items() if there)}"
        for kind, names in (("pictures", sorted(codecs.VIDEO)), ("sound", sorted(codecs.AUDIO)))
    )
    absent = [name for name, there in codecs.decoders().items() if not there]
    if absent:
        remedy = f"no {', '.join(absent)}: install av from its wheels"
        yield Check("decoders", "note", found, remedy)
    else:
        yield Check("decoders", "ok", found, "files may use another with --codec NAME")


def _ffmpeg(library: str, wanted: str | None) -> tuple[str, str]:
    """What is found, and the remedy where a newer release with fixes of security is known."""
    if wanted is None:
        return library, ""
    return (
        f"{library}, older than {wanted}, which mends faults that a hostile file can use",
        "pip install --upgrade av (a distribution's own may be mended under its old number)",
    )


def check_device() -> Iterator[Check]:
    """The CPU, the GPU where there is one, and the precisions of both."""
    import torch  # slow to import

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    capability = torch.backends.cpu.get_cpu_capability()
    cpu = f"{cores} cores, {torch.get_num_threads()} torch threads, {capability}"
    yield Check("cpu", "ok", cpu)
    if torch.cuda.is_available():
        name = torch.cuda.get_device_name()
        bf16 = "bf16" if torch.cuda.is_bf16_supported() else "no bf16"
        yield Check("gpu", "ok", f"{name}, CUDA {torch.version.cuda}, {bf16}")
    else:
        yield Check("gpu", "note", "none; everything runs on the CPU")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    yield Check("precision", "ok", ", ".join(able_precisions(device)))


def able_precisions(device: str) -> Iterator[str]:
    """What `--precision` may be on a device."""
    import torch  # slow to import

    from avel.extractors.extractor import PRECISIONS, check_precision

    for precision in PRECISIONS:
        with suppress(ExtractorError):
            check_precision(precision, torch.device(device))
            yield precision


def check_mamba() -> Check:
    """Whether mamba_ssm's kernel is there, and whether it computes what ours does."""
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


def check_extractor(declared: Declaration) -> Check:
    """Whether an extractor's weights are found; only the shipped one's must be."""
    try:
        weights = declared.find(())
    except WeightsError as err:
        state = "missing" if declared.name == "audioclip-tiny" else "note"
        return Check(declared.name, state, "no weights", str(err))
    places = ", ".join(sorted({file.found_in for file in weights.files}))
    return Check(declared.name, "ok", f"{weights.source} ({places}, sha256 {weights.sha256[:12]})")


def check_everyday() -> Check:
    """Whether the model of real video has all that it needs, and what it knows."""
    try:
        knows = Everyday().identity["knows"]
    except WeightsError as err:
        remedy = f"avel weights fetch {GROUP}  ({described(GROUP)})"
        wanted = isinstance(err, MissingWeights)
        return Check(
            "everyday", "note", "no weights for real video", remedy if wanted else str(err)
        )
    return Check("everyday", "ok", knows)


def check_localizer(model: Path = DEFAULT_MODEL) -> Check:
    """Whether the shipped model is there and whole."""
    try:
        knows = TrainedModel(model).card.knows
    except CheckpointError as err:
        return Check("localizer", "missing", "no shipped model", str(err))
    return Check("localizer", "ok", f"{model} ({knows})")


def check_cache(flag: Path | None) -> Check:
    """Whether the cache folder can be written, and the room there is in GB."""
    root, said_by = cache_root(flag)
    nearest = next(path for path in (root, *root.absolute().parents) if path.exists())
    if not os.access(nearest, os.W_OK):
        remedy = "give a writable folder with --cache-dir or AVEL_CACHE_DIR"
        return Check("cache", "missing", f"{root} ({said_by}) is not writable", remedy)
    status = os.statvfs(nearest)
    free = status.f_bavail * status.f_frsize / 1e9
    return Check("cache", "ok", f"{root} ({said_by}), {free:.0f} GB free")
