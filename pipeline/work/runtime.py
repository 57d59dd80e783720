"""Settings that cannot change numbers, and where the cache is.

What changes numbers lives in each stage's own config and so in its fingerprint.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path

from avel.pipeline.reasons import EnvironmentProblem, InputError


def default_workers() -> int:
    """Number of processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cache_root(flag: Path | None = None) -> tuple[Path, str]:
    """Cache folder and where that was said: flag, `AVEL_CACHE_DIR`, then the user's folder.

    Raises:
        EnvironmentProblem: nobody said, and the user has no home folder.
    """
    if flag is not None:
        return flag, "--cache-dir"
    if os.environ.get("AVEL_CACHE_DIR"):
        return Path(os.environ["AVEL_CACHE_DIR"]), "AVEL_CACHE_DIR"
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"]) / "avel", "XDG_CACHE_HOME"
    try:
        return Path.home() / ".cache" / "avel", "default"
    except RuntimeError as err:
        raise EnvironmentProblem(
            "this user has no home folder to keep the cache in; give --cache-dir, or set "
            "AVEL_CACHE_DIR to a folder"
        ) from err


@dataclass(frozen=True)
class RuntimeConfig:
    """How work is done, not what comes out. Never part of a fingerprint."""

    cache_dir: Path = field(default_factory=lambda: cache_root()[0])
    device: str = "auto"
    devices: int = 1
    """Processes that train together, each on a device of its own (or on the CPU)."""
    loaders: int = 0
    """Processes that read training batches ahead; 0: the training process itself."""
    workers: int = field(default_factory=default_workers)
    """Processes that decode ahead."""
    batch_cells: int = 32
    """Cells of any videos that go through the encoder together."""
    window_cells: int = 64
    """Cells held at once of one video; longer videos are encoded window by window."""
    timeout_seconds: float = 600.0
    """Wall time for decoding, for each ten minutes of a video."""
    codecs: tuple[str, ...] = ()
    """Decoders, by FFmpeg's names, that are allowed beside those that `avel doctor` lists."""
    keep_segments: bool = True
    """Whether decoded videos of at most one window are cached too (2.4 MB per ten seconds)."""

    def __post_init__(self) -> None:
        for name in ("devices", "workers", "batch_cells", "window_cells", "timeout_seconds"):
            if getattr(self, name) <= 0:
                raise InputError(f"{name} ({getattr(self, name)}) must be greater than 0")
        for name in self.codecs:
            if not name.replace("-", "_").replace(".", "_").isidentifier():
                raise InputError(f"codecs ({name!r}) must be names of decoders, such as magicyuv")
        if self.loaders < 0:
            raise InputError(f"loaders ({self.loaders}) must not be negative")


def resolve_device(device: str) -> str:
    """`auto` to the GPU where there is one, else the CPU; a named device must exist.

    From then on this process computes in float32 what it is told to: cuDNN's convolutions and LSTMs
    on a GPU round it to TF32's 10 bits where nobody says otherwise, and a CPU does not.

    Raises:
        EnvironmentProblem: the device is not there.
    """
    import torch  # slow to import

    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.zeros(1, device=device).item()  # `meta` takes it and holds nothing
    except (RuntimeError, AssertionError) as err:
        raise EnvironmentProblem(
            f"device '{device}' cannot be used ({str(err).splitlines()[0]}); "
            "use --device cpu, or see `avel doctor`"
        ) from err
    return device


def visible_gpus(device: str) -> list[str]:
    """Names of the GPUs that a run may use, as `CUDA_VISIBLE_DEVICES` has them; none on the CPU."""
    if device == "cpu":
        return []
    import torch  # slow to import

    if not torch.cuda.is_available():
        return []
    said = os.environ.get("CUDA_VISIBLE_DEVICES")
    count = torch.cuda.device_count()
    return said.split(",")[:count] if said else [str(n) for n in range(count)]
